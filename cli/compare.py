"""`mretrieve compare`: two takes of the same motion."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.json_text import as_json

from .options import (
    FORCE,
    check_new,
    complete_clip,
    html,
    note_lifted,
    reading_options,
    write_page,
)


@click.command()
@click.argument("a", metavar="A", shell_complete=complete_clip)
@click.argument("b", metavar="B", shell_complete=complete_clip)
@reading_options
@html("Write a page for the browser in which both bodies move side by side.")
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
    page: Path | None,
    force: bool,
    output: str,
) -> None:
    """Compare two takes of the same motion: scores of each part over time, where they differ, and how to change A.

    A and B are motion files, indexed clips, or moments of them such as walk.bvh@3.20-5.43. First and last frames of
    both are aligned.
    """
    from mretrieve.comparison.by_name import compare_takes
    from mretrieve.formats import ReadingOptions
    from mretrieve.sources.resolve import ClipResolver

    from .comparison_text import comparison_text

    if page is not None:
        check_new(page, force)
    comparison = compare_takes(ClipResolver(index), a, b, parts=parts, reading=ReadingOptions(asf, rig_map, fps))
    if page is not None:
        from mretrieve.comparison.playback import Playback

        write_page(page, Playback.of_comparison(comparison))
    note_lifted(comparison.first, comparison.second)
    click.echo(as_json(comparison.to_dict()) if output == "json" else comparison_text(comparison), nl=False)
