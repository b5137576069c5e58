"""BVH, the Biovision hierarchy: a tree of joints with channels, then one row of numbers a frame."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import ROTATE_X, Motion
from ..motion.rigs.bodies import distinct_names
from .bvh_hierarchy import BvhBody, parse_hierarchy
from .motion_text import MotionText, number, printable, read_rows, text_head
from .reader import Reader, solved_motion

#: Rates that cameras and studios use. 23.976, 29.97 and 59.94 stand for n * 1000/1001.
NOMINAL_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 72.0, 90.0, 100.0, 120.0, 200.0, 240.0)

_FRAMES = re.compile(rb"\s*+Frames\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)
_FRAME_TIME = re.compile(rb"\s*+Frame\s*+Time\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)


def read_bvh(text: MotionText) -> list[Motion]:
    """The motions of a BVH file, one per ROOT; if there are several, each is named by its root joint.

    Position channels replace the component of OFFSET that they drive, End Sites become joints '<parent>_end'. Commas
    may be decimal marks, frames may be wrapped over lines; names are UTF-8 or Latin-1.

    Raises:
        FormatError: the file is damaged or contradicts itself; the message names the line.
    """
    bodies, rows, fps = parse_bvh(text)
    file_size = text.size
    text.free()
    names = distinct_names([body.name for body in bodies]) if len(bodies) > 1 else [""]
    return [
        solved_motion(text.path, file_size, body.rig, rows[:, body.columns], fps, body=name)
        for body, name in zip(bodies, names, strict=True)
    ]


def parse_bvh(text: MotionText) -> tuple[list[BvhBody], NDArray[np.float64], float]:
    """The bodies of a BVH text, the channels (T, C) of all, rotations in radians, and the rate; raises as read_bvh."""
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


def frame_rate(frame_time: bytes) -> float | None:
    """Frames per second of a printed frame time in seconds; None if it is not a number between 0.00001 and 1.

    Outside these limits a file gives milliseconds or is damaged. `0.0333333` is 30 and not 30.00003: if exactly one
    nominal rate prints as these digits, rounded or truncated, that rate is meant. Otherwise it is 1 / frame time.
    """
    seconds = number(frame_time)
    if seconds is None or not 1e-5 <= seconds <= 1:
        return None
    decimals = len(frame_time.replace(b",", b".").partition(b".")[2])
    if b"e" not in frame_time.lower():
        for printed in (_rounded, _truncated):
            meant = [rate for rate in NOMINAL_RATES if printed(1 / rate, decimals) == f"{seconds:.{decimals}f}"]
            if meant:
                return meant[0] if len(meant) == 1 else 1 / seconds
    return 1 / seconds


def _rounded(seconds: float, decimals: int) -> str:
    return f"{seconds:.{decimals}f}"


def _truncated(seconds: float, decimals: int) -> str:
    return f"{seconds:.{decimals + 3}f}"[:-3]


BVH = Reader(
    "bvh",
    ("bvh",),
    lambda head, _: text_head(head).lstrip()[:9].upper() == b"HIERARCHY",
    lambda file, _: read_bvh(file.text()),
)
