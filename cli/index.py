"""`mretrieve index`, `info`, `verify`, `remove`: make an index, look at it, look after it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .cold_start import quick_start
from .interruption import stop_signals
from .options import encoder_weights as weights_option

if TYPE_CHECKING:
    from mretrieve.indexer import IndexDescription, IngestProgress
    from mretrieve.indexer.report import ProgressListener
    from mretrieve.storage import WindowSettings

_PATH = click.Path(path_type=Path)
_WHICH_INDEX = click.option(
    "--index", type=_PATH, help="The index; else $MRETRIEVE_INDEX, else .mretrieve here or in a parent folder."
)

_STOPPING = "Stopping: what is read is kept. Once more to stop at once."
#: Where nobody watches, a line of progress this often.
_LINE_EVERY_S = 3.0


@click.command()
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--index", type=_PATH, help="Where the index is made; else $MRETRIEVE_INDEX, else ./.mretrieve.")
@click.option(
    "--labels",
    multiple=True,
    type=_PATH,
    metavar="FILE.csv",
    help="Labels: a CSV with a `path` column and any others. May be given several times.",
)
@click.option(
    "--encoder",
    multiple=True,
    metavar="A,B",
    help="How motion is compared: names, or files of `mretrieve train`; of several, each fills a space of the index, "
    "and queries ask them together. Else as the index has it, at first pose-statistics.",
)
@weights_option("Weight of each encoder in a query: 0.7,0.3. [default: equal]")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes; else one for each core.")
@click.option("--asf", type=_PATH, help="The skeleton of all AMC files; else it is looked for beside each.")
@click.option("--rig-map", type=_PATH, help="Which joint is which, as `mretrieve rig --save` wrote.")
@click.option(
    "--smooth/--no-smooth", default=None, help="Smooth queries over the library; for large ones. [default: no]"
)
@click.option("--rebuild", is_flag=True, help="Read every file again and replace the index when done.")
def index(
    folder: Path,
    index: Path | None,
    labels: tuple[Path, ...],
    encoder: tuple[str, ...],
    encoder_weights: list[float] | None,
    jobs: int | None,
    asf: Path | None,
    rig_map: Path | None,
    smooth: bool | None,
    rebuild: bool,
) -> None:
    """Index the motion files in DIR, or bring its index up to date.

    Only new and changed files are read, and what was removed is dropped. A file that cannot be read is reported and
    stops nothing. Ctrl-C keeps what is read; the same command goes on from there.
    """
    with quick_start():
        from mretrieve.indexer import build_index, summary_lines

    with stop_signals(_STOPPING) as stop, _progress() as progress:
        report = build_index(
            folder,
            index,
            labels=labels,
            encoder=encoder or None,
            weights=encoder_weights,
            jobs=jobs,
            asf=asf,
            rig_map=rig_map,
            smooth=smooth,
            rebuild=rebuild,
            progress=progress,
            stopped=lambda: bool(stop),
        )
    for line in summary_lines(report):
        click.echo(line)
    if stop and report.interrupted:
        sys.exit(128 + stop[0])
    if not report.contents.clips:
        sys.exit(1)


@click.command()
@_WHICH_INDEX
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def info(index: Path | None, output: str) -> None:
    """Tell what an index holds."""
    from mretrieve.indexer import describe_index
    from mretrieve.storage import find_index

    described = describe_index(find_index(index))
    if output == "json":
        click.echo(json.dumps(asdict(described), indent=2, ensure_ascii=False))
    else:
        click.echo(_described(described))


@click.command()
@_WHICH_INDEX
def verify(index: Path | None) -> None:
    """Check every file of an index; exit status 1 where something is wrong."""
    from mretrieve.storage import find_index
    from mretrieve.storage import verify as problems_of

    place = find_index(index)
    problems = problems_of(place)
    for problem in problems:
        click.echo(f"{problem.path}: {problem.what}{' (harmless)' if problem.harmless else ''}")
    if wrong := sum(not problem.harmless for problem in problems):
        click.echo(f"{place}: {wrong} wrong; `mretrieve index DIR --rebuild` makes it anew.")
        sys.exit(1)
    click.echo(f"{place}: all is as it was written.")


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@_WHICH_INDEX
def remove(clips: tuple[str, ...], index: Path | None) -> None:
    """Take clips out of an index; the files stay where they are.

    CLIP is a clip's name as `mretrieve query` prints it. `mretrieve index` leaves a removed file out until it changes.
    """
    from mretrieve.indexer import remove_clips
    from mretrieve.storage import find_index

    place = find_index(index)
    version = remove_clips(place, clips)
    click.echo(f"{len(set(clips))} clip{'s' * (len(set(clips)) > 1)} removed; {place} is at version {version}.")


@contextmanager
def _progress() -> Iterator[ProgressListener]:
    """A bar on a terminal, a line every few seconds elsewhere; both on standard error."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Scanning", total=None)
        yield lambda told: bar.update(
            task, description=f"{told.clips} clips", completed=told.files_done, total=told.files_total
        )


def _lines() -> ProgressListener:
    last = time.monotonic()

    def tell(told: IngestProgress) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            click.echo(
                f"{told.files_done} of {told.files_total} files, {told.clips} clips, {told.motion_s / 60:.1f} minutes, "
                f"{told.refused} refused",
                err=True,
            )

    return tell


def _described(index: IndexDescription) -> str:
    held = index.contents
    rows = [
        ("index", f"{index.index}, {index.size_bytes / 1e6:.1f} MB"),
        ("of", index.repository),
        ("version", f"{index.version} (kept: {', '.join(map(str, index.versions))})"),
        ("clips", f"{held.clips} of {held.files} files, {held.duration_s / 3600:.2f} hours"),
        ("windows", f"{index.window_count}, {_windows(index.windows)}"),
        (
            "encoder" if len(index.encoders) == 1 else "encoders",
            ", ".join(
                f"{one.name} ({one.dimension} numbers, {one.fingerprint[:12]}"
                + (f", weight {one.weight:.3g})" if len(index.encoders) > 1 else ")")
                for one in index.encoders
            ),
        ),
        ("rates", _counts({f"{fps} fps": count for fps, count in held.rates_fps.items()})),
        ("units", _counts(held.units)),
        ("rigs", _counts(held.rigs)),
        *((f"{name}", _counts(labels)) for name, labels in held.labels.items()),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.ljust(width)}  {text}" for name, text in rows)


def _windows(settings: WindowSettings) -> str:
    lengths = ", ".join(f"{length:g}" for length in settings.lengths_s)
    hops = ", ".join(f"{length * settings.hop_share:g}" for length in settings.lengths_s)
    return f"{lengths} s long, {hops} s apart"


def _counts(counts: dict[str, int], shown: int = 12) -> str:
    named = [f"{name} ({count})" for name, count in list(counts.items())[:shown]]
    more = [f"and {len(counts) - shown} more"] if len(counts) > shown else []
    return ", ".join([*named, *more]) or "none"
