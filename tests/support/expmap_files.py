"""Exponential-map files made here: Human3.6M's layout performed by the procedural human, and any numbers as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mretrieve.demo import MotionRecipe
from mretrieve.demo.solve import Performance
from mretrieve.demo.synthesis import perform
from mretrieve.formats.exponential_map import HUMAN36M
from mretrieve.motion import JOINTS

#: Which canonical joint a joint of Human3.6M turns with; the others go along with their parents.
PLAYS = {"Hips": "pelvis", "Spine": "spine1", "Spine1": "spine3", "Neck": "neck", "Head": "head"} | {
    f"{word}{part}": f"{side}_{plays}"
    for word, side in (("Left", "left"), ("Right", "right"))
    for part, plays in (
        ("UpLeg", "hip"), ("Leg", "knee"), ("Foot", "ankle"), ("ToeBase", "foot"), ("Shoulder", "collar"),
        ("Arm", "shoulder"), ("ForeArm", "elbow"), ("Hand", "wrist"),
    )
}  # fmt: skip
_ARM = ("collar", "shoulder", "elbow", "wrist")


def human36m_rows(performance: Performance) -> NDArray[np.float64]:
    """A performance as rows (T, 99): the root's columns are differences from frame to frame, the first are zero."""
    frame_count = len(performance.root)
    rig = HUMAN36M.rig
    world: list[NDArray[np.float64]] = []
    rows = np.zeros((frame_count, HUMAN36M.columns))
    for joint, (name, parent) in enumerate(zip(rig.joint_names, rig.parents, strict=True)):
        if name not in PLAYS:
            world.append(world[parent])
            continue
        side, _, part = PLAYS[name].partition("_")
        up_from_outwards = Rotation.from_euler(
            "z", {"left": -90, "right": 90}[side] if part in _ARM else 0, degrees=True
        )
        world.append(performance.rotations[:, JOINTS.index(PLAYS[name])] @ up_from_outwards.as_matrix())
        if parent >= 0:
            local = world[parent].swapaxes(1, 2) @ world[joint]
            rows[:, 3 + 3 * joint : 6 + 3 * joint] = _row_vector_turns(local)
    hips = world[0]
    steps = np.diff(performance.root, axis=0) / HUMAN36M.metres_per_unit
    rows[1:, :3] = np.einsum("tji,tj->ti", hips[:-1], steps)
    rows[1:, 3:6] = _row_vector_turns(hips[:-1].swapaxes(1, 2) @ hips[1:])
    return rows


def write_human36m(path: Path, recipe: MotionRecipe) -> Performance:
    """Write a recipe's performance as a file of the Human3.6M layout; what was performed, at 50 frames a second."""
    performance = perform(recipe, HUMAN36M.fps)
    path.write_text(expmap_text(human36m_rows(performance)))
    return performance


def expmap_text(rows: NDArray[np.float64]) -> str:
    """Rows (T, C) as text with seven decimals, as Human3.6M files have them."""
    return "".join(",".join(f"{value:.7f}" for value in row) + "\n" for row in rows)


def _row_vector_turns(local: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vectors (T, 3), as they turn row vectors, of rotations (T, 3, 3) for column vectors."""
    return Rotation.from_matrix(local.swapaxes(1, 2)).as_rotvec()
