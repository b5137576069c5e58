"""`mretrieve classify`: the class of a clip by its nearest labelled neighbours."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.printable import printable
from mretrieve.search.options import QueryOptions

from .options import (
    ASF,
    FPS,
    INDEX,
    POSE_MODEL,
    RIG_MAP,
    WHERE,
    complete_clip,
    flush_columns,
    reported_as_partial,
    safe_cell,
)
from .progress import search_video

if TYPE_CHECKING:
    from mretrieve.search.classification import Classified

    _Found = Sequence[tuple[str, Classified]]


@click.command()
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...", shell_complete=complete_clip)
@click.option(
    "-n",
    "neighbours",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of neighbours that vote.",
)
@WHERE
@INDEX
@ASF
@RIG_MAP
@FPS
@POSE_MODEL
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "jsonl", "csv"]))
def classify(
    queries: tuple[str, ...],
    neighbours: int,
    where: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
    pose_model: Path | None,
    output: str,
) -> None:
    """Print the class of each QUERY: the label of the indexed clips that move most like it.

    Nothing is trained: to add a class, index clips that have its label. QUERY is as for `mretrieve query`; an indexed
    clip is not compared with itself.
    """
    from mretrieve import open_index
    from mretrieve.search.answering import OF_ONE_QUERY

    opened = open_index(index)
    options = QueryOptions(where=where, asf=asf, rig_map=rig_map, fps=fps, pose_model=pose_model, exclude_self=True)
    found: dict[str, Classified] = {}
    failed = partial = False
    for query in dict.fromkeys(queries):
        try:
            search_video(query, pose_model)
            found[query] = opened.classify(query, neighbours, options=options)
            partial |= reported_as_partial(found[query])
        except OF_ONE_QUERY as error:
            if len(queries) == 1:
                raise
            click.echo(f"Error: {printable(str(error))}", err=True)
            failed = True
    click.echo(_PRINTERS[output]([(query, found[query]) for query in queries if query in found]), nl=False)
    if failed or partial:
        sys.exit(2 if failed else 3)


def _table(found: _Found) -> str:
    rows = [["label", "share", "query"]]
    rows += [[printable(each.label), f"{each.share:.2f}", printable(query)] for query, each in found]
    return "\n".join(flush_columns(rows, right=[1])) + "\n"


def _jsonl(found: _Found) -> str:
    return "".join(
        json.dumps({"query": query, "label": each.label, "share": each.share}, ensure_ascii=False) + "\n"
        for query, each in found
    )


def _csv(found: _Found) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["query", "label", "share"])
    for query, each in found:
        writer.writerow([safe_cell(query), safe_cell(each.label), each.share])
    return text.getvalue()


_PRINTERS = {"table": _table, "jsonl": _jsonl, "csv": _csv}
