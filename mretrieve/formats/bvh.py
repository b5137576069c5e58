"""BVH, the Biovision hierarchy: a tree of joints with channels, then one row of numbers a frame."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import ROTATE_X, Motion
from .bvh_hierarchy import Body, parse_hierarchy
from .frame_rate import frame_rate
from .motion_text import MotionText, printable
from .number_rows import read_rows
from .solved_motion import solved_motion

_FRAMES = re.compile(rb"\s*+Frames\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)
_FRAME_TIME = re.compile(rb"\s*+Frame\s*+Time\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)


def read_bvh(text: MotionText, asf: Path | None = None) -> list[Motion]:
    """The motions of a BVH file, one a ROOT; with several, each is named by its root joint.

    Position channels replace the component of OFFSET that they drive, End Sites become joints '<parent>_end'. Commas
    may be decimal marks, frames may be wrapped over lines; names are UTF-8 or Latin-1. `asf` plays no part.

    Raises:
        FormatError: the file is damaged or contradicts itself; the message names the line.
    """
    bodies, rows, fps = parse_bvh(text)
    file_size = text.size
    text.free()
    names = _distinct_names(bodies) if len(bodies) > 1 else [""]
    return [
        solved_motion(text.path, file_size, body.rig, rows[:, body.columns], fps, body=name)
        for body, name in zip(bodies, names, strict=True)
    ]


def parse_bvh(text: MotionText) -> tuple[list[Body], NDArray[np.float64], float]:
    """The bodies of a BVH text, the channels (T, C) of all, rotations in radians, and the rate; errors: `read_bvh`."""
    bodies, position = parse_hierarchy(text)
    frames = _FRAMES.match(text.content, position)
    if not frames:
        raise text.error(position, "MOTION is not followed by `Frames: <count>`; add the line")
    frame_time = _FRAME_TIME.match(text.content, frames.end())
    if not frame_time:
        raise text.error(frames.start("value"), "`Frames:` is not followed by `Frame Time: <seconds>`; add the line")
    frame_count = _frame_count(text, frames)
    fps = frame_rate(frame_time["value"])
    if fps is None:
        found = printable(frame_time["value"][:40])
        raise text.error(
            frame_time.start("value"), f"Frame Time is {found!r}, not between 0.00001 and 1 second; correct it"
        )
    row_length = bodies[-1].columns.stop
    if row_length == 0:
        raise text.error(position, "no joint of the hierarchy has CHANNELS, so there is no motion; export it again")
    rows = read_rows(text, frame_time.end(), frame_count, row_length, frames.start("value"))
    rows *= np.concatenate([np.where(body.rig.channel_kinds >= ROTATE_X, np.pi / 180, 1.0) for body in bodies])
    return bodies, rows, fps


def _frame_count(text: MotionText, frames: re.Match[bytes]) -> int:
    token = frames.group("value")
    if not re.fullmatch(rb"\+?\d{1,18}", token):
        raise text.error(frames.start("value"), f"Frames is {printable(token[:40])!r}, not a whole number; correct it")
    if int(token) == 0:
        raise text.error(frames.start("value"), "the file has zero frames; export a take with motion")
    return int(token)


def _distinct_names(bodies: list[Body]) -> list[str]:
    """The bodies' names; of those with the same name, the later ones get a number."""
    copies: Counter[str] = Counter()
    names: dict[str, None] = {}
    for body in bodies:
        name = body.name or "body"
        copies[name] += 1
        while (distinct := name if copies[name] == 1 else f"{name}_{copies[name]}") in names:
            copies[name] += 1
        names[distinct] = None
    return list(names)
