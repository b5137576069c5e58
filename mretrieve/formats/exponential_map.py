"""Exponential-map text of CMU and Human3.6M: recognising its layout, and reading it.

Human3.6M in 99 columns is the layout of Jain et al., "Structural-RNN" (CVPR 2016), whose skeleton is in the code of
Martinez et al., "On human motion prediction using recurrent neural networks" (CVPR 2017). CMU in 117 columns is that of
Li et al., "Convolutional sequence to sequence model for human dynamics" (CVPR 2018).

A joint's rotation is a vector along its axis, as long as its angle in radians, and rotates row vectors: a child is at
`offset @ R(parent) + position(parent)` with `R(child) = exp(vector) @ R(parent)` (Martinez et al. 2017,
`forward_kinematics.py`). For column vectors, which the rest of mretrieve has, it is the inverse rotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import scan_rows
from ..kernels.scan_results import DONE, NEEDS_FLOAT
from ..motion.motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, Motion, Rig
from ..motion.rotations import euler_angles, from_rotation_vectors
from .motion_text import MotionText, printable, slow_number, text_head
from .reader import Reader, solved_motion

#: The order of the rotation channels that joints get: the one in which most BVH files have them.
ROTATIONS = (ROTATE_Z, ROTATE_X, ROTATE_Y)


@dataclass(frozen=True)
class ExponentialMapLayout:
    """The columns of a file: three of root translation, then a rotation vector for each joint in turn.

    Attributes:
        name: the data set.
        fps: frames per second.
        metres_per_unit: the file's unit.
        root_differs: whether the six root columns are differences to the previous frame, in that frame's axes.
        joints: name, parent, and offset from it in the file's unit.
    """

    name: str
    fps: float
    metres_per_unit: float
    root_differs: bool
    joints: tuple[tuple[str, str, float, float, float], ...]

    @property
    def columns(self) -> int:
        """Numbers in a row."""
        return 3 + 3 * len(self.joints)

    @cached_property
    def ends(self) -> NDArray[np.bool_]:
        """Which joints (J,) have no children, so that they cannot be seen to turn."""
        parents = {parent for _, parent, *_ in self.joints}
        return np.array([name not in parents for name, *_ in self.joints])

    @cached_property
    def rig(self) -> Rig:
        """The joint tree; the root has six channels, other joints with children three, in the order ROTATIONS."""
        names = tuple(name for name, *_ in self.joints)
        kinds = [[] if end else list(ROTATIONS) for end in self.ends]
        kinds[0] = [TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, *ROTATIONS]
        return Rig(
            names,
            np.array([names.index(parent) if parent else -1 for _, parent, *_ in self.joints], np.int32),
            np.array([offset for _, _, *offset in self.joints]),
            channel_joints=np.repeat(np.arange(len(names), dtype=np.int32), [len(own) for own in kinds]),
            channel_kinds=np.array([kind for own in kinds for kind in own], np.int32),
        )


HUMAN36M = ExponentialMapLayout(
    "Human3.6M",
    fps=50.0,
    metres_per_unit=0.001,
    root_differs=True,
    joints=(
        ("Hips", "", 0.0, 0.0, 0.0),
        ("RightUpLeg", "Hips", -132.948591, 0.0, 0.0),
        ("RightLeg", "RightUpLeg", 0.0, -442.894612, 0.0),
        ("RightFoot", "RightLeg", 0.0, -454.206447, 0.0),
        ("RightToeBase", "RightFoot", 0.0, 0.0, 162.767078),
        ("RightToeEnd", "RightToeBase", 0.0, 0.0, 74.999437),
        ("LeftUpLeg", "Hips", 132.948826, 0.0, 0.0),
        ("LeftLeg", "LeftUpLeg", 0.0, -442.894413, 0.0),
        ("LeftFoot", "LeftLeg", 0.0, -454.20659, 0.0),
        ("LeftToeBase", "LeftFoot", 0.0, 0.0, 162.767426),
        ("LeftToeEnd", "LeftToeBase", 0.0, 0.0, 74.999948),
        ("Spine", "Hips", 0.0, 0.1, 0.0),
        ("Spine1", "Spine", 0.0, 233.383263, 0.0),
        ("Neck", "Spine1", 0.0, 257.077681, 0.0),
        ("Head", "Neck", 0.0, 121.134938, 0.0),
        ("HeadEnd", "Head", 0.0, 115.002227, 0.0),
        ("LeftShoulder", "Spine1", 0.0, 257.077681, 0.0),
        ("LeftArm", "LeftShoulder", 0.0, 151.034226, 0.0),
        ("LeftForeArm", "LeftArm", 0.0, 278.882773, 0.0),
        ("LeftHand", "LeftForeArm", 0.0, 251.733451, 0.0),
        ("LeftHandThumb", "LeftHand", 0.0, 0.0, 0.0),
        ("LeftHandThumbEnd", "LeftHandThumb", 0.0, 0.0, 99.999627),
        ("LeftWristEnd", "LeftHand", 0.0, 100.000188, 0.0),
        ("LeftWristEndSite", "LeftWristEnd", 0.0, 0.0, 0.0),
        ("RightShoulder", "Spine1", 0.0, 257.077681, 0.0),
        ("RightArm", "RightShoulder", 0.0, 151.031437, 0.0),
        ("RightForeArm", "RightArm", 0.0, 278.892924, 0.0),
        ("RightHand", "RightForeArm", 0.0, 251.72868, 0.0),
        ("RightHandThumb", "RightHand", 0.0, 0.0, 0.0),
        ("RightHandThumbEnd", "RightHandThumb", 0.0, 0.0, 99.999888),
        ("RightWristEnd", "RightHand", 0.0, 137.499922, 0.0),
        ("RightWristEndSite", "RightWristEnd", 0.0, 0.0, 0.0),
    ),
)

CMU = ExponentialMapLayout(
    "CMU",
    fps=120.0,
    metres_per_unit=0.0254 / 0.45,  # inches, divided by the `length 0.45` of every CMU skeleton
    root_differs=False,
    joints=(
        ("root", "", 0.0, 0.0, 0.0),
        ("lhipjoint", "root", 0.0, 0.0, 0.0),
        ("lfemur", "lhipjoint", 1.65674, -1.80282, 0.62477),
        ("ltibia", "lfemur", 2.5972, -7.13576, 0.0),
        ("lfoot", "ltibia", 2.49236, -6.8477, 0.0),
        ("ltoes", "lfoot", 0.19704, -0.54136, 2.14581),
        ("ltoes_end", "ltoes", 0.0, 0.0, 1.11249),
        ("rhipjoint", "root", 0.0, 0.0, 0.0),
        ("rfemur", "rhipjoint", -1.6107, -1.80282, 0.62476),
        ("rtibia", "rfemur", -2.59502, -7.12977, 0.0),
        ("rfoot", "rtibia", -2.4678, -6.78024, 0.0),
        ("rtoes", "rfoot", -0.23024, -0.63258, 2.13368),
        ("rtoes_end", "rtoes", 0.0, 0.0, 1.11569),
        ("lowerback", "root", 0.0, 0.0, 0.0),
        ("upperback", "lowerback", 0.01961, 2.0545, -0.14112),
        ("thorax", "upperback", 0.01021, 2.06436, -0.05921),
        ("lowerneck", "thorax", 0.0, 0.0, 0.0),
        ("upperneck", "lowerneck", 0.00713, 1.56711, 0.14968),
        ("head", "upperneck", 0.03429, 1.56041, -0.10006),
        ("head_end", "head", 0.01305, 1.6256, -0.05265),
        ("lclavicle", "thorax", 0.0, 0.0, 0.0),
        ("lhumerus", "lclavicle", 3.54205, 0.90436, -0.17364),
        ("lradius", "lhumerus", 4.86513, 0.0, 0.0),
        ("lwrist", "lradius", 3.35554, 0.0, 0.0),
        ("lhand", "lwrist", 0.0, 0.0, 0.0),
        ("lfingers", "lhand", 0.66117, 0.0, 0.0),
        ("lfingers_end", "lfingers", 0.53306, 0.0, 0.0),
        ("lthumb", "lwrist", 0.0, 0.0, 0.0),
        ("lthumb_end", "lthumb", 0.5412, 0.0, 0.5412),
        ("rclavicle", "thorax", 0.0, 0.0, 0.0),
        ("rhumerus", "rclavicle", -3.49802, 0.75994, -0.32616),
        ("rradius", "rhumerus", -5.02649, 0.0, 0.0),
        ("rwrist", "rradius", -3.36431, 0.0, 0.0),
        ("rhand", "rwrist", 0.0, 0.0, 0.0),
        ("rfingers", "rhand", -0.73041, 0.0, 0.0),
        ("rfingers_end", "rfingers", -0.58887, 0.0, 0.0),
        ("rthumb", "rwrist", 0.0, 0.0, 0.0),
        ("rthumb_end", "rthumb", -0.59786, 0.0, 0.59786),
    ),
)

#: By the number of columns.
LAYOUTS = {layout.columns: layout for layout in (HUMAN36M, CMU)}


_BLANKS = b" \t\v\f"


def read_rows(text: MotionText) -> tuple[int, NDArray[np.float64]]:
    """The number of columns C, a key of LAYOUTS, and the numbers (T, C) float64 of a text of T rows.

    Raises:
        FormatError: a row of another number of columns, or a field that is not one finite number.
    """
    frame_count, columns = _shape(text)
    values = np.empty(frame_count * columns)
    spaced = MotionText(text.path, text.content.replace(b",", b" "), text.size)  # every number where it was
    numbers = np.frombuffer(spaced.content, np.uint8)
    state = np.array([0, 0, 0, -1], np.int64)
    point = ord(".")
    while (status := scan_rows(numbers, text.size, point, columns, values, state)) == (NEEDS_FLOAT):
        position, count = int(state[0]), int(state[1])
        where = f"frame {count // columns + 1}, column {count % columns + 1}"
        values[count], state[0] = slow_number(spaced, position, point, where)
        state[1] = count + 1
    aligned = status == DONE and state[1] == values.size and state[3] < 0
    if not aligned or any(text.content.find(blank, 0, text.size) >= 0 for blank in _BLANKS):
        _require_one_number_a_field(text)
    return columns, values.reshape(frame_count, columns)


def _frames(text: MotionText) -> Iterator[tuple[int, int, bytes]]:
    """The number from 1, position and bytes of each line that is not blank."""
    frame = position = 0
    for line in bytes(text.content[: text.size]).splitlines(keepends=True):  # six times as fast as an expression
        if not line.isspace():
            frame += 1
            yield frame, position, line
        position += len(line)


def _shape(text: MotionText) -> tuple[int, int]:
    """The number of rows and of columns, by the commas."""
    frame = columns = 0
    for frame, position, line in _frames(text):
        found = line.count(b",") + 1
        columns = columns or found
        if found != columns:
            raise text.error(
                position, f"frame {frame} has {found} columns, the first {columns}; correct or delete this row"
            )
        if columns not in LAYOUTS:
            known = " or ".join(f"{count} ({layout.name})" for count, layout in LAYOUTS.items())
            raise text.error(position, f"{columns} columns; exponential maps have {known}; correct this row")
    return frame, columns


def _require_one_number_a_field(text: MotionText) -> None:
    for frame, position, line in _frames(text):
        for column, field in enumerate(line.split(b","), start=1):
            if len(field.split()) != 1:
                found = f"{printable(field.strip()[:40])!r} is not one number" if field.strip() else "no number"
                raise text.error(
                    position, f"frame {frame}, column {column}: {found}; correct this value or export the motion again"
                )


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
