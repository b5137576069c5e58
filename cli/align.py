"""`mretrieve align`: which frame of one clip answers to which of another."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PATH, as_json, reading_options, write_text


@click.command()
@click.argument("a", metavar="A[@START-END]")
@click.argument("b", metavar="B[@START-END]")
@click.option("--find", is_flag=True, help="A lies somewhere in B; else first frames go together, and last ones.")
@reading_options
@click.option("--format", "output", default="csv", show_default=True, type=click.Choice(["csv", "json"]))
@click.option("--out", type=PATH, metavar="FILE", help="Write there instead of printing.")
def align(
    a: str,
    b: str,
    find: bool,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    output: str,
    out: Path | None,
) -> None:
    """Tell which frame of A answers to which of B.

    A and B are motion files or indexed clips, or moments of them: CLIP@3.20-5.43 is what lies between two seconds. A
    row is a step of the alignment: frames at 30 a second, seconds and frames of both files (counted from 0), and how
    many millimetres the joints are apart.
    """
    from mretrieve.alignment.alignment import align
    from mretrieve.comparison import NamedClips
    from mretrieve.comparison.correspondence import Correspondence
    from mretrieve.comparison.finding import moment_like
    from mretrieve.motion.body_parts import PartWeights

    weights = PartWeights.of(parts) if parts else None
    names = NamedClips(index)
    first, second = (names.read(name, asf=asf, rig_map=rig_map) for name in (a, b))
    if find:
        second = moment_like(first, second, weights)
    found = Correspondence(first, second, align(first.clip, second.clip, weights))
    text = found.to_csv() if output == "csv" else as_json(found.to_json())
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
