"""Normalised poses with the velocities of their joints: by what frames of motion in two dimensions are compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.bones import USED_JOINTS
from ..motion.clip import CANONICAL_FPS
from ..motion.skeleton import joint

#: The joints, as positions in USED_JOINTS, that detectors find or that lie between such: not the head and the feet.
FOUND_JOINTS = tuple(
    place
    for place, number in enumerate(USED_JOINTS)
    if number not in (joint("head"), joint("left_foot"), joint("right_foot"))
)
#: A velocity of one metre a second counts as an offset of this many metres. Chosen on the takes of CMU in `chosen` of
#: `evaluation.data_sets.view_split`, three drawings of cameras: hits along the path .88 without, .93 with .4, .95 with
#: .6, .94 with .8 and 1.2.
VELOCITY_S = 0.6
_SMOOTHED_FRAMES = 5


def moving_poses(poses: NDArray[np.floating], velocity_s: float = VELOCITY_S) -> NDArray[np.float32]:
    """Poses (T, J, C) and their velocities, side by side: (T, J, 2 C).

    Velocities are those of the mean over five frames, times `velocity_s`. A pose alone is often the same on the way up
    and on the way down, and its errors change slowly, so that velocities have less of them.
    """
    half = _SMOOTHED_FRAMES // 2
    if len(poses) < 2:
        return np.concatenate([poses, np.zeros_like(poses)], axis=2, dtype=np.float32)
    padded = np.pad(np.asarray(poses, np.float64), ((half, half), (0, 0), (0, 0)), mode="edge")
    sums = np.cumsum(np.concatenate([np.zeros_like(padded[:1]), padded]), axis=0)
    smooth = (sums[_SMOOTHED_FRAMES:] - sums[:-_SMOOTHED_FRAMES]) / _SMOOTHED_FRAMES
    velocities = velocity_s * CANONICAL_FPS * np.gradient(smooth, axis=0)
    return np.concatenate([poses, velocities], axis=2, dtype=np.float32)
