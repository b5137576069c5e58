"""`mretrieve query`: ranked moments for one clip or several."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .cold_start import quick_start
from .encoder_options import given_weights

if TYPE_CHECKING:
    from mretrieve.search import Answer


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-k", default=10, show_default=True, type=click.IntRange(min=1), help="How many moments to print.")
@click.option(
    "--index",
    type=click.Path(path_type=Path),
    help="The index; else $MRETRIEVE_INDEX, else .mretrieve here or in a parent folder.",
)
@click.option("--start", type=float, metavar="S", help="Compare from this second of FILE on.")
@click.option("--end", type=float, metavar="S", help="Compare up to this second of FILE.")
@click.option(
    "--rerank",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    metavar="N",
    help="Align the best N candidates frame by frame (DTW); 0 switches it off.",
)
@click.option("--where", metavar="EXPR", help="Only clips that meet it: \"label = 'walk' AND duration_s > 2\".")
@click.option("--exclude-self", is_flag=True, help="Leave out the clip that FILE itself is.")
@click.option("--all-moments", is_flag=True, help="Several moments of one clip, not only its best.")
@click.option("--mirror", is_flag=True, help="Search for FILE's left-right mirror too.")
@click.option("--asf", type=click.Path(path_type=Path), help="The skeleton of an AMC file, where it is not beside it.")
@click.option(
    "--rig-map", type=click.Path(path_type=Path), help="Which joint is which, as `mretrieve rig --save` wrote."
)
@click.option(
    "--encoder",
    multiple=True,
    metavar="A,B",
    help="Which of the index's spaces answer, together where several: names, or weights files. [default: all]",
)
@click.option(
    "--weights", metavar="W,W", help="How much each of these encoders counts: 0.7,0.3. [default: as the index has it]"
)
@click.option(
    "--format",
    "output",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    help="How to print; json and jsonl are a stable contract.",
)
def query(
    files: tuple[str, ...],
    k: int,
    index: Path | None,
    start: float | None,
    end: float | None,
    rerank: int,
    where: str | None,
    exclude_self: bool,
    all_moments: bool,
    mirror: bool,
    asf: Path | None,
    rig_map: Path | None,
    encoder: tuple[str, ...],
    weights: str | None,
    output: str,
) -> None:
    """Print the moments that move most like FILE, best first.

    FILE is a motion file or the path of an indexed clip; with several, each gets its own answer.
    """
    if output == "json" and len(files) > 1:
        raise click.UsageError("--format json is one object for one FILE; for several use --format jsonl, a line each")
    shown, numbers = _PRINTERS[output], given_weights(weights)
    with quick_start():
        from mretrieve.search import QueryOptions, open_index

        options = QueryOptions(
            k, start, end, rerank, where, exclude_self, all_moments, mirror, asf, rig_map, encoder or None, numbers
        )
        opened = open_index(index)
        click.echo(shown(opened.answer(files[0], options), True), nl=False)
    for file in files[1:]:
        click.echo(shown(opened.answer(file, options), False), nl=False)


def _json(answer: Answer, first: bool) -> str:
    return json.dumps(answer.to_json(), indent=2, ensure_ascii=False) + "\n"


def _jsonl(answer: Answer, first: bool) -> str:
    return json.dumps(answer.to_json(), ensure_ascii=False) + "\n"


def _csv(answer: Answer, first: bool) -> str:
    text = io.StringIO()
    columns = ["query", "rank", "clip", "start_s", "end_s", "score", "distance", "label", "mirrored"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if first:
        writer.writeheader()
    writer.writerows({"query": answer.path, **result} for result in answer.to_json()["results"])
    return text.getvalue()


def _table(answer: Answer, first: bool) -> str:
    rows = [("#", "score", "from", "to", "apart", "label", "clip")]
    for hit in answer.hits:
        span = f"{hit.start_s:.2f} s", f"{hit.end_s:.2f} s"
        clip = hit.clip + (" (mirrored)" if hit.mirrored else "")
        rows.append((f"{hit.rank}", f"{hit.score:.3f}", *span, f"{hit.distance_mm:.0f} mm", hit.label or "", clip))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = 5  # so many columns hold numbers and are set flush right
    lines = [f"{answer.path}, {answer.start_s:.2f} s to {answer.end_s:.2f} s"]
    for row in rows:
        right = [cell.rjust(width) for cell, width in zip(row[:numbers], widths[:numbers], strict=True)]
        left = [cell.ljust(width) for cell, width in zip(row[numbers:], widths[numbers:], strict=True)]
        lines.append("  ".join(right + left).rstrip())
    took = answer.took_ms
    milliseconds = took.read + took.encode + took.search + took.rerank
    lines.append(f"{len(answer.hits)} moments from {answer.index_path} in {milliseconds:.0f} ms")
    return ("" if first else "\n") + "\n".join(lines) + "\n"


_PRINTERS: dict[str, Callable[[Answer, bool], str]] = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
