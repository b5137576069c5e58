"""`mretrieve align`: which frames of two clips correspond."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.json_text import as_json

from .options import FORCE, PATH, check_new, complete_clip, note_lifted, reading_options, write_text


@click.command()
@click.argument("a", metavar="A", shell_complete=complete_clip)
@click.argument("b", metavar="B", shell_complete=complete_clip)
@click.option("--find", is_flag=True, help="Look for A within B; otherwise first and last frames are aligned.")
@reading_options
@click.option("--format", "output", default="csv", show_default=True, type=click.Choice(["csv", "json"]))
@click.option("--out", type=PATH, metavar="FILE", help="Write to a file instead of printing.")
@FORCE
def align(
    a: str,
    b: str,
    find: bool,
    parts: str | None,
    index: Path | None,
    asf: Path | None,
    rig_map: Path | None,
    fps: float | None,
    output: str,
    out: Path | None,
    force: bool,
) -> None:
    """Print which frames of A and B correspond.

    A and B are motion files, indexed clips, or moments of them such as walk.bvh@3.20-5.43. Each row is a step of the
    alignment: frames at 30 per second, seconds and frames of both files (counted from 0), and the distance of the
    joints in millimetres. Of motion in 2D, poses that depend on neither camera nor body are aligned, and distances
    are those of the lifted motion.
    """
    from mretrieve.comparison.by_name import align_clips
    from mretrieve.formats import ReadingOptions
    from mretrieve.sources.resolve import ClipResolver

    if out is not None:
        check_new(out, force)
    reading = ReadingOptions(asf, rig_map, fps)
    found = align_clips(ClipResolver(index), a, b, parts=parts, find=find, reading=reading)
    note_lifted(found.first, found.second)
    text = found.to_csv() if output == "csv" else as_json(found.to_dict())
    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)
