"""`.skeleton` files of NTU RGB+D (Shahroudy et al., "NTU RGB+D: A large scale dataset for 3D human activity
analysis", CVPR 2016): the number of frames; for each the number of bodies; for each body a line of ten numbers, the
number of its joints, and a line of twelve for each joint: x, y, z, five numbers of the images, orientation, and the
tracking state, which is 2 for a joint that the sensor sees, 1 for one that it guesses, and 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...motion.joint_sets import JOINT_SETS
from ...motion.motion import Motion
from ..motion_text import MotionText, text_head
from ..number_stream import read_numbers
from ..reader import Reader
from .sensor_bodies import MOST_BODIES, SensorBodies, motions_of

_KINECT = JOINT_SETS["kinect-25"]
_HEADER, _JOINT = 10, 12
_BODY = _HEADER + 1 + _JOINT * len(_KINECT.joints)
_TRACKED = 2
#: Digits of a long id, and the first of the numbers that stand in for them, which are shorter.
_LONG_ID, _SHORT_IDS = 10, 900_000_000
_DIGITS = frozenset(b"0123456789")


def read_skeleton(text: MotionText) -> list[Motion]:
    """A motion for each person in the file; joints that are not tracked are not observed.

    Raises:
        FormatError: the numbers do not add up to frames of bodies with 25 joints, or nobody is tracked.
    """
    _shorten_ids(text)
    numbers = read_numbers(text)
    frames, starts = _bodies(numbers, text)
    rows = numbers[starts[:, None] + np.arange(_BODY)] if len(starts) else np.zeros((0, _BODY))
    joints = rows[:, _HEADER + 1 :].reshape(len(rows), -1, _JOINT)
    positions = joints[:, :, :3].astype(np.float32)
    positions[joints[:, :, -1] < _TRACKED] = np.nan
    people = rows[:, 0].astype(np.int64)
    return motions_of(SensorBodies(_KINECT, frames, people, positions), text.path, text.size)


def _bodies(numbers: NDArray[np.float64], text: MotionText) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frame (N,) and first number (N,) of each body. Frames with as many bodies follow each other with a fixed step."""
    frame_count, frame, place = numbers[0], 0, 1
    frames: list[NDArray[np.int64]] = []
    starts: list[NDArray[np.int64]] = []
    while place < len(numbers):
        count = numbers[place]
        if not 0 <= count <= MOST_BODIES or count != int(count):
            raise text.error(0, f"frame {frame + 1} has {count:g} bodies; export the file again")
        step = 1 + int(count) * _BODY
        alike = numbers[place::step] == count
        run = len(alike) if alike.all() else int(np.argmin(alike))
        of_frames = place + step * np.arange(run)
        of_bodies = (of_frames[:, None] + 1 + _BODY * np.arange(int(count))).ravel()
        if place + step * run > len(numbers) or (numbers[of_bodies + _HEADER] != len(_KINECT.joints)).any():
            raise text.error(0, f"from frame {frame + 1} on the numbers are not bodies of 25 joints; copy it again")
        frames.append(np.repeat(np.arange(frame, frame + run), int(count)))
        starts.append(of_bodies)
        frame, place = frame + run, place + step * run
    if frame != frame_count:
        raise text.error(0, f"has {frame} frames, but its first line says {frame_count:g}; copy the file again")
    nothing = [np.zeros(0, np.int64)]
    return np.concatenate(frames or nothing), np.concatenate(starts or nothing)


def _shorten_ids(text: MotionText) -> None:
    """Write a small number over each long id at the start of a line: ids have more digits than a float64 holds."""
    content = np.frombuffer(text.content, np.uint8)
    starts = np.flatnonzero(content[: max(text.size - _LONG_ID, 0)] == ord("\n")) + 1
    for place in range(_LONG_ID):
        digits = content[starts + place]
        starts = starts[(digits >= ord("0")) & (digits <= ord("9"))]
    short: dict[bytes, bytes] = {}
    for start in starts.tolist():
        end = start + _LONG_ID
        while end < text.size and content[end] in _DIGITS:
            end += 1
        found = bytes(text.content[start:end])
        text.content[start:end] = short.setdefault(found, b"%d" % (_SHORT_IDS + len(short))).ljust(end - start)


def _is_skeleton(head: bytes, path: Path) -> bool:
    lines = [line.split() for line in text_head(head).splitlines()[:5]]
    if len(lines) == 5 and [len(line) for line in lines] == [1, 1, _HEADER, 1, _JOINT]:
        return lines[3][0] == b"25"
    return path.suffix.lower() == ".skeleton" and len(lines) > 1 and all(len(line) == 1 for line in lines[:2])


NTU = Reader("skeleton", ("skeleton",), _is_skeleton, lambda file, _: read_skeleton(file.text()))
