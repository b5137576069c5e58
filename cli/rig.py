"""`mretrieve rig`: which joint of a file is which canonical joint."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mretrieve.printable import printable

from .options import ASF, FORCE, PATH, check_new, flush_columns


@click.command()
@click.argument("file", type=PATH)
@ASF
@click.option("--rig-map", type=PATH, metavar="FILE", help="Check a saved map against this file.")
@click.option("--save", type=PATH, metavar="RIG.json", help="Save the map, to be edited and passed to --rig-map.")
@click.option("--png", type=PATH, metavar="FILE.png", help="Draw poses of the body next to the map.")
@FORCE
def rig(file: Path, asf: Path | None, rig_map: Path | None, save: Path | None, png: Path | None, force: bool) -> None:
    """Show which joint of FILE is which canonical joint, and how that was found.

    Exit status 1 if the file has no human body.
    """
    from mretrieve.errors import QueryError, RigError
    from mretrieve.formats import MotionFile, ReadingOptions
    from mretrieve.motion import Motion, guess_rig_map, load_rig_map, save_rig_map
    from mretrieve.sources.keypoint_bodies import body_rig
    from mretrieve.sources.reading import NotHumanError, find_people, make_canonical, read_motions

    for path in (save, png):
        if path is not None:
            check_new(path, force)
    options = ReadingOptions(asf=asf, rig_map=rig_map)
    motions = read_motions(MotionFile(file), options)
    motion, found, remarks = motions[0], None, list[str]()
    try:
        people = find_people(motions, options)
        person = people.persons[0]
        motion, found, remarks = person.motion, person.rig_map, [*person.remarks, *people.notes]
        if len(people.persons) > 1:
            first = printable(motion.body)
            click.echo(f"{file} holds {len(people.persons)} bodies; this is the rig of the first, {first}")
    except NotHumanError as error:
        remarks.append(str(error))
    except RigError:
        pass  # the lines below say what the map lacks
    is_indexed = found is not None
    if found is None:
        assert isinstance(motion, Motion), "keypoints are of people"
        found = load_rig_map(rig_map, motion.rig) if rig_map else guess_rig_map(motion.rig, motion.positions)
    body, in_space = body_rig(motion), isinstance(motion, Motion)
    if save is not None and not in_space:
        raise QueryError(f"{file}: holds keypoints, whose joints are known; rig maps are for motion in space")
    rows = [("canonical joint", "joint of the file", "how it was found"), *found.rows(body)]
    click.echo("\n".join(map(printable, flush_columns(rows))))
    mapped = sum(index is not None for index in found.joints)
    click.echo(f"{found.origin}, confidence {found.confidence:.2f}: {mapped} of {len(found.joints)} joints")
    for repair in motion.repairs:
        click.echo(f"Repaired: {printable(repair)}")
    lacking = found.lacking if in_space else ()
    for group in lacking:
        click.echo(f"Missing: {group}. Without it the file cannot be indexed.")
    for remark in remarks:
        click.echo(printable(remark))
    if save is not None:
        save_rig_map(save, found, body)
        click.echo(f"Wrote {save}; pass it back with --rig-map {save}")
    if lacking or not is_indexed:
        sys.exit(1)
    if png is not None:
        from mretrieve.indexer.rig_picture import draw_rig
        from mretrieve.indexer.rig_survey import rig_of_body

        draw_rig(png, rig_of_body(make_canonical(motion, options)))
        click.echo(f"Wrote {png}", err=True)
