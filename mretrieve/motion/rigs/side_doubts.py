"""Left and right in names against the body: what they contradict is not corrected, but noted."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..canonical.facing import Facing
from ..frames import spread_frames
from ..motion import Rig
from ..skeleton import JOINT_COUNT, JOINTS
from .names import read_names
from .rig_map import RigMap

_LOOKED_AT_FRAMES = 32
#: Names tell the sides of a map if so many of the joints that have a side in their names agree with it.
_TELLING = 0.75
#: The axes of a file count as left-handed from about this evidence on, if nothing else speaks for it.
_BACKWARDS = -0.5
#: The mean cosine of the lines of hips and shoulders, both from right to left, of a body that nobody can twist so far.
_TWISTED = -0.5


def side_doubts(rig: Rig, positions: NDArray[np.floating], rig_map: RigMap) -> tuple[str, ...]:
    """How the body contradicts left and right in the names of its joints, a phrase each; empty if it does not.

    Names decide the sides of a rig map, because postures deceive. A body that is turned round as a whole has swapped
    names, or the axes of its file are left-handed: the same numbers say both. `positions` (T, J, 3) are the motion's
    own, in any unit and axes. Maps by shape alone are not judged.
    """
    elsewhere = _elsewhere(rig.joint_names, rig_map)
    if elsewhere is None:
        return ()
    doubts = [f"not on the side that the name says: {', '.join(elsewhere)}"] if elsewhere else []
    facing = Facing(_body(positions, rig_map), rig_map.mapped)
    if facing.twist < _TWISTED:
        doubts.append("the names call one side left at the hips and the other at the shoulders")
    elif facing.forwards < _BACKWARDS:
        doubts.append("feet and knees point backwards: the names are swapped, or the axes are left-handed")
    return tuple(doubts)


@lru_cache(maxsize=64)  # the takes of a recording share their rig
def _elsewhere(joint_names: tuple[str, ...], rig_map: RigMap) -> list[str] | None:
    """The joints that are on the side that their name does not say; None if names do not tell the sides of the map."""
    sides = [reading.side for reading in read_names(joint_names)]
    named = [
        (name, index) for name, index in zip(JOINTS, rig_map.joints, strict=True)
        if "_" in name and index is not None and sides[index]
    ]  # fmt: skip
    elsewhere = [joint_names[index] for name, index in named if not name.startswith(sides[index])]
    if rig_map.origin == "shape" or not named or len(elsewhere) > (1 - _TELLING) * len(named):
        return None
    return elsewhere


def _body(positions: NDArray[np.floating], rig_map: RigMap) -> NDArray[np.float32]:
    """Up to 32 frames (T, 22, 3) without missing samples; joints that the map lacks are at zero."""
    frames = spread_frames(len(positions), _LOOKED_AT_FRAMES)
    body = np.zeros((len(frames), JOINT_COUNT, 3), np.float32)
    body[:, rig_map.mapped] = positions[frames[:, None], [index for index in rig_map.joints if index is not None]]
    is_whole = np.isfinite(body)
    return body if is_whole.all() else body[is_whole.all(axis=(1, 2))]
