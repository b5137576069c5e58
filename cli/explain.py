"""`mretrieve explain`: why a moment matches a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.json_text import as_json

from .options import (
    END,
    FORCE,
    PATH,
    START,
    check_new,
    complete_clip,
    html,
    note_lifted,
    reading_options,
    write_page,
)

if TYPE_CHECKING:
    from mretrieve.motion.body_parts import Flip


@click.command()
@click.argument("query", shell_complete=complete_clip)
@click.argument("moment", shell_complete=complete_clip)
@START
@END
@click.option(
    "--mirror",
    default="none",
    show_default=True,
    type=click.Choice(["none", "whole", "arms", "legs"]),
    help="Compare the query with left and right exchanged: of the whole body, the arms or the legs.",
)
@reading_options
@click.option(
    "--encoder",
    multiple=True,
    metavar="NAME|FILE",
    help="Show what this encoder attends to; may be repeated. [default: those of the index that have attention]",
)
@click.option("--png", type=PATH, metavar="FILE.png", help="Draw both bodies at key frames above the errors.")
@html("Write a page for the browser in which both bodies move side by side.")
@FORCE
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def explain(
    query: str,
    moment: str,
    start_s: float | None,
    end_s: float | None,
    mirror: Flip,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
    encoder: tuple[str, ...],
    png: Path | None,
    page: Path | None,
    force: bool,
    output: str,
) -> None:
    """Explain why MOMENT matches QUERY: the distance of each body part, when it is large and when it is small.

    QUERY and MOMENT are motion files, indexed clips, or moments of them as `mretrieve query` prints them, such as
    walk.bvh@3.20-5.43; answer.json#3 is the third hit of a saved answer. In a clip much longer than QUERY the
    best-matching moment is explained.
    """
    from mretrieve.comparison.by_name import explain_moment
    from mretrieve.formats import ReadingOptions
    from mretrieve.sources.resolve import ClipResolver

    from .comparison_text import explanation_text

    for file in (png, page):
        if file is not None:
            check_new(file, force)
    resolver, reading = ClipResolver(index), ReadingOptions(asf, rig_map, fps)
    found = resolver.resolve(query, reading, start_s=start_s, end_s=end_s)
    explanation = explain_moment(
        resolver, found, moment, parts=parts, mirror=mirror, encoders=encoder or None, reading=reading
    )
    if png is not None:
        from mretrieve.comparison.pictures import draw_explanation

        draw_explanation(png, explanation)
        click.echo(f"Wrote {png}", err=True)
    if page is not None:
        from mretrieve.comparison.playback import Playback

        write_page(page, Playback.of_explanation(explanation))
    note_lifted(explanation.query, explanation.other)
    click.echo(as_json(explanation.to_dict()) if output == "json" else explanation_text(explanation), nl=False)
