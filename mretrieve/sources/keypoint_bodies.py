"""Bodies in two dimensions as the rest of mretrieve sees bodies: with a rig, a rig map, and a clip in space."""

from __future__ import annotations

import numpy as np

from ..motion import Clip, Motion, Rig, RigMap
from ..motion.joint_sets import JOINT_SETS
from ..motion.keypoints import Keypoints
from ..motion.view import View

#: How the maps of keypoints are named, before the name of the set.
_JOINT_SET = "joint set "


def lift_view(view: View) -> Clip:
    """The clip that is lifted from a view."""
    from ..lifting import lift  # its weights are of no use to motion in space

    return lift(view)


def joint_set_map(keypoints: Keypoints) -> RigMap:
    """The canonical joints among those of keypoints."""
    return RigMap(JOINT_SETS[keypoints.joint_set].canonical, f"{_JOINT_SET}{keypoints.joint_set}", 1.0)


def is_joint_set(rig: str) -> bool:
    """Whether a clip whose rig map has this origin was lifted from keypoints."""
    return rig.startswith(_JOINT_SET)


def body_rig(motion: Motion | Keypoints) -> Rig:
    """The joints of a body; those of keypoints have no parents and lengths."""
    if isinstance(motion, Motion):
        return motion.rig
    names = JOINT_SETS[motion.joint_set].joints
    return Rig(names, np.full(len(names), -1, np.int32), np.zeros((len(names), 3)))
