"""`mretrieve compare`: two takes of the same motion."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, as_json, reading_options, write_text


@click.command()
@click.argument("a", metavar="A[@START-END]")
@click.argument("b", metavar="B[@START-END]")
@reading_options
@click.option(
    "--html", type=PATH, metavar="FILE.html", help="Write a page with both bodies, to be opened in a browser."
)
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def compare(
    a: str,
    b: str,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    html: Path | None,
    output: str,
) -> None:
    """Compare two takes of the same motion: how alike each part is over time, where they part, and what to change in A.

    A and B are motion files or indexed clips, or moments of them: CLIP@3.20-5.43 is what lies between two seconds.
    Their first frames go together, and their last.
    """
    from mretrieve.comparison import NamedClips
    from mretrieve.comparison.differences import compare
    from mretrieve.comparison.page import page
    from mretrieve.comparison.tables import comparison_text
    from mretrieve.motion.body_parts import PartWeights

    weights = PartWeights.of(parts) if parts else None
    names = NamedClips(index)
    first, second = (names.read(name, asf=asf, rig_map=rig_map) for name in (a, b))
    comparison = compare(first, second, weights)
    if html is not None:
        write_text(html, page(comparison))
    click.echo(as_json(comparison.to_json()) if output == "json" else comparison_text(comparison), nl=False)
