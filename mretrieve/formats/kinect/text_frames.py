"""Tables of Kinect recordings: a line a frame.

- `HipCenter; Spine; ...` in the first line, then `x y z;x y z;...` for each of the joints, and perhaps a code of the
  action, 0 for none (PRECOG and other sets recorded with the Kinect SDK 1). Codes become labelled spans.
- `Version0.1`, then `frame,quality,time in ms,(SpineBase,Tracked,x,y,z,column,row),...` (Intelligent Rehabilitation
  Dataset, recorded with Kinect v2).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import FormatError
from ...labelled_spans import spans_of_codes
from ...motion.joint_sets import joint_set_by_names, joints_at
from ...motion.motion import Motion
from ..motion_text import MotionText, text_head
from ..number_stream import read_numbers
from ..reader import Reader
from .sensor_bodies import SensorBodies, frames_at, motions_of

#: Shorter runs of a code are transitions between two actions, marked by a frame or two.
_SHORTEST_ACTION_S = 0.2

_JOINT = re.compile(rb"\((\w+),(\w+),([^,()]+),([^,()]+),([^,()]+)[^()]*\)")


def read_table(text: MotionText) -> list[Motion]:
    """The motion of the person in either table. FormatError: a line does not hold the joints of the first one."""
    content = bytes(text.content[: text.size])
    codes: list[str] = []
    if _JOINT.search(content) is not None:
        names, times_s, positions = _tuples(text, content)
    else:
        names, times_s, positions, codes = _semicolons(text, content)
    known = joint_set_by_names(names)
    if known is None:
        raise FormatError(f"{text.path}:1: joints {', '.join(names)[:60]} are not those of a Kinect")
    joint_set, places = known
    positions[~(positions != 0).any(axis=2)] = np.nan  # (0, 0, 0) is the sensor itself
    placed = joints_at(places, positions, np.nan).astype(np.float32)
    frames, fps = frames_at(times_s)
    people = np.zeros(len(frames), np.int64)
    (motion,) = motions_of(SensorBodies(joint_set, frames, people, placed, fps), text.path, text.size)
    first_seen = int(np.argmax(np.any(np.isfinite(placed).all(axis=2), axis=1)))
    return [replace(motion, spans=spans_of_codes(codes, fps, _SHORTEST_ACTION_S, first_seen))]


def _semicolons(text: MotionText, content: bytes) -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    """Names of the joints, times (T,), positions (T, J, 3), and the code of the action in each frame, "" for none."""
    header, _, table = content.partition(b"\n")
    names = [name.strip().decode("utf-8", "replace") for name in header.split(b";")]
    rows = [line for line in table.splitlines() if line.strip()]
    wrong = next((row for row, line in enumerate(rows) if not 0 <= line.count(b";") - len(names) + 1 <= 1), None)
    if wrong is not None or not rows:
        line = 2 if wrong is None else wrong + 2
        raise FormatError(f"{text.path}:{line}: not {len(names)} joints; a line has x, y and z of each, parted by ;")
    width = 3 * len(names) + rows[0].count(b";") - len(names) + 1
    numbers = read_numbers(MotionText.of(text.path, bytearray(table.replace(b";", b" "))))
    if len(numbers) != width * len(rows):
        raise FormatError(f"{text.path}: {len(numbers)} numbers in {len(rows)} lines; a joint has three")
    values = numbers.reshape(len(rows), width)
    codes = [f"{code:g}" if code else "" for code in values[:, -1].tolist()] if width > 3 * len(names) else []
    joints = values[:, : 3 * len(names)].astype(np.float32).reshape(len(rows), len(names), 3)
    return names, np.arange(len(rows)) / 30.0, joints, codes


def _tuples(text: MotionText, content: bytes) -> tuple[list[str], np.ndarray, np.ndarray]:
    lines = [line for line in content.splitlines() if _JOINT.search(line)]
    names: list[bytes] = []
    positions, times_s = [], []
    for number, line in enumerate(lines, start=2):
        joints = _JOINT.findall(line)
        names = names or [name for name, *_ in joints]
        try:
            own = np.array([joint[2:5] for joint in joints], np.float64)
            times_s.append(float(line.split(b",", 3)[2]) / 1000.0)
        except (ValueError, IndexError):
            raise FormatError(f"{text.path}:{number}: joints or time are not numbers; copy the file again") from None
        if [name for name, *_ in joints] != names or not np.isfinite(own).all() or not np.isfinite(times_s[-1]):
            raise FormatError(f"{text.path}:{number}: not the {len(names)} joints of the first frame")
        own[[state != b"Tracked" for _, state, *_ in joints]] = np.nan
        positions.append(own)
    together = np.array(positions).astype(np.float32)
    return [name.decode("utf-8", "replace") for name in names], np.array(times_s), together


def _is_table(head: bytes, path: Path) -> bool:
    first, _, rest = text_head(head).lstrip().partition(b"\n")
    if first.count(b";") >= 9:
        return joint_set_by_names([name.decode("utf-8", "replace") for name in first.split(b";")]) is not None
    return first.startswith(b"Version") and _JOINT.search(rest[:400]) is not None


KINECT_TABLE = Reader("kinect", (), _is_table, lambda file, _: read_table(file.text()))
