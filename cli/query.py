"""`mretrieve query`: ranked moments for one clip or several."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mretrieve.json_text import as_json
from mretrieve.printable import printable

from .colours import bars_of, in_colour, score_in_colour
from .options import (
    FORCE,
    INDEX,
    RAY,
    check_new,
    complete_clip,
    device,
    flush_columns,
    given_options,
    html,
    query_options,
    reported_as_partial,
    safe_cell,
    write_page,
)
from .progress import search_video

if TYPE_CHECKING:
    from mretrieve import Answer, Hit

#: Columns of CSV that only queries in two dimensions have, and the last ones of the table.
_CAMERA = ("camera_azimuth_deg", "camera_pitch_deg")
_NAMES = ("worst part", "label", "clip")


@click.command()
@click.argument("queries", nargs=-1, metavar="QUERY...", shell_complete=complete_clip)
@query_options
@INDEX
@device("Search the vectors on a GPU, or on all; cpu runs the same code there. [default: the CPU, without PyTorch]")
@html("Write a page for the browser in which the hits move next to the query.")
@FORCE
@RAY
@click.option(
    "--format",
    "output",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json", "jsonl", "csv"]),
    help="How to print; json and jsonl follow a stable schema.",
)
def query(
    queries: tuple[str, ...],
    index: Path | None,
    device: str | None,
    ray: str | None,
    page: Path | None,
    force: bool,
    output: str,
    **options: Any,
) -> None:
    """Print the moments that move most like QUERY, best first.

    QUERY is a motion file, the name of an indexed clip, or a moment of either, such as walk.bvh@3.20-5.43; - reads a
    motion file from standard input. With several, each gets its own answer.
    """
    if output == "json" and len(queries) > 1:
        raise click.UsageError("--format json prints one object for one QUERY; for several use --format jsonl")
    if not queries and options["where"] != "help":
        raise click.UsageError("Missing argument 'QUERY...'.")
    if page is not None:
        if len(queries) > 1:
            raise click.UsageError("--html writes a page for one QUERY; give one at a time")
        check_new(page, force)
    printer = _PRINTERS[output]
    from mretrieve.index import QUERIES_AT_ONCE, open_index
    from mretrieve.search.answering import OF_ONE_QUERY

    opened = open_index(index, device=device, ray=ray)
    if options["where"] == "help":
        click.echo(opened.where_help())
        return
    chosen = given_options(options)
    if chosen.encoder and chosen.parts:
        click.echo("--parts weighs the alignment only: candidates are found by the vectors of --encoder", err=True)
    answered, failed, partial = 0, 0, False

    def report(_query: Any, error: Exception) -> None:
        nonlocal failed
        if len(queries) == 1:
            raise error
        click.echo(f"Error: {printable(str(error))}", err=True)
        failed += 1

    for first in range(0, len(queries), QUERIES_AT_ONCE):
        found = []
        for name in queries[first : first + QUERIES_AT_ONCE]:
            try:
                search_video(name, chosen.pose_model)
                found.append(name)
            except OF_ONE_QUERY as error:
                report(name, error)
        for answer in opened.search_many(found, options=chosen, on_error=report):
            click.echo(printer(answer, answered == 0), nl=False)
            answered += 1
            if page is not None:
                write_page(page, opened.playback(answer, queries[0], options=chosen))
            partial |= reported_as_partial(answer)
            if not answer and chosen.where:
                click.echo(f"No clip meets --where {chosen.where!r}", err=True)
    if failed or partial:
        sys.exit(2 if failed else 3)


def _json(answer: Answer, first: bool) -> str:
    return as_json(answer.to_dict())


def _jsonl(answer: Answer, first: bool) -> str:
    return json.dumps(answer.to_dict(), ensure_ascii=False) + "\n"


def _csv(answer: Answer, first: bool) -> str:
    from mretrieve.motion import PARTS

    text = io.StringIO()
    columns = ["query", "rank", "clip", "file", "start_s", "end_s", "score", "distance_mm", "label", "mirror", "speed"]
    columns += [*PARTS, "query_start_s", "query_end_s", *(_CAMERA if _shows_cameras(answer) else ())]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if first:
        writer.writeheader()
    for result in answer.to_dict()["results"]:
        parts = result.pop("parts")
        writer.writerow({name: safe_cell(value) for name, value in {"query": answer.query, **result, **parts}.items()})
    return text.getvalue()


def _table(answer: Answer, first: bool) -> str:
    cameras = _shows_cameras(answer)
    bars = in_colour()
    extra = [name for name, is_shown in (("camera", cameras), ("parts", bars)) if is_shown]
    rows = [["#", "score", "from", "to", "distance", "speed", *extra, *_NAMES]]
    for hit in answer:
        span = f"{hit.start_s:.2f} s", f"{hit.end_s:.2f} s"
        sizes = f"{hit.distance_mm:.0f} mm", f"{hit.speed:.2f}"
        clip = printable(hit.clip) + _remarks(hit, answer)
        label = printable(hit.label or "")
        score = score_in_colour(hit.score, f"{hit.score:.3f}")
        more = [*([_camera(hit)] if cameras else []), *([bars_of(hit.parts.values())] if bars else [])]
        rows.append([f"{hit.rank}", score, *span, *sizes, *more, _worst_part(hit), label, clip])
    lines = [f"{printable(answer.query)}, {answer.start_s:.2f} s to {answer.end_s:.2f} s"]
    lines += flush_columns(rows, right=range(7 if cameras else 6))
    lines += [f"Note: {printable(note)}" for note in answer.notes]
    lines.append(f"{len(answer)} moments from {answer.index_path} in {answer.took_ms.total:.0f} ms")
    return ("" if first else "\n") + "\n".join(lines) + "\n"


def _shows_cameras(answer: Answer) -> bool:
    """Whether the query was in two dimensions."""
    return any(hit.camera_azimuth_deg is not None for hit in answer)


def _camera(hit: Hit) -> str:
    """Where the camera stood: about the vertical, and how far it looked down or up."""
    if hit.camera_azimuth_deg is None or hit.camera_pitch_deg is None:
        return ""
    looks = "down" if hit.camera_pitch_deg >= 0 else "up"
    return f"{hit.camera_azimuth_deg:.0f}°, {abs(hit.camera_pitch_deg):.0f}° {looks}"


def _worst_part(hit: Hit) -> str:
    """The body part that differs most, if it differs clearly more than the others."""
    if not hit.parts:
        return ""
    part, score = min(hit.parts.items(), key=lambda item: item[1])
    return "" if score > max(hit.parts.values()) - 0.05 else f"{part.replace('_', ' ')} {score:.2f}"


def _remarks(hit: Hit, answer: Answer) -> str:
    """Which variant of the query matched, and which part of a long one."""
    from mretrieve.motion.body_parts import REMARKS

    whole = (hit.query_start_s, hit.query_end_s) == (answer.start_s, answer.end_s)
    part = "" if whole else f" (matches {hit.query_start_s:.2f} s to {hit.query_end_s:.2f} s)"
    return REMARKS[hit.mirror] + part


_PRINTERS: dict[str, Callable[[Answer, bool], str]] = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
