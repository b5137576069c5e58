"""How far the poses of what was found first are from the query's: the DTW error of DeepHuMS, in millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.dtw import dtw_path
from ..motion import Clip, heading_view
from .task import EvaluationTask


def warped_error_mm(query: Clip, found: Clip) -> float:
    """Mean distance of a joint, in mm, along the warping path of the poses; of the joints that both clips have.

    Each frame is turned into its own heading with the hips at the origin, at 30 fps. NaN without a common joint.
    """
    joints = query.seen_joints & found.seen_joints
    if not joints.any():
        return float("nan")
    ours, theirs = (heading_view(clip.positions, clip.observed) for clip in (query, found))
    path, _ = dtw_path(*(poses[:, joints].reshape(len(poses), -1) for poses in (ours, theirs)))
    apart = ours[path[:, 0]][:, joints] - theirs[path[:, 1]][:, joints]
    return float(np.linalg.norm(apart, axis=-1).mean(dtype=np.float64) * 1000.0)


def first_answers(task: EvaluationTask, distances: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest allowed item (Q,) of each query, of equal ones the first by path; -1 where nothing is allowed."""
    order = np.argsort([item.path for item in task.gallery], kind="stable")
    table = np.where(task.allowed, distances, np.inf)[:, order]
    return np.where(np.isfinite(table).any(axis=1), order[table.argmin(axis=1)], -1)


def retrieved_errors_mm(task: EvaluationTask, distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """`warped_error_mm` of each query (Q,) and its first answer; NaN for a query that has no relevant one to find."""
    errors = np.full(len(task.queries), np.nan)
    answerable = np.asarray((task.relevant & task.allowed).any(axis=1))
    for query, found in enumerate(first_answers(task, distances)):
        if answerable[query] and found >= 0:
            errors[query] = warped_error_mm(task.queries[query].clip, task.gallery[found].clip)
    return errors
