"""A rig map: which joint of a file's rig plays which joint of the canonical skeleton, and how that was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import RigError
from ..motion import Rig
from ..skeleton import JOINT_COUNT, JOINTS
from .names import match_names
from .topology import match_geometry

#: Each group needs one of its alternatives whole; everything else of a body can be filled in from its neighbours.
REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "pelvis or both hips": (("pelvis",), ("left_hip", "right_hip")),
    "both knees or both ankles": (("left_knee", "right_knee"), ("left_ankle", "right_ankle")),
    "neck, head or both shoulders": (("neck",), ("head",), ("left_shoulder", "right_shoulder")),
}

#: So many joints found by name need no second opinion; with fewer, the shape decides if it finds so many more.
_CLEAR_JOINTS, _CLEAR_LEAD = 14, 3
#: A shape below this is no human: people without names come out above .8, a hand at .3, a spider at .5, a dog at .55.
_LEAST_CONFIDENCE = 0.6


@dataclass(frozen=True)
class RigMap:
    """Which joint of one rig plays each canonical joint.

    `joints` holds, in the order of the canonical JOINTS, an index into the rig's joints or None where it has no such
    joint. `confidence` is the part of the 22 joints that was found, for a map by geometry lowered by what the shape
    leaves in doubt; 1 for a map that a user gave.
    """

    joints: tuple[int | None, ...]  # 22
    origin: str  # "table: CMU/HDM05 ASF", "heuristics" or "user"
    confidence: float  # in [0, 1]

    def __post_init__(self) -> None:
        if len(self.joints) != JOINT_COUNT:
            raise ValueError(f"a rig map has {JOINT_COUNT} joints, not {len(self.joints)}")

    @property
    def mapped(self) -> NDArray[np.intp]:
        """Canonical joints that the rig has."""
        return np.array([j for j, index in enumerate(self.joints) if index is not None], np.intp)

    @property
    def lacking(self) -> tuple[str, ...]:
        """What of REQUIRED is missing, in words; empty where a motion on this rig can be made canonical."""
        has = {JOINTS[j] for j in self.mapped}
        return tuple(what for what, ways in REQUIRED.items() if not any(has.issuperset(way) for way in ways))

    def require_body(self, rig: Rig, source: Path | str) -> None:
        """RigError, with what is missing and the command that mends it, unless the map holds what a body needs."""
        if max((index for index in self.joints if index is not None), default=0) >= len(rig.joint_names):
            raise RigError(f"{source}: the rig map is of another rig, with more joints; leave it out or make it anew.")
        if not self.lacking:
            return
        some = ", ".join(rig.joint_names[:6]) + (", ..." if len(rig.joint_names) > 6 else "")
        raise RigError(
            f"{source}: found no {'; no '.join(self.lacking)} among the rig's {len(rig.joint_names)} joints ({some}). "
            f"`mretrieve rig {source} --save rig.json` writes down what was found; fill in the joints there and give "
            f"it back with `--rig-map rig.json`."
        )

    def rows(self, rig: Rig) -> list[tuple[str, str, str]]:
        """(canonical joint, rig joint, how it was found) of all 22 joints, as a table for people shows them."""
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
    """The best map that names of known tools give, else the shape of the joint tree and how it stands and moves.

    `positions` (T, J, 3) are the motion's own, in any unit and axes. The map may lack what a body needs.
    """
    by_name = match_names(rig.joint_names)
    named = RigMap(by_name.joints, f"table: {by_name.origin}", by_name.count / JOINT_COUNT)
    if not named.lacking and len(named.mapped) >= _CLEAR_JOINTS:
        return named
    by_shape = match_geometry(rig.parents, positions)
    if by_shape is None:
        return named
    if by_shape.confidence < _LEAST_CONFIDENCE:
        return named
    found = RigMap(by_shape.joints, "heuristics", by_shape.confidence)
    if named.lacking and not found.lacking:
        return found
    return found if len(found.mapped) > len(named.mapped) + _CLEAR_LEAD and not found.lacking else named


def unique_names(joint_names: tuple[str, ...]) -> tuple[str, ...]:
    """Joint names as rig map files spell them: the second joint of one name is "name#2", the third "name#3"."""
    seen: dict[str, int] = {}
    unique = []
    for name in joint_names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(unique)
