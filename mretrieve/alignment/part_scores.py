"""How alike two aligned motions are in each part of the body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.skeleton import PARTS
from .score import score_of

#: Root mean squared distance in metres of a part's joints between unrelated motions, as the re-ranker counts it
#: (`search.rerank.UNRELATED_M` is the body's). Measured on 250 pairs of clips of other classes and performers in the
#: training split of hdm05; renditions of one class there are at .36 of it: arms swing wide, a torso hardly moves.
UNRELATED_PART_M = {"torso": 0.20, "left_arm": 0.31, "right_arm": 0.31, "left_leg": 0.28, "right_leg": 0.28}


def joint_errors(
    query: NDArray[np.floating], other: NDArray[np.floating], path: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Distance (L, 22) in metres of each joint along a path (L, 2), of poses (n, 22, 3) and (m, 22, 3)."""
    apart = query[path[:, 0]] - other[path[:, 1]]
    return np.asarray(np.sqrt(np.einsum("ljc,ljc->lj", apart, apart)), np.float32)


def part_scores(errors_m: NDArray[np.floating], path: NDArray[np.integer]) -> dict[str, float]:
    """Score in [0, 1] of each part that has a joint in common, as `search.score.score_of` gives it for a whole body.

    The distance is the re-ranker's (`search.rerank.pose_distances`) over the part's joints: the root of the squared
    errors' sum along the path over joints and frames of both motions. It is divided by UNRELATED_PART_M.

    Args:
        errors_m: (L, 22) from joint_errors; NaN where a joint is not compared.
        path: (L, 2).
    """
    steps = int((path[-1] - path[0] + 1).sum())
    scores = {}
    for part, joints in PARTS.items():
        mine = errors_m[:, list(joints)]
        seen = np.isfinite(mine)
        if seen.any():
            mean_square = float(np.square(mine[seen], dtype=np.float64).mean()) * len(path) / steps
            scores[part] = score_of(mean_square**0.5 / UNRELATED_PART_M[part])
    return scores
