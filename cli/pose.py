"""`mretrieve pose`: the people in a video, as keypoints."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.printable import printable

from .options import FORCE, PATH, POSE_MODEL, check_new
from .progress import video_progress


@click.command()
@click.argument("video", type=PATH)
@click.option("--out", type=PATH, metavar="FILE.json", required=True, help="The file to write, in COCO's format.")
@POSE_MODEL
@FORCE
def pose(video: Path, out: Path, pose_model: Path | None, force: bool) -> None:
    """Find the people in VIDEO and write where their joints are in each frame.

    The result can be queried and indexed as the video itself; that is searched once, then read from a cache.
    """
    from mretrieve.formats import MotionFile
    from mretrieve.formats.coco_writer import write_keypoints
    from mretrieve.formats.video.poses import find_poses

    check_new(out, force)
    with video_progress() as listener:
        people = find_poses(MotionFile(video), pose_model, listener)
    write_keypoints(out, people)
    for number, person in enumerate(people, start=1):
        seen = 100 * (person.confidence > 0).any(axis=1).mean()
        start_s = person.start_frame / (person.fps or 30)
        end_s = start_s + person.frame_count / (person.fps or 30)
        name = f"person {number}" if len(people) > 1 else "1 person"
        click.echo(f"{name}: {start_s:.2f} to {end_s:.2f} s, seen in {seen:.0f} % of the frames")
    for repair in people[0].repairs:
        click.echo(printable(repair))
    click.echo(f"Wrote {out}", err=True)
