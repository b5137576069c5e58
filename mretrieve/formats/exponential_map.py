"""Exponential-map text, the files of the motion-prediction literature: a row of comma-separated numbers per frame.

A joint's rotation is a vector along its axis, as long as its angle in radians, and rotates row vectors: a child is at
`offset @ R(parent) + position(parent)` with `R(child) = exp(vector) @ R(parent)` (Martinez et al. 2017,
`forward_kinematics.py`). For column vectors, which the rest of mretrieve has, it is the inverse rotation.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import numpy as np

from ..motion.motion import ROTATE_X, Motion
from ..motion.rotations import euler_angles, from_rotation_vectors
from .exponential_map_layouts import LAYOUTS, ROTATIONS
from .exponential_map_rows import read_rows
from .motion_text import MotionText, text_head
from .reader import Reader
from .solved_motion import solved_motion

#: How far the columns of end joints may range, radians: nothing shows how these turn, so both layouts hold constants.
MOST_TURN_OF_ENDS = 0.05
_ROW = re.compile(rb"[^\r\n]++")
_NUMERIC_ROW = re.compile(rb"[-+.\deEnNaAiIfF, \t]++")  # with nan and inf, so that they are refused by line
_NO_ROOT = "the root's path and turns are left out: the file has only their changes from frame to frame"


def read_exponential_map(text: MotionText) -> list[Motion]:
    """The motion of exponential-map text; the number of columns decides which of LAYOUTS it has.

    The channels are the file's rotations as angles about Z, X and Y. No file states a rate, so it is that of the data
    set: 50 frames a second for Human3.6M, 120 for CMU. In Human3.6M files the root's columns are differences from frame
    to frame, without a place or heading to begin at: the root stays unturned at the origin, as `repairs` notes. A
    first row that is the rig's rest pose, which CMU files have, is left to `canonicalise`.

    Raises:
        FormatError: a row of another number of columns, a field that is not a finite number, or end joints that turn;
            the message names the line.
    """
    columns, rows = read_rows(text)
    layout = LAYOUTS[columns]
    file_size = text.size
    vectors = rows[:, 3:].reshape(len(rows), -1, 3)
    turning = np.abs(vectors[:, layout.ends] - vectors[0, layout.ends]).max(axis=(0, 2)) > MOST_TURN_OF_ENDS
    if turning.any():
        joint = int(np.flatnonzero(layout.ends)[turning][0])
        raise text.error(
            0,
            f"columns {3 * joint + 4} to {3 * joint + 6} change, but in exponential maps of {layout.name} they are of "
            f"{layout.joints[joint][0]!r}, the end of a bone; {columns} columns of other numbers cannot be read",
        )
    text.free()
    if layout.root_differs:
        rows[:, :6] = 0.0
    first, second, third = (kind - ROTATE_X for kind in ROTATIONS)
    angles = euler_angles(from_rotation_vectors(-vectors[:, ~layout.ends]), (first, second, third))
    channels = np.concatenate([rows[:, :3], angles.reshape(len(rows), -1)], axis=1)
    return [
        solved_motion(
            text.path,
            file_size,
            layout.rig,
            channels,
            layout.fps,
            metres_per_unit=layout.metres_per_unit,
            repairs=(_NO_ROOT,) if layout.root_differs else (),
        )
    ]


def _is_exponential_map(head: bytes, path: Path) -> bool:
    rows = islice(_ROW.finditer(text_head(head).lstrip()), 2)  # one of the two may be damaged
    return any(row.group().count(b",") + 1 in LAYOUTS and _NUMERIC_ROW.fullmatch(row.group()) for row in rows)


EXPONENTIAL_MAP = Reader("expmap", ("expmap",), _is_exponential_map, lambda file, _: read_exponential_map(file.text()))
