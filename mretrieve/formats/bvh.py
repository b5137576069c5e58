"""BVH, the Biovision hierarchy: a tree of joints with channels, then one row of numbers a frame."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import ROTATE_X, Motion, Rig
from ..motion.rigs.bodies import distinct_names
from .bvh_hierarchy import BvhBody, parse_hierarchy
from .motion_text import MotionText, number, printable, read_rows, text_head
from .reader import Reader, solved_motion

#: Rates that cameras and studios use.
USUAL_RATES = (24, 25, 30, 48, 50, 60, 72, 75, 90, 100, 120, 144, 150, 180, 200, 240, 250, 300, 500, 1000)
#: As they are written; they stand for n * 1000/1001.
DROP_FRAME_RATES = (23.976, 29.97, 59.94, 119.88)
#: Above this, frame times have too few digits to tell one whole rate from the next.
HIGHEST_WHOLE_RATE = 1000
_SINGLE_PRECISION = 2.0**-22

#: Position channels count as zero up to this part of the OFFSET, for writers that round.
_ZERO = 1e-4
#: Joints that a repair names.
_NAMED_JOINTS = 3

_FRAMES = re.compile(rb"\s*+Frames\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)
_FRAME_TIME = re.compile(rb"\s*+Frame\s*+Time\b\s*+:?+\s*+(?P<value>\S++)", re.IGNORECASE)


def read_bvh(text: MotionText) -> list[Motion]:
    """The motions of a BVH file, one per ROOT; if there are several, each is named by its root joint.

    Position channels replace the component of OFFSET that they drive. Those of a joint below the root that are zero in
    every frame do not: some writers add them to OFFSET; `repairs` says so. End Sites become joints '<parent>_end'.
    Commas may be decimal marks, frames may be wrapped over lines; names are UTF-8 or Latin-1.

    Raises:
        FormatError: the file is damaged or contradicts itself; the message names the line.
    """
    bodies, rows, fps = parse_bvh(text)
    file_size = text.size
    text.free()
    names = distinct_names([body.name for body in bodies]) if len(bodies) > 1 else [""]
    motions = []
    for body, name in zip(bodies, names, strict=True):
        channels = rows[:, body.columns]
        repairs = _keep_offsets(body.rig, channels)
        motions.append(solved_motion(text.path, file_size, body.rig, channels, fps, body=name, repairs=repairs))
    return motions


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


def _keep_offsets(rig: Rig, channels: NDArray[np.float64]) -> tuple[str, ...]:
    """Put OFFSET into position channels (T, C) below the root that are zero throughout, in place; what was repaired."""
    moving, joints, offsets, zero = _moving_below_root(rig)
    begins_at_zero = np.ones(len(rig.parents), np.bool_)
    begins_at_zero[joints[(np.abs(channels[0, moving]) > zero) | (zero == 0)]] = False
    kept = []
    for joint in sorted(set(joints[begins_at_zero[joints]].tolist())):
        of_joint = joints == joint
        columns = moving[of_joint]
        if np.abs(channels[:, columns]).max() <= zero[of_joint][0]:
            channels[:, columns] = offsets[of_joint]
            kept.append(repr(rig.joint_names[joint]))
    if not kept:
        return ()
    more = f" and {len(kept) - _NAMED_JOINTS} more" if len(kept) > _NAMED_JOINTS else ""
    named = ", ".join(kept[:_NAMED_JOINTS]) + more
    return (f"position channels that are zero in every frame do not replace the OFFSET of {named}",)


@lru_cache(maxsize=64)  # the takes of a recording share their rig
def _moving_below_root(
    rig: Rig,
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Position channels below the root: columns, joints, components of OFFSET, and up to which size they are zero."""
    moving = np.flatnonzero((rig.channel_kinds < ROTATE_X) & (rig.parents[rig.channel_joints] >= 0))
    joints = rig.channel_joints[moving]
    offsets = rig.offsets[joints, rig.channel_kinds[moving]]
    largest = np.zeros(len(rig.parents))  # of each joint's components that channels drive
    np.maximum.at(largest, joints, np.abs(offsets))
    return moving, joints, offsets, _ZERO * largest[joints]


@lru_cache(maxsize=64)
def frame_rate(frame_time: bytes) -> float | None:
    """Frames per second of a printed frame time in seconds; None if it is not a number between 0.00001 and 1.

    Outside these limits a file gives milliseconds or is damaged. `0.004` is exactly 250 frames a second and means that;
    `0.0333333` means 30 and not 30.00003. The rule: if 1 / frame time is exactly a whole rate, or half of one, it is
    meant. Otherwise, of the rates that print as the digits, rounded or truncated, the first of these is meant: the
    nearest of USUAL_RATES, the nearest of DROP_FRAME_RATES, the nearest whole rate up to HIGHEST_WHOLE_RATE. If none
    prints as the digits, or if there is only one digit, the number is taken as it stands. Zeros at either end and
    exponents do not count as digits: `.00400` and `4e-3` are `0.004`. Digits may be those of a single-precision number.
    """
    seconds = number(frame_time)
    if seconds is None or not 1e-5 <= seconds <= 1:
        return None
    decimal = Decimal(frame_time.replace(b",", b".").decode()).normalize()
    exact = 1 / Fraction(decimal)
    if exact.denominator <= 2 or len(decimal.as_tuple().digits) == 1:
        return float(exact)
    last_digit, precision = 10.0 ** int(decimal.as_tuple().exponent), _SINGLE_PRECISION * seconds
    least, most = -max(0.501 * last_digit, precision), max(0.999 * last_digit, precision)  # rounded up, truncated
    whole = (round(exact),) if exact <= HIGHEST_WHOLE_RATE else ()
    for rates in (USUAL_RATES, DROP_FRAME_RATES, whole):
        meant = [rate for rate in rates if least < 1 / rate - seconds < most]
        if meant:
            return float(min(meant, key=lambda rate: abs(1 / rate - seconds)))
    return 1 / seconds


BVH = Reader(
    "bvh",
    ("bvh",),
    lambda head, _: text_head(head).lstrip()[:9].upper() == b"HIERARCHY",
    lambda file, _: read_bvh(file.text()),
)
