"""`mretrieve explain`: why a moment answers a clip."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mretrieve.errors import QueryError

from .options import PATH, as_json, reading_options

if TYPE_CHECKING:
    from mretrieve.motion.flips import Flip


@click.command()
@click.argument("file")
@click.argument("clip", metavar="CLIP[@START-END]")
@click.option("--start", type=float, metavar="S", help="Compare from this second of FILE on.")
@click.option("--end", type=float, metavar="S", help="Compare up to this second of FILE.")
@click.option(
    "--mirror",
    default="none",
    show_default=True,
    type=click.Choice(["none", "whole", "arms", "legs"]),
    help="Compare this image of FILE, with left and right exchanged.",
)
@reading_options
@click.option(
    "--encoder",
    multiple=True,
    metavar="NAME|FILE",
    help="Show what this encoder attends to. May be given several times. [default: those of the index that can tell]",
)
@click.option("--png", type=PATH, metavar="FILE.png", help="Draw both bodies at key frames over the errors.")
@click.option("--format", "output", default="table", show_default=True, type=click.Choice(["table", "json"]))
def explain(
    file: str,
    clip: str,
    start: float | None,
    end: float | None,
    mirror: Flip,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    encoder: tuple[str, ...],
    png: Path | None,
    output: str,
) -> None:
    """Tell why a moment answers FILE: how far apart each part of the body is, when, and where the two are alike.

    FILE and CLIP are motion files or indexed clips; CLIP@3.20-5.43 is the moment between two seconds of CLIP's file, as
    `mretrieve query` prints them. In a CLIP without a moment that is much longer than FILE, the place is found.
    """
    from mretrieve.comparison import NamedClips, explain
    from mretrieve.comparison.attention import encoder_named, encoders_of
    from mretrieve.comparison.tables import explanation_text
    from mretrieve.motion.body_parts import PartWeights

    weights = PartWeights.of(parts) if parts else None
    names = NamedClips(index)
    query = names.read(file, start_s=start, end_s=end, asf=asf, rig_map=rig_map).flipped(mirror)
    other = names.read(clip, asf=asf)
    encoders = [encoder_named(name, names) for name in encoder] if encoder else encoders_of(names)
    reasons = explain(query, other, weights, encoders=encoders)
    if encoder and len(reasons.attention) < len(encoders):
        raise QueryError(f"--encoder {', '.join(encoder)}: only encoders of the mmd-nca architecture have attention")
    if png is not None:
        reasons.draw(png)
    click.echo(as_json(reasons.to_json()) if output == "json" else explanation_text(reasons), nl=False)
