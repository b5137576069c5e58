"""Pairs of joints on both sides of a rig's body."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import RigError
from ..formats.bvh_writer import children_of
from ..motion import JOINTS, MIRROR, Rig, RigMap
from ..motion.rigs.names import side_readings

_OTHER_SIDE = {"left": "right", "right": "left"}


def mirror_partners(rig: Rig, rig_map: RigMap, source: Path | str) -> NDArray[np.intp]:
    """The joint (J,) on the other side of each: itself on the midline, or if the other side has no such joint.

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
    children = children_of(rig)
    carried = _carried_joints(rig, rig_map)
    names = side_readings(rig.joint_names)
    partners = np.arange(count)
    for joint, parent in enumerate(rig.parents.tolist()):
        if parent < 0:
            continue
        others = children[partners[parent]]
        if carried[joint]:
            mirrored = {MIRROR[canonical] for canonical in carried[joint]}
            partners[joint] = next((other for other in others if carried[other] == mirrored), joint)
            continue
        opposite = {(_OTHER_SIDE[side], part) for side, part in names[joint]}
        free, own = ([one for one in family if not carried[one]] for family in (others, children[parent]))
        in_order = free[own.index(joint)] if partners[parent] != parent and len(own) == len(free) else joint
        partners[joint] = next((other for other in free if names[other] & opposite), in_order)
    alone = partners[partners] != np.arange(count)
    return np.where(alone, np.arange(count), partners)


def _carried_joints(rig: Rig, rig_map: RigMap) -> list[set[int]]:
    """The canonical joints, of those that both sides have, at each joint or further outwards."""
    carried: list[set[int]] = [set() for _ in rig.parents]
    for canonical, joint in enumerate(rig_map.joints):
        if joint is not None and rig_map.joints[MIRROR[canonical]] is not None:
            carried[joint].add(canonical)
    for joint in range(len(carried) - 1, -1, -1):
        if (parent := int(rig.parents[joint])) >= 0:
            carried[parent] |= carried[joint]
    return carried
