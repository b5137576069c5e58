"""Motions of a detector's joints in three dimensions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion.detection import MIDDLES
from ..motion.joint_sets import JointSet
from ..motion.keypoints import ASSUMED_FPS
from ..motion.motion import Motion, Rig
from ..motion.skeleton import JOINTS, PARENTS


def motion_of_joints(
    joint_set: JointSet,
    positions: NDArray[np.float32],
    fps: float | None,
    source: Path,
    *,
    body: str = "",
    up: str | None = None,
) -> Motion:
    """The motion (T, J, 3) of the joints of a set, on those that are canonical, and pelvis and neck between others."""
    canonical = {number: positions[:, place] for number, place in enumerate(joint_set.canonical) if place is not None}
    for middle, (left, right) in MIDDLES.items():
        if middle not in canonical and left in canonical and right in canonical:
            canonical[middle] = 0.5 * (canonical[left] + canonical[right])
    numbers = sorted(canonical)
    parents = []
    for number in numbers:
        parent = PARENTS[number]
        while parent >= 0 and parent not in canonical:
            parent = PARENTS[parent]
        parents.append(numbers.index(parent) if parent >= 0 else -1)
    rig = Rig(tuple(JOINTS[number] for number in numbers), np.array(parents, np.int32), np.zeros((len(numbers), 3)))
    repairs = (
        () if fps else (f"rate: not in the file, taken to be {ASSUMED_FPS:g} frames a second; give it with --fps",)
    )
    together = np.stack([canonical[number] for number in numbers], axis=1)
    return Motion(rig, together, fps or ASSUMED_FPS, source, body, repairs=repairs, declared_up=up or joint_set.up)
