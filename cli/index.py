"""`mretrieve index`, `info`, `list`, `verify`, `repair`, `doctor`, `versions` and others that maintain an index."""

from __future__ import annotations

import csv
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import click

from mretrieve.errors import IndexStateError
from mretrieve.json_text import as_json
from mretrieve.printable import printable

from .options import (
    FORCE,
    FPS,
    INDEX,
    PATH,
    WHERE,
    Size,
    check_new,
    device,
    encoder_weights,
    flush_columns,
    safe_cell,
    write_text,
)
from .progress import graceful_stop, ingest_progress

_STOPPING = "Stopping; progress is saved. Press Ctrl-C again to quit immediately."


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=PATH)
@click.option(
    "--index", type=PATH, metavar="DIR", help="The index. [default: $MRETRIEVE_INDEX, else .mretrieve in this folder]"
)
@click.option(
    "--labels",
    multiple=True,
    type=PATH,
    metavar="FILE.csv",
    help="Labels: CSV, JSON or Parquet with a `path` column; of spans with start_s and end_s. Can be repeated.",
)
@click.option(
    "--label-pattern",
    metavar="PATTERN",
    help="Labels in the names of files and folders: '{label}_{style}_{take}', '{performer}/{label}_{take}'.",
)
@click.option(
    "--encoder",
    multiple=True,
    metavar="A,B",
    help="Encoders to index with: names, or weights files written by `mretrieve train`. Queries combine several. "
    "[default: those of the index; pose-statistics for a new one]",
)
@encoder_weights("Weight of each encoder in queries: 0.7,0.3. [default: equal weights]")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Number of processes. [default: one per core]")
@device("Run trained encoders on a GPU, or on all; cpu runs the same code there. [default: the CPU, clip by clip]")
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Read files and write shards on a Ray cluster: auto, HOST:PORT, or local for one on this machine.",
)
@click.option("--asf", type=PATH, metavar="FILE", help="Skeleton of AMC files that do not have it next to them.")
@click.option("--rig-map", type=PATH, metavar="FILE", help="Rig map saved by `mretrieve rig --save`.")
@FPS
@click.option(
    "--smooth/--no-smooth", default=None, help="Smooth queries over the library; for large libraries. [default: no]"
)
@click.option(
    "--recall",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Share of the 100 nearest windows that a search should find in a large library. [default: 1, exact search]",
)
@click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="Memory for each vector index: 500M, 6G; none for no limit. [default: none]",
)
@click.option(
    "--vector-index",
    metavar="KIND",
    help="Kind of vector index: flat, flat-codes, fast-scan, ivf-fast-scan, ivf-flat, hnsw, rabitq; or auto, by size, "
    "recall and memory. [default: auto]",
)
@click.option("--rebuild", is_flag=True, help="Read every file again, and replace the index when done.")
@click.option("--prune", is_flag=True, help="Remove the clips of folders that are not named, not there or empty.")
@click.option("--check", is_flag=True, help="Compare all files of the index, and the content of all motion files.")
@click.option("--strict", is_flag=True, help="Exit with status 1 if a file was refused.")
@click.option("--html", type=PATH, metavar="FILE.html", help="Write a page with pictures of each rig.")
@FORCE
def index(
    folders: tuple[Path, ...],
    index: Path | None,
    labels: tuple[Path, ...],
    label_pattern: str | None,
    encoder: tuple[str, ...],
    encoder_weights: list[float] | None,
    jobs: int | None,
    device: str | None,
    ray: str | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
    smooth: bool | None,
    recall: float | None,
    memory: int | None,
    vector_index: str | None,
    rebuild: bool,
    prune: bool,
    check: bool,
    strict: bool,
    html: Path | None,
    force: bool,
) -> None:
    """Index the motion files in DIR, or bring its index up to date.

    Only new and changed files are read; clips of deleted files are removed. A file that cannot be read is reported and
    skipped. Ctrl-C saves the progress; the same command continues from there.

    An index can have several folders. One that is not there, or empty, keeps its clips. If a folder was moved, name its
    new place.
    """
    from mretrieve.indexer import Outcome, RigSurvey, build_index, report_page, summary_lines

    if html is not None:
        check_new(html, force)
    survey = None if html is None else RigSurvey()
    with graceful_stop(_STOPPING) as stop, ingest_progress() as progress:
        report = build_index(
            folders,
            index,
            labels=labels,
            label_pattern=label_pattern,
            encoder=encoder or None,
            weights=encoder_weights,
            jobs=jobs,
            device=device,
            ray=ray,
            asf=asf,
            rig_map=rig_map,
            fps=fps,
            smooth=smooth,
            recall=recall,
            memory_bytes=memory,
            vector_index=vector_index,
            rebuild=rebuild,
            prune=prune,
            check=check,
            rigs=survey,
            progress=progress,
            stopped=lambda: bool(stop),
        )
    for line in summary_lines(report):
        click.echo(printable(line))
    if html is not None and survey is not None:
        write_text(html, report_page(report, survey))
    if stop and report.interrupted:
        sys.exit(128 + stop[0])
    if not report.contents.clips or (strict and report.of(Outcome.REFUSED)):
        sys.exit(1)


@click.command()
@INDEX
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def info(index: Path | None, output: str) -> None:
    """Describe the contents of an index."""
    from mretrieve.indexer import describe_index, description_rows
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.snapshot import Snapshot

    description = describe_index(Snapshot.open(find_index(index)))
    if output == "json":
        click.echo(as_json(asdict(description)), nl=False)
        return
    for line in flush_columns([(name, printable(text)) for name, text in description_rows(description)]):
        click.echo(line)


@click.command("list")
@INDEX
@WHERE
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json", "csv"]))
def list_clips(index: Path | None, where: str | None, output: str) -> None:
    """List the clips of an index with their durations and labels."""
    from mretrieve.indexer import describe_clips, find_clips
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.snapshot import Snapshot

    path = find_index(index)
    if where == "help":
        from mretrieve import open_index

        click.echo(open_index(path).where_help())
        return
    snapshot = Snapshot.open(path)
    clips = describe_clips(snapshot, find_clips(snapshot, where))
    if output == "json":
        click.echo(
            as_json({"schema": "mretrieve.list/1", "index": str(path), "clips": list(map(asdict, clips))}), nl=False
        )
        return
    labels = list(clips[0].labels) if clips else []
    header = ["duration_s", *labels, "clip"]
    rows = [[f"{clip.duration_s:.2f}", *(text or "" for text in clip.labels.values()), clip.clip] for clip in clips]
    if output == "csv":
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerows([safe_cell(cell) for cell in row] for row in [header, *rows])
        return
    for clip, row in zip(clips, rows, strict=True):
        row[-1] += " (lifted from 2D)" if clip.lifted else ""
    for line in flush_columns([header, *([printable(cell) for cell in row] for row in rows)], right=(0,)):
        click.echo(line)


@click.command()
@INDEX
def verify(index: Path | None) -> None:
    """Check every file of an index; exits with status 1 if one is damaged."""
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.verification import verify as find_problems

    path = find_index(index)
    problems = find_problems(path)
    for problem in problems:
        click.echo(printable(str(problem)))
    if count := sum(not problem.harmless for problem in problems):
        command = shlex.join(["mretrieve", "repair", "--index", str(path)])
        click.echo(f"{count} problem{'s' * (count > 1)} found; repair the index with `{command}`")
        sys.exit(1)
    click.echo("OK: all files intact.")


@click.command()
@INDEX
def repair(index: Path | None) -> None:
    """Make the damaged parts of an index again; exits with status 1 if something is lost.

    Clips are made again from what the index has of them, or from their motion files. Damaged versions that are merely
    kept are dropped.
    """
    from mretrieve.indexer import repair_index
    from mretrieve.storage.ownership import find_index

    path = find_index(index)
    done = repair_index(path)
    for clip, reason in done.lost.items():
        click.echo(f"Lost {printable(clip)}: {printable(reason)}")
    for remark in done.remarks:
        click.echo(printable(remark))
    for number in done.dropped:
        click.echo(f"Dropped version {number}, which was damaged.")
    read = f" ({len(done.read_again)} from their files)" if done.read_again else ""
    click.echo(
        f"{path}: version {done.version}. Shards made again: {len(done.shards)}, with "
        f"{done.kept + len(done.read_again)} clips{read}. Clips lost: {len(done.lost)}."
    )
    if done.lost:
        sys.exit(1)


@click.command("versions")
@INDEX
def list_versions(index: Path | None) -> None:
    """List the versions of an index that are kept, the newest last."""
    from mretrieve.storage.layout import versions
    from mretrieve.storage.manifest import read_manifest
    from mretrieve.storage.ownership import find_index

    path = find_index(index)
    rows = [["version", "made at", "clips", "shards", "written by"]]
    for number in versions(path):
        try:
            manifest = read_manifest(path, number)
        except IndexStateError:
            rows.append([str(number), "", "", "", "its manifest is damaged"])
            continue
        removed = sum(map(len, manifest.removed.values()))
        clips = sum(record.clip_count for record in manifest.shards) - removed
        rows.append([str(number), manifest.committed_at, str(clips), str(len(manifest.shards)), manifest.writer])
    for line in flush_columns([[printable(cell) for cell in row] for row in rows], right=(0, 2, 3)):
        click.echo(line)


@click.command()
@click.argument("version", type=click.IntRange(min=1))
@INDEX
def rollback(version: int, index: Path | None) -> None:
    """Go back to an older version of an index: a new version gets the content of VERSION.

    `mretrieve versions` lists those that are kept. Going back can itself be undone in this way.
    """
    from mretrieve.storage.commits import WriterLock, restore
    from mretrieve.storage.ownership import find_index

    path = find_index(index)
    with WriterLock(path):
        made = restore(path, version)
    click.echo(f"Wrote version {made} of {path}, with the content of version {version}.")


@click.command()
@INDEX
def doctor(index: Path | None) -> None:
    """Measure how well an index is searched, and advise what to change; exits with status 1 if anything should be.

    Searches through vector indexes are compared with exact ones, for 100 windows of the index. Shards are counted that
    are small or lost most of their clips. `mretrieve verify` looks for damage.
    """
    from mretrieve.indexer import check_up, windows_of
    from mretrieve.storage.ownership import find_index

    checkup = check_up(find_index(index))
    for check in checkup.searches:
        click.echo(
            f"{check.space}, {check.windows} {windows_of(check.length)}: {check.kind}, recall {check.recall_at_10:.3f} "
            f"of 10, {check.recall_at_100:.3f} of 100, {check.latency_ms:.2f} ms"
        )
    for line in checkup.advice:
        click.echo(line)
    if checkup.advice:
        sys.exit(1)
    click.echo("OK: nothing to change.")


@click.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@INDEX
def remove(clips: tuple[str, ...], index: Path | None) -> None:
    """Remove clips from an index; their files are not touched.

    CLIP is the name of an indexed clip, its motion file, or a hit of a saved answer (answer.json#3). `mretrieve index`
    leaves the file of a removed clip out until it changes.
    """
    from mretrieve.indexer import remove_clips
    from mretrieve.storage.ownership import find_index

    path = find_index(index)
    removal = remove_clips(path, clips)
    for clip in removal.clips:
        click.echo(f"Removed {printable(clip)}")
    click.echo(f"Wrote version {removal.version} of {path}.")


@click.command()
@INDEX
def compact(index: Path | None) -> None:
    """Merge the small shards of an index, and free the space of removed clips.

    Answers stay the same. `mretrieve index` merges small shards by itself; this merges all that are not full. The old
    files are removed by the first `mretrieve index` after an hour, so that programs that have them open can finish.
    """
    from mretrieve.indexer import compact_index
    from mretrieve.storage.ownership import find_index

    path = find_index(index)
    done = compact_index(path)
    if done.shards == done.shards_before and done.size_bytes == done.size_bytes_before:
        click.echo(f"{path}: nothing to merge.")
        return
    click.echo(
        f"Wrote version {done.version} of {path}: {done.shards_before} shards became {done.shards}, "
        f"{done.size_bytes_before / 1e6:.1f} MB became {done.size_bytes / 1e6:.1f} MB."
    )
