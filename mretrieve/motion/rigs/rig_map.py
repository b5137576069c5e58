"""Rig maps: the joint of a file's rig that corresponds to each joint of the canonical skeleton."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import RigError
from ..motion import Rig
from ..skeleton import JOINT_COUNT, JOINTS
from .body_search import search_body
from .rest_shape import telling_rest_pose

#: Each group needs one of its alternatives whole; everything else of a body can be filled in from its neighbours.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis or both hips": (("pelvis",), ("left_hip", "right_hip")),
    "both knees or both ankles": (("left_knee", "right_knee"), ("left_ankle", "right_ankle")),
    "neck, head or both shoulders": (("neck",), ("head",), ("left_shoulder", "right_shoulder")),
}


def missing_groups(joints: Collection[str]) -> tuple[str, ...]:
    """The groups of REQUIRED of which none is whole among canonical joints."""
    has = set(joints)
    return tuple(what for what, ways in REQUIRED.items() if not any(has.issuperset(way) for way in ways))


#: From this confidence on, names and sides decide, whatever the movement.
_CLEAR = 0.9
_MOST_MAPS = 256
_KEPT_MAPS: dict[tuple[tuple[str, ...], bytes, bytes], RigMap] = {}


@dataclass(frozen=True)
class RigMap:
    """Which joint of one rig corresponds to each canonical joint.

    Attributes:
        joints: an index into the rig's joints, or None if it has no such joint, for each of the 22 of JOINTS.
        origin: the evidence: "names and shape", "shape and sides in names", "shape", "names" or "user".
        confidence: in [0, 1]: how many of the joints were found, how many of their names agree, and whether names or
            only the shape tell left from right; 1 for a user's map. Measured on the maps of
            4,000 generated rigs: from 0.9 on none of 2,670 is wrong, from 0.7 on 2 of 379, below 0.7 113 of 944
            (benchmarks/reading_bodies.py).
    """

    joints: tuple[int | None, ...]
    origin: str
    confidence: float

    def __post_init__(self) -> None:
        if len(self.joints) != JOINT_COUNT:
            raise ValueError(f"a rig map has {JOINT_COUNT} joints, not {len(self.joints)}")

    @cached_property
    def mapped(self) -> NDArray[np.intp]:
        """Canonical joints that the rig has."""
        return np.array([j for j, index in enumerate(self.joints) if index is not None], np.intp)

    @cached_property
    def lacking(self) -> tuple[str, ...]:
        """The groups of REQUIRED that are missing; empty if a motion on this rig can be made canonical."""
        return missing_groups({JOINTS[j] for j in self.mapped})

    def require_body(self, rig: Rig, source: Path | str) -> None:
        """RigError, with the missing joints and the command to add them, unless the map holds what a body needs."""
        if max((index for index in self.joints if index is not None), default=0) >= len(rig.joint_names):
            raise RigError(f"{source}: the rig map is of another rig with more joints; leave it out or create one.")
        if not self.lacking:
            return
        some = ", ".join(rig.joint_names[:6]) + (", ..." if len(rig.joint_names) > 6 else "")
        raise RigError(
            f"{source}: found no {'; no '.join(self.lacking)} among the rig's {len(rig.joint_names)} joints ({some}). "
            f"`mretrieve rig {source} --save rig.json` saves what was found; fill in the joints there and read "
            f"the file with `--rig-map rig.json`."
        )

    def rows(self, rig: Rig) -> list[tuple[str, str, str]]:
        """(canonical joint, rig joint, how it was found) of all 22 joints, for a table."""
        names = unique_names(rig.joint_names)
        return [
            (JOINTS[j], "-", "not in the rig: filled from its neighbours")
            if index is None
            else (JOINTS[j], names[index], self.origin)
            for j, index in enumerate(self.joints)
        ]


def find_rig_map(rig: Rig, positions: NDArray[np.floating], source: Path | str = "FILE") -> RigMap:
    """The map of a rig, as `guess_rig_map` finds it; RigError, naming `source`, if it lacks what a body needs."""
    rig_map = guess_rig_map(rig, positions)
    rig_map.require_body(rig, source)
    return rig_map


def guess_rig_map(rig: Rig, positions: NDArray[np.floating]) -> RigMap:
    """The likeliest map by names, bones and sides together; see `search_body`.

    `positions` (T, J, 3) are the motion's own, in any unit and axes. The map may lack what a body needs. It is kept for
    the next clip of the same rig if the rest pose shows a body, or if it is clear: then no movement can change it.
    Positions without a rest pose whose names are all canonical are taken by their names.
    """
    names = rig.joint_names
    if not rig.offsets.any() and set(names) <= set(JOINTS) and len(set(names)) == len(names):
        return RigMap(tuple(names.index(name) if name in names else None for name in JOINTS), "names", 1.0)
    key = (rig.joint_names, rig.parents.tobytes(), rig.offsets.round(6).tobytes())
    if key in _KEPT_MAPS:
        return _KEPT_MAPS[key]
    pose = telling_rest_pose(rig, positions)
    body = search_body(rig.joint_names, rig.parents, positions, pose)
    rig_map = RigMap(body.joints, body.origin, body.confidence)
    is_of_rig = pose is not None and not body.by_motion
    if is_of_rig or (body.confidence >= _CLEAR and rig.offsets.any()):
        if len(_KEPT_MAPS) >= _MOST_MAPS:
            _KEPT_MAPS.pop(next(iter(_KEPT_MAPS)))
        _KEPT_MAPS[key] = rig_map
    return rig_map


def unique_names(joint_names: tuple[str, ...]) -> tuple[str, ...]:
    """Joint names as rig map files spell them: the second joint of one name is "name#2", the third "name#3"."""
    seen: dict[str, int] = {}
    unique = []
    for name in joint_names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(unique)
