"""`mretrieve map`: the clips of an index as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FORCE, INDEX, PATH, check_new, write_text


@click.command()
@click.option("--png", type=PATH, metavar="FILE.png", help="Draw the map as a picture.")
@click.option("--html", type=PATH, metavar="FILE.html", help="Write it as a page with names and moving skeletons.")
@click.option("--space", metavar="ENCODER", help="Space whose distances are shown. [default: that of queries]")
@click.option("--colour-by", metavar="COLUMN", help="Column of the index. [default: label; rig without labels]")
@FORCE
@INDEX
def map(
    png: Path | None, html: Path | None, space: str | None, colour_by: str | None, force: bool, index: Path | None
) -> None:
    """Draw all clips of an index as points, alike ones near each other.

    Points are projected by PCA, then by UMAP or t-SNE if umap-learn (the extra map) or openTSNE is installed, and kept
    in the index.
    """
    from mretrieve.maps import map_library
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.snapshot import Snapshot

    if png is None and html is None:
        raise click.UsageError("Give --png or --html, and the file to write.")
    for path in (png, html):
        if path is not None:
            check_new(path, force)
    drawn = map_library(Snapshot.open(find_index(index)), space)
    if png is not None:
        from mretrieve.maps.picture import draw_map

        draw_map(png, drawn, colour_by)
        click.echo(f"Wrote {png}", err=True)
    if html is not None:
        from mretrieve.maps.page import map_page

        write_text(html, map_page(drawn, colour_by))
