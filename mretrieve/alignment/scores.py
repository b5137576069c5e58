"""From distances to the numbers that users read: one distance per match, a score in [0, 1], a score per body part."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import PARTS

#: Weight of the pose distance against that of the embedding. Chosen on the training sets by benchmarks/rerank.py.
DTW_WEIGHT = 0.1
#: Pose distance below which two motions are the same performance: that of a piece of a take, at another speed, on a
#: body of other proportions, with 10 mm of noise (benchmarks/localisation.py). Other performers are farther away.
SAME_MOTION = 0.25
#: The combined distance that corresponds to SAME_MOTION.
NEAR_COPY = 0.05
#: Set by eye on the training sets: of the clips with a score of .81 there, 93 in 100 belong to the query's class, with
#: .44 63 and with .16 16.
_SCORE_WIDTH = 0.42
#: Root mean squared distance in metres of the joints of a part between unrelated motions, as the re-ranker measures it
#: (`pose_features.UNRELATED_M` is for the whole body). Measured on 250 pairs of clips of different classes and
#: performers in the training split of hdm05; clips of one class are at .36 of it.
UNRELATED_PART_M = {"torso": 0.20, "left_arm": 0.31, "right_arm": 0.31, "left_leg": 0.28, "right_leg": 0.28}


def combined_distance(
    embedding: NDArray[np.float64],
    poses: NDArray[np.float64],
    still_pose_distance: float = np.inf,
    dtw_weight: float = DTW_WEIGHT,
) -> NDArray[np.float64]:
    """One distance (N,) from that of the embedding and that of the poses, all about 1 between unrelated motions.

    Among different performances of an action the embedding is more reliable, among copies of one performance the poses
    are. So a candidate whose poses are nearly the query's is ranked first, by its poses alone. Nearly means nearer than
    a body that stands still would be (`still_pose_distance`): otherwise every quiet stretch would be a copy of a quiet
    query.
    """
    mixed = NEAR_COPY + (1.0 - NEAR_COPY) * ((1.0 - dtw_weight) * embedding + dtw_weight * poses)
    return np.where(poses <= same_motion_limit(still_pose_distance), NEAR_COPY / SAME_MOTION * poses, mixed)


def same_motion_limit(still_pose_distance: float) -> float:
    """The pose distance up to which a motion is the same performance as the query; see `combined_distance`."""
    return min(SAME_MOTION, still_pose_distance)


def score_of(distance: float) -> float:
    """1 for the same motion, near 1 for other performances of it, near 0 for unrelated motions (distance about 1)."""
    return math.exp(-((max(distance, 0.0) / _SCORE_WIDTH) ** 2))


def joint_errors(
    query: NDArray[np.floating], other: NDArray[np.floating], path: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Distance (L, 22) in metres of each joint along a path (L, 2), of poses (n, 22, 3) and (m, 22, 3)."""
    offsets = query[path[:, 0]] - other[path[:, 1]]
    return np.asarray(np.sqrt(np.einsum("ljc,ljc->lj", offsets, offsets)), np.float32)


def part_scores(errors_m: NDArray[np.floating], path: NDArray[np.integer]) -> dict[str, float]:
    """Score in [0, 1] of each part with a joint in common, on the scale of `score_of`.

    The distance is the re-ranker's (`pose_features.pose_distances`) over the joints of the part, divided by
    UNRELATED_PART_M.

    Args:
        errors_m: (L, 22) from joint_errors; NaN for joints that are not compared.
        path: (L, 2).
    """
    steps = int((path[-1] - path[0] + 1).sum())
    scores = {}
    for part, joints in PARTS.items():
        errors = errors_m[:, list(joints)]
        seen = np.isfinite(errors)
        if seen.any():
            mean_square = float(np.square(errors[seen], dtype=np.float64).mean()) * len(path) / steps
            scores[part] = score_of(mean_square**0.5 / UNRELATED_PART_M[part])
    return scores
