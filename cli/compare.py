"""`mretrieve compare`: two takes of the same motion."""

from __future__ import annotations

from pathlib import Path

import click

from .options import (
    FORCE,
    PATH,
    as_json,
    check_new,
    complete_clip,
    note_lifted,
    printable_lines,
    reading_options,
    write_text,
)


@click.command()
@click.argument("a", metavar="A", shell_complete=complete_clip)
@click.argument("b", metavar="B", shell_complete=complete_clip)
@reading_options
@click.option("--html", type=PATH, metavar="FILE.html", help="Write a page for the browser with both bodies.")
@FORCE
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def compare(
    a: str,
    b: str,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
    html: Path | None,
    force: bool,
    output: str,
) -> None:
    """Compare two takes of the same motion: scores of each part over time, where they differ, and how to change A.

    A and B are motion files, indexed clips, or moments of them such as walk.bvh@3.20-5.43. First and last frames of
    both are aligned.
    """
    from mretrieve.comparison.page import page
    from mretrieve.formats import ReadingOptions
    from mretrieve.index import compare_takes
    from mretrieve.sources.resolve import ClipResolver

    from .comparison_text import comparison_text

    if html is not None:
        check_new(html, force)
    comparison = compare_takes(ClipResolver(index), a, b, parts=parts, reading=ReadingOptions(asf, rig_map, fps))
    if html is not None:
        write_text(html, page(comparison))
    note_lifted(comparison.first, comparison.second)
    click.echo(
        as_json(comparison.to_dict()) if output == "json" else printable_lines(comparison_text(comparison)), nl=False
    )
