"""Tables with a column for each coordinate in space: `LASI_X,LASI_Y,LASI_Z`, `C7[0],C7[1],C7[2]`, `LFEP_1,LFEP_2,...`.

Lines above the header are comments or settings. The names are labels of markers, or those of the joints
of a Kinect or of MediaPipe, as FreeMoCap writes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ...errors import FormatError
from ...motion.joint_sets import JOINT_SETS, joint_set_by_names, joints_at
from ...motion.keypoints import ASSUMED_FPS
from ...motion.motion import Motion
from ..joint_motion import motion_of_joints
from ..motion_text import MotionText, text_head
from ..reader import Reader, ReadingOptions
from .landmarks import landmarks_of
from .marker_motion import FEWEST_JOINTS, Markers, motions_of_markers
from .tables import table_of

_COLUMN = re.compile(r"(?P<name>.+?)(?:[_. :](?P<axis>[xyzXYZ123])|\[(?P<place>[012])\])")
_AXIS = {"x": 0, "y": 1, "z": 2, "1": 0, "2": 1, "3": 2}
_RATE = re.compile(r"(?:fs|fps|frequency|rate)\s*[=:,\t]\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_HEADER_LINES = 40
#: Sets of joints that are in space; the other names could be those of markers.
_IN_SPACE = tuple(JOINT_SETS[name] for name in ("kinect-25", "kinect-20", "mediapipe-33"))


def read_space_table(text: MotionText, options: ReadingOptions) -> list[Motion]:
    """The motion of the markers or joints of a table.

    The rate is that of a column `Time` in seconds, else `fs=100` or the like above the header, else `options.fps`, else
    30 with a note.

    Raises:
        FormatError: a row has a cell that is not a number, or the markers are of no known set.
    """
    table = table_of(text, 2)
    rows = table.head
    number = next(place for place, row in enumerate(rows[:_HEADER_LINES]) if _named(row))
    columns = _named(rows[number])
    values = table.numbers(number + 1, len(rows[number]))
    if not len(values):
        raise FormatError(f"{text.path}: has a header and no frames")
    names = tuple(columns)
    positions = values[:, np.array([columns[name] for name in names], np.intp)]
    positions[~np.isfinite(positions).all(axis=2) | ~(positions != 0).any(axis=2)] = np.nan
    above = " ".join(",".join(row) for row in rows[:number])
    fps = options.fps or _rate_of_times(rows[number], values) or _declared_rate(above)
    known = joint_set_by_names(names)
    if known is not None and known[0] in _IN_SPACE:
        placed = joints_at(known[1], positions, np.nan).astype(np.float32)
        return [motion_of_joints(known[0], placed, fps, text.path)]
    return motions_of_markers(Markers(names, positions, fps or ASSUMED_FPS), text.path)


def _named(row: Sequence[str]) -> dict[str, list[int]]:
    """The three columns of each name in a header; empty if the names are no markers and no joints of these sets."""
    found: dict[str, list[int]] = {}
    if sum(cell.strip(' "')[:1].isalpha() for cell in row) < 3 * FEWEST_JOINTS:  # soon seen of rows of numbers
        return found
    for column, cell in enumerate(row):
        parts = _COLUMN.fullmatch(cell.strip().strip('"'))
        if parts:
            axis = int(parts["place"]) if parts["place"] else _AXIS[parts["axis"].lower()]
            found.setdefault(parts["name"], [-1, -1, -1])[axis] = column
    found = {name: columns for name, columns in found.items() if min(columns) >= 0}
    known = joint_set_by_names(tuple(found))
    has_joints = known is not None and known[0] in _IN_SPACE
    return found if has_joints or len(landmarks_of(tuple(found))) >= FEWEST_JOINTS else {}


def _rate_of_times(header: Sequence[str], values: np.ndarray) -> float | None:
    """The rate of a column of times in seconds."""
    names = [cell.strip().lower() for cell in header]
    column = next((names.index(name) for name in ("time", "timestamp", "time (s)") if name in names), None)
    if column is None or len(values) < 2:
        return None
    step_s = float(np.nanmedian(np.diff(values[:, column])))
    if not 1e-4 < step_s < 1.0:
        return None
    fps = 1.0 / step_s
    return float(round(fps)) if abs(fps - round(fps)) < 0.01 * fps else fps


def _declared_rate(text: str) -> float | None:
    found = _RATE.search(text)
    return float(found[1]) if found and 0 < float(found[1]) < 1e5 else None


def _recognises(head: bytes) -> bool:
    if bytes(8) in head[:4096]:  # soon seen of binary files
        return False
    lines = text_head(head).decode("utf-8", "replace").splitlines()[:_HEADER_LINES]
    return any(_named(line.split(delimiter)) for line in lines for delimiter in ",\t;" if line.count(delimiter) > 8)


SPACE_TABLE = Reader(
    "space table", (), lambda head, _: _recognises(head), lambda file, options: read_space_table(file.text(), options)
)
