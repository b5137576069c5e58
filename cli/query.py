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
    from mretrieve.search import Answer, Hit
    from mretrieve.search.options import Mirror, Scope

#: As mretrieve.motion.PARTS has them; their module loads NumPy.
_PARTS = ("torso", "left_arm", "right_arm", "left_leg", "right_leg")


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
@click.option(
    "--moments", "scope", flag_value="moments", help="Of every clip the stretch that fits, however long the clip is."
)
@click.option("--whole", "scope", flag_value="whole", help="Compare clips as a whole, however long they are.")
@click.option(
    "--mirror",
    is_flag=False,
    flag_value="both",
    default="none",
    show_default=True,
    type=click.Choice(["none", "whole", "both", "arms", "legs", "any"]),
    help="Which images of FILE are searched: its mirror image alone (whole), FILE and its mirror image (both), FILE "
    "and itself with left and right arms or legs exchanged (arms, legs), or all of these (any).",
)
@click.option(
    "--parts",
    metavar="P=W,...",
    help="How much each part of the body counts: arms=1,legs=0. Parts: torso, left_arm, right_arm, left_leg, "
    "right_leg, arms, legs, upper, lower, left, right, body.",
)
@click.option(
    "--mapper",
    type=click.Path(path_type=Path),
    help="A file of `mretrieve train submotion`, which names the takes that FILE may be a piece of.",
)
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
    scope: Scope | None,
    mirror: Mirror,
    parts: str | None,
    mapper: Path | None,
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
        from mretrieve.motion.body_parts import PartWeights
        from mretrieve.search import QueryOptions, open_index

        options = QueryOptions(
            k=k,
            start_s=start,
            end_s=end,
            rerank=rerank,
            where=where,
            exclude_self=exclude_self,
            all_moments=all_moments,
            mirror=mirror,
            asf=asf,
            rig_map=rig_map,
            encoder=encoder or None,
            weights=numbers,
            scope=scope or "auto",
            mapper=mapper,
            parts=PartWeights.parse(parts) if parts else PartWeights(),
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
    columns = ["query", "rank", "clip", "start_s", "end_s", "score", "distance", "label", "mirror", "speed"]
    columns += [*_PARTS, "query_start_s", "query_end_s"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    if first:
        writer.writeheader()
    for result in answer.to_json()["results"]:
        parts = result.pop("parts")
        writer.writerow({"query": answer.path, **result, **parts})
    return text.getvalue()


def _table(answer: Answer, first: bool) -> str:
    rows = [("#", "score", "from", "to", "apart", "speed", "differs most", "label", "clip")]
    for hit in answer.hits:
        span = f"{hit.start_s:.2f} s", f"{hit.end_s:.2f} s"
        sizes = f"{hit.distance_mm:.0f} mm", f"{hit.speed:.2f}"
        clip = hit.clip + _remarks(hit, answer)
        rows.append((f"{hit.rank}", f"{hit.score:.3f}", *span, *sizes, _worst_part(hit), hit.label or "", clip))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numbers = 6  # so many columns hold numbers and are set flush right
    lines = [f"{answer.path}, {answer.start_s:.2f} s to {answer.end_s:.2f} s"]
    for row in rows:
        right = [cell.rjust(width) for cell, width in zip(row[:numbers], widths[:numbers], strict=True)]
        left = [cell.ljust(width) for cell, width in zip(row[numbers:], widths[numbers:], strict=True)]
        lines.append("  ".join(right + left).rstrip())
    took = answer.took_ms
    milliseconds = took.read + took.encode + took.search + took.rerank
    lines.append(f"{len(answer.hits)} moments from {answer.index_path} in {milliseconds:.0f} ms")
    return ("" if first else "\n") + "\n".join(lines) + "\n"


def _worst_part(hit: Hit) -> str:
    """The body part that differs most, where one differs more than the others."""
    if not hit.parts:
        return ""
    part, score = min(hit.parts.items(), key=lambda item: item[1])
    return "" if score > max(hit.parts.values()) - 0.05 else f"{part.replace('_', ' ')} {score:.2f}"


def _remarks(hit: Hit, answer: Answer) -> str:
    """Which image of the query matched, and which part of a long one."""
    from mretrieve.motion.flips import REMARKS

    whole = (hit.query_start_s, hit.query_end_s) == (answer.start_s, answer.end_s)
    part = "" if whole else f" (answers {hit.query_start_s:.2f} s to {hit.query_end_s:.2f} s)"
    return REMARKS[hit.mirror] + part


_PRINTERS: dict[str, Callable[[Answer, bool], str]] = {"table": _table, "json": _json, "jsonl": _jsonl, "csv": _csv}
