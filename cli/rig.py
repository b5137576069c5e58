"""`mretrieve rig`: which joint of a file plays which canonical joint."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_PATH)
@click.option("--asf", type=_PATH, help="The skeleton of an AMC file, where it is not beside it.")
@click.option("--rig-map", type=_PATH, help="Check a saved map against this file instead of finding one.")
@click.option("--save", type=_PATH, metavar="RIG.json", help="Write the map down, to be mended and given to --rig-map.")
def rig(file: Path, asf: Path | None, rig_map: Path | None, save: Path | None) -> None:
    """Show which joint of FILE plays which canonical joint, and how that was found."""
    from mretrieve.formats import read
    from mretrieve.motion import guess_rig_map, load_rig_map, save_rig_map

    motions = read(file, asf=asf)
    motion = motions[0]
    if len(motions) > 1:
        click.echo(f"{file} holds {len(motions)} bodies; this is the rig of the first, {motion.body}")
    found = load_rig_map(rig_map, motion.rig) if rig_map is not None else guess_rig_map(motion.rig, motion.positions)
    rows = [("canonical joint", "joint of the file", "how it was found"), *found.rows(motion.rig)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    mapped = sum(index is not None for index in found.joints)
    click.echo(f"{found.origin}, confidence {found.confidence:.2f}: {mapped} of {len(found.joints)} joints")
    for lacking in found.lacking:
        click.echo(f"Missing: {lacking}. Without it the file cannot be indexed.")
    if save is not None:
        save_rig_map(save, found, motion.rig)
        click.echo(f"Saved to {save}; give it back with --rig-map {save}")
