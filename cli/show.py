"""`mretrieve show`: a motion as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from .options import ASF, FORCE, FPS, INDEX, PATH, RIG_MAP, check_new, complete_clip


@click.command()
@click.argument("moment", shell_complete=complete_clip)
@click.option("--png", type=PATH, metavar="FILE.png", help="Draw eight poses from the front and from the side.")
@click.option("--gif", type=PATH, metavar="FILE.gif", help="Draw the moving body.")
@click.option("--mp4", type=PATH, metavar="FILE.mp4", help="The same as a video; needs the program ffmpeg.")
@FORCE
@INDEX
@ASF
@RIG_MAP
@FPS
def show(
    moment: str,
    png: Path | None,
    gif: Path | None,
    mp4: Path | None,
    force: bool,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
) -> None:
    """Draw MOMENT as it is compared, on the canonical skeleton. Left limbs are red, right limbs blue.

    MOMENT is a motion file, an indexed clip, or a moment of either as `mretrieve query` prints it, such as
    walk.bvh@3.20-5.43; answer.json#3 is the third hit of a saved answer.
    """
    from mretrieve.comparison import NamedClip
    from mretrieve.comparison.motion_pictures import animate_gif, animate_mp4, draw_motion
    from mretrieve.formats import ReadingOptions
    from mretrieve.sources.resolve import ClipResolver

    wanted = [(path, draw) for path, draw in ((png, draw_motion), (gif, animate_gif), (mp4, animate_mp4)) if path]
    if not wanted:
        raise click.UsageError("Give --png, --gif or --mp4, and the file to write.")
    for path, _ in wanted:
        check_new(path, force)
    shown = NamedClip.of(ClipResolver(index).resolve(moment, ReadingOptions(asf, rig_map, fps)))
    for path, draw in wanted:
        draw(path, shown)
        click.echo(f"Wrote {path}", err=True)
