"""`mretrieve export`: a moment as a BVH file on its own rig."""

from __future__ import annotations

from pathlib import Path

import click

from .options import ASF, FORCE, INDEX, RIG_MAP, complete_clip


@click.command()
@click.argument("moment", shell_complete=complete_clip)
@click.option("--to", "target", required=True, metavar="FILE.bvh", help="The file to write; - for standard output.")
@FORCE
@click.option(
    "--retime-to", metavar="QUERY", help="Retime the moment so that it does at each time what QUERY does then."
)
@click.option("--mirror", "mirrored", is_flag=True, help="Swap left and right.")
@click.option("--fps", type=float, metavar="N", help="Frames per second. [default: those of the clip's file]")
@click.option("--keep-rest-pose", is_flag=True, help="Keep the T-pose frames at the start of a file.")
@INDEX
@ASF
@RIG_MAP
def export(
    moment: str,
    target: str,
    force: bool,
    retime_to: str | None,
    mirrored: bool,
    fps: float | None,
    keep_rest_pose: bool,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
) -> None:
    """Cut MOMENT out of its own file and write it as BVH, on its own rig.

    MOMENT is a motion file, an indexed clip, or a moment of either as `mretrieve query` prints it, such as
    walk.bvh@3.20-5.43; answer.json#3 is the third hit of an answer saved with --format json.
    """
    from mretrieve.export import ExportOptions, check_target, export_moment
    from mretrieve.formats import ReadingOptions
    from mretrieve.sources.resolve import ClipResolver

    if target != "-":
        check_target(Path(target), replace=force)
    options = ExportOptions(retime_to, mirrored, fps, keep_rest_pose, ReadingOptions(asf, rig_map))
    exported = export_moment(moment, options, ClipResolver(index))
    if target == "-":
        with click.open_file("-", "w", encoding="utf-8") as output:
            output.writelines(exported.text())
        return
    exported.write(Path(target), replace=force)
    frames = len(exported.channels)
    rest = f", without the {exported.rest_frames} frames of rest pose before them" if exported.rest_frames else ""
    click.echo(
        f"Wrote {target}: {frames} frames at {exported.fps:g} per second; frames {exported.first} to "
        f"{exported.last - 1} of {exported.name}{rest}",
        err=True,
    )
