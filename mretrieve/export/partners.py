"""Which joint of a rig is on the other side of the body of which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..motion import JOINTS, MIRROR, Rig, RigMap
from ..motion.rigs.names import side_readings

_OTHER_SIDE = {"left": "right", "right": "left"}


def mirror_partners(rig: Rig, rig_map: RigMap, source: Path | str) -> NDArray[np.intp]:
    """The joint (J,) on the other side of each: itself on the midline, and where the other side has no such joint.

    Joints are paired from the roots outwards, so that partners hang on partners: by the canonical joints that follow
    them, then by their names (`L_Thumb`, `R_Thumb`), then by their order under their parents.

    Raises:
        RigError: the rig map has no left and right, or the limbs of both sides are built differently.
    """
    pairs = [
        (left, right)
        for left, right in ((rig_map.joints[j], rig_map.joints[MIRROR[j]]) for j in range(len(JOINTS)) if MIRROR[j] > j)
        if left is not None and right is not None
    ]
    if not pairs:
        raise RigError(f"{source}: the rig has no pairs of left and right joints, so it cannot be mirrored")
    partners = _paired_outwards(rig, rig_map)
    for left, right in pairs:
        if partners[left] != right:
            names = rig.joint_names[left], rig.joint_names[right]
            raise RigError(
                f"{source}: {names[0]!r} and {names[1]!r} hang on chains of different joints, so the rig cannot be "
                "mirrored; retarget the take to a rig that is alike on both sides"
            )
    return partners


def _paired_outwards(rig: Rig, rig_map: RigMap) -> NDArray[np.intp]:
    count = len(rig.parents)
    children: list[list[int]] = [[] for _ in range(count)]
    carried: list[set[int]] = [set() for _ in range(count)]  # canonical joints from here outwards
    for canonical, joint in enumerate(rig_map.joints):
        if joint is not None and rig_map.joints[MIRROR[canonical]] is not None:
            carried[joint].add(canonical)
    for joint in range(count - 1, -1, -1):
        if (parent := int(rig.parents[joint])) >= 0:
            carried[parent] |= carried[joint]
            children[parent].insert(0, joint)
    names = side_readings(rig.joint_names)
    partners = np.arange(count)
    for joint, parent in enumerate(rig.parents.tolist()):
        if parent < 0:
            continue
        others = children[partners[parent]]
        mirrored = {MIRROR[canonical] for canonical in carried[joint]}
        if mirrored:
            partners[joint] = next((other for other in others if carried[other] == mirrored), joint)
            continue
        opposite = {(_OTHER_SIDE[side], part) for side, part in names[joint]}
        free = [other for other in others if not carried[other]]
        named = [other for other in free if names[other] & opposite]
        own = [other for other in children[parent] if not carried[other]]
        if named:
            partners[joint] = named[0]
        elif partners[parent] != parent and len(own) == len(free):
            partners[joint] = free[own.index(joint)]
    alone = partners[partners] != np.arange(count)
    return np.where(alone, np.arange(count), partners)
