"""The timing of one motion given to another: poses between frames, and the query's pace."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..alignment.pose_features import compared_joints, features_of
from ..kernels.warping import dtw_path
from ..motion import CANONICAL_FPS, Clip, Motion, mirror
from ..motion.body_parts import PartWeights
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


#: The path is smoothed over about so long: what is shorter are the steps in which DTW walks, and would stutter.
_SMOOTHED_S = 0.25
#: The most pairs of frames that are compared; beyond, both motions are thinned.
_MOST_PAIRS = 9_000_000


def warped_times(query: Clip, moment: Clip) -> NDArray[np.float64]:
    """The time (T,) of the moment, seconds from its first frame, at each of the query's T frames; never going back.

    The moment is aligned with the query or with its mirror image, whichever is nearer: a mirrored hit moves like that.
    """
    paths = [_path(asked, moment) for asked in (query, mirror(query))]
    path, _ = min(paths, key=lambda found: found[1])
    seen, first = np.unique(path[:, 0], return_index=True)
    matched = np.add.reduceat(path[:, 1].astype(np.float64), first) / np.diff([*first, len(path)])
    matched[[0, -1]] = path[[0, -1], 1]  # begins and ends meet
    frames = np.interp(np.arange(query.frame_count), seen, matched)
    return np.asarray(np.maximum.accumulate(_smoothed(frames)) / CANONICAL_FPS)


def _path(query: Clip, moment: Clip) -> tuple[NDArray[np.int32], float]:
    """The warping path (L, 2) in frames of both, over the joints that both have, and its cost."""
    step = max(1, int(np.ceil(np.sqrt(query.frame_count * moment.frame_count / _MOST_PAIRS))))
    joints = compared_joints(query, moment, PartWeights())
    path, cost = dtw_path(features_of(query, joints)[::step], features_of(moment, joints)[::step])
    last = np.array([query.frame_count - 1, moment.frame_count - 1])
    path = np.minimum(path * step, last).astype(np.int32)
    path[-1] = last
    return path, cost


def _smoothed(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frames (T,) that never go back, without the steps in which they go; they begin and end where they did.

    A Gaussian mean, with both ends continued by point reflection: a mean of such sequences never goes back either.
    """
    sigma = _SMOOTHED_S * CANONICAL_FPS / 2
    reach = min(int(3 * sigma), len(frames) - 1)
    if reach < 1:
        return frames
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    before = 2 * frames[0] - frames[reach:0:-1]
    after = 2 * frames[-1] - frames[-2 : -2 - reach : -1]
    continued = np.concatenate([before, frames, after])
    return np.asarray(np.convolve(continued, weights / weights.sum(), mode="valid"), np.float64)
