"""`mretrieve map`: the library as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.errors import MRetrieveError

from .options import FORCE, INDEX, PATH, check_new


@click.command("map")
@click.option("--png", type=PATH, required=True, metavar="FILE.png", help="The picture to write.")
@click.option("--by", "column", metavar="COLUMN", help="Colour clips by this column of their labels. [default: label]")
@FORCE
@INDEX
def draw(png: Path, column: str | None, force: bool, index: Path | None) -> None:
    """Draw the library: each clip is a point, near the clips that move like it.

    The page of `mretrieve serve` shows the same map, on which clips move and can be searched for.
    """
    import numpy as np

    from mretrieve.comparison.map_picture import draw_map
    from mretrieve.index import open_index
    from mretrieve.indexer import describe_clips

    check_new(png, force)
    opened = open_index(index)
    clips = describe_clips(opened.snapshot, np.arange(len(opened)))
    columns = sorted({name for clip in clips for name in clip.labels})
    if column is not None and column not in columns:
        raise MRetrieveError(f"--by {column}: the labels have {', '.join(columns) or 'no columns'}")
    draw_map(png, opened.map(), [clip.labels.get(column or "label") for clip in clips])
    click.echo(f"Wrote {png}", err=True)
