"""Poses between the frames of a motion: rotations by slerp, translations linearly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion import Motion
from ..motion.motion import Poses
from ..motion.rotations import slerp

#: A time this near to a frame, in frames, is that frame.
_AT_FRAME = 1e-6


def poses_at(motion: Motion, frames: NDArray[np.float64]) -> Poses:
    """The poses of a motion at the frames (N,), 0 to T - 1; fractions lie between two frames."""
    before = np.clip(np.floor(frames + _AT_FRAME).astype(np.intp), 0, motion.frame_count - 1)
    fraction = np.clip(frames - before, 0.0, 1.0)
    rotations, translations = motion.poses(before)
    between = np.flatnonzero(fraction > _AT_FRAME)
    if len(between):
        following = motion.poses(np.minimum(before[between] + 1, motion.frame_count - 1))
        part = fraction[between, None, None]
        translations[between] += part * (following.translations - translations[between])
        rotations[between] = slerp(rotations[between], following.rotations, part)
    return Poses(rotations, translations)
