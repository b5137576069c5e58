"""`mretrieve export`: a moment as a BVH file on its own rig."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("hit", metavar="HIT")
@click.option("--to", "target", required=True, metavar="FILE.bvh", help="The file to write; - for standard output.")
@click.option("--force", is_flag=True, help="Replace FILE.bvh where it exists.")
@click.option(
    "--retime-to",
    metavar="QUERY",
    help="At each time do what QUERY (CLIP[@start-end]) does then; as long as QUERY.",
)
@click.option("--mirror", "mirrored", is_flag=True, help="Swap left and right.")
@click.option("--fps", type=float, metavar="N", help="Frames a second. [default: those of the clip's file]")
@click.option("--keep-rest-pose", is_flag=True, help="Export the T-pose frames at a file's start too.")
@click.option(
    "--index", type=_PATH, help="The index; else $MRETRIEVE_INDEX, else .mretrieve here or in a parent folder."
)
@click.option("--asf", type=_PATH, help="The skeleton of AMC files, where it is not beside them.")
@click.option("--rig-map", type=_PATH, help="Which joint is which, as `mretrieve rig --save` wrote.")
def export(
    hit: str,
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
    """Cut HIT out of its own file and write it as BVH, on its own rig.

    HIT is CLIP or CLIP@start-end, in seconds as `mretrieve query` prints them, where CLIP is a motion file or an
    indexed clip; or answer.json#3, the third hit of an answer that `mretrieve query --format json` printed.
    """
    from mretrieve.export import ExportOptions, check_target, export_moment

    if target != "-":
        check_target(Path(target), replace=force)
    exported = export_moment(hit, ExportOptions(retime_to, mirrored, fps, keep_rest_pose, index, asf, rig_map))
    if target == "-":
        with click.open_file("-", "w", encoding="utf-8") as output:
            output.writelines(exported.text())
        return
    exported.write(Path(target), replace=force)
    frames = len(exported.channels)
    rest = f", without {exported.rest_frames} of rest pose before them" if exported.rest_frames else ""
    click.echo(
        f"{target}: {frames} frames at {exported.fps:g} a second; frames {exported.first} to {exported.last - 1} of "
        f"{exported.name}{rest}",
        file=sys.stderr,
    )
