"""`mretrieve classify`: the class of a clip by its nearest labelled neighbours."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.printable import printable

from .options import ASF, INDEX, RIG_MAP, WHERE, complete_clip, flush_columns, safe_cell

if TYPE_CHECKING:
    from mretrieve.search.classification import Classified


@click.command()
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...", shell_complete=complete_clip)
@click.option(
    "-n",
    "neighbours",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of neighbours of which most decide.",
)
@WHERE
@INDEX
@ASF
@RIG_MAP
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "jsonl", "csv"]))
def classify(
    queries: tuple[str, ...],
    neighbours: int,
    where: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    output: str,
) -> None:
    """Print the class of each QUERY: the label of the indexed clips that move most like it.

    Nothing is trained: to teach a class, index clips that have its label. QUERY is what `mretrieve query` takes; an
    indexed clip is not compared with itself.
    """
    from mretrieve import open_index

    opened = open_index(index)
    found = [
        opened.classify(query, neighbours, where=where, asf=asf, rig_map=rig_map, exclude_self=True)
        for query in queries
    ]
    click.echo(_PRINTERS[output](queries, found), nl=False)


def _table(queries: tuple[str, ...], found: list[Classified]) -> str:
    rows = [["label", "share", "query"]]
    rows += [
        [printable(each.label), f"{each.share:.2f}", printable(query)]
        for query, each in zip(queries, found, strict=True)
    ]
    return "\n".join(flush_columns(rows, right=[1])) + "\n"


def _jsonl(queries: tuple[str, ...], found: list[Classified]) -> str:
    return "".join(
        json.dumps({"query": query, "label": each.label, "share": each.share}, ensure_ascii=False) + "\n"
        for query, each in zip(queries, found, strict=True)
    )


def _csv(queries: tuple[str, ...], found: list[Classified]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["query", "label", "share"])
    for query, each in zip(queries, found, strict=True):
        writer.writerow([safe_cell(query), safe_cell(each.label), each.share])
    return text.getvalue()


_PRINTERS = {"table": _table, "jsonl": _jsonl, "csv": _csv}
