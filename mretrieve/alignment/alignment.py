"""The alignment of two motions: which frames correspond, the distance of each joint there, and scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..kernels.warping import dtw_path
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..motion.body_view import heading_view
from ..motion.skeleton import PARTS
from .pose_features import compared_joints, features_of

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
    embedding: NDArray[np.float64], poses: NDArray[np.float64], dtw_weight: float = DTW_WEIGHT
) -> NDArray[np.float64]:
    """One distance (N,) from that of the embedding and that of the poses, all about 1 between unrelated motions.

    At least NEAR_COPY: smaller ones are those of copies, see `copy_distance`.
    """
    return NEAR_COPY + (1.0 - NEAR_COPY) * ((1.0 - dtw_weight) * embedding + dtw_weight * poses)


def copy_distance(pose_distance: float) -> float:
    """The distance of a copy of the query's performance, by its poses alone.

    Among different performances of an action the embedding is more reliable, among copies of one performance the poses
    are.
    """
    return NEAR_COPY / SAME_MOTION * pose_distance


def same_motion_limit(still_pose_distance: float) -> float:
    """The pose distance up to which a motion can be the same performance as the query.

    A copy is nearer than a body that stands still would be (`still_pose_distance`): otherwise every quiet stretch would
    be a copy of a quiet query.
    """
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


#: Longer motions (by the geometric mean of both lengths) are thinned to this for the warping, and the path is
#: interpolated between the frames that are left: the table of all pairs of frames then takes 16 MB and half a second.
_MAX_FRAMES = 4000
#: The slope of the path is taken over this many frames before and after: single steps of a path are 0, 1 or any number.
_SLOPE_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Alignment:
    """A warping path between two clips, and the distance of each joint along it, seen from the body.

    Attributes:
        query: the first clip, n frames.
        other: the second clip, m frames.
        weights: how much each body part counts.
        path: (L, 2) int32, a frame of the query and the corresponding one of the other, both never decreasing.
        query_poses: (n, 22, 3) float32, metres, body frame: +X left, +Y up, +Z forwards.
        other_poses: (m, 22, 3) float32, likewise.
        error_mm: (L, 22) float32, NaN if either clip has not observed the joint.
    """

    query: Clip
    other: Clip
    weights: PartWeights
    path: NDArray[np.int32]
    query_poses: NDArray[np.float32]
    other_poses: NDArray[np.float32]
    error_mm: NDArray[np.float32]

    @property
    def mean_mm(self) -> float:
        """Weighted mean distance of the joints along the path."""
        weights = np.where(np.isfinite(self.error_mm), self.weights.of_joints(), 0.0)
        return float((np.nan_to_num(self.error_mm) * weights).sum(dtype=np.float64) / weights.sum(dtype=np.float64))

    @cached_property
    def joints_mm(self) -> NDArray[np.float64]:
        """Mean distance (22,) of each joint along the path, NaN for one that is not compared."""
        return _mean(self.error_mm, axis=0)

    @cached_property
    def parts_mm(self) -> dict[str, float]:
        """Mean distance of the joints of each part along the path; without parts that are not compared."""
        means = {part: float(_mean(self.error_mm[:, list(joints)].ravel(), 0)) for part, joints in PARTS.items()}
        return {part: mean for part, mean in means.items() if np.isfinite(mean)}

    @cached_property
    def part_scores(self) -> dict[str, float]:
        """Score in [0, 1] of each part that both clips have; see `scores.part_scores`."""
        return part_scores(self.error_mm / np.float32(1000.0), self.path)

    @cached_property
    def over_time_mm(self) -> NDArray[np.float64]:
        """Distance (n, 22) of each joint in each query frame: the mean over the corresponding frames."""
        return self._by_query_frame(self.error_mm)

    @cached_property
    def parts_over_time_mm(self) -> dict[str, NDArray[np.float64]]:
        """Mean distance (n,) of the joints of each compared part in each query frame; NaN if none was observed."""
        return {part: _mean(self.over_time_mm[:, list(PARTS[part])], axis=1) for part in self.parts_mm}

    @cached_property
    def frames_mm(self) -> NDArray[np.float64]:
        """Weighted mean distance (n,) of the joints in each query frame; NaN if none was observed."""
        return self._by_weight(self.over_time_mm)

    @cached_property
    def steps_mm(self) -> NDArray[np.float64]:
        """Weighted mean distance (L,) of the joints in each step of the path; NaN if none was observed."""
        return self._by_weight(self.error_mm)

    @cached_property
    def other_frames(self) -> NDArray[np.float64]:
        """Position of each query frame in the other clip (n,): the mean of the corresponding frames."""
        return self._by_query_frame(self.path[:, 1:].astype(np.float32))[:, 0]

    @cached_property
    def nearest_other(self) -> NDArray[np.intp]:
        """The frame of the other clip nearest to that position (n,)."""
        return np.rint(self.other_frames).astype(np.intp)

    @cached_property
    def slope(self) -> NDArray[np.float64]:
        """Frames of the other clip per frame of the query (n,), over a quarter of a second on each side."""
        frames = np.arange(len(self.other_frames))
        before, after = np.maximum(frames - _SLOPE_FRAMES, 0), np.minimum(frames + _SLOPE_FRAMES, len(frames) - 1)
        passed = self.other_frames[after] - self.other_frames[before]
        return np.asarray(passed / np.maximum(after - before, 1))

    @property
    def speed(self) -> float:
        """How much faster the other clip is: frames of the query per frame of the other, over the whole path."""
        first, last = self.path[0], self.path[-1]
        return float(last[0] - first[0] + 1) / float(last[1] - first[1] + 1)

    @cached_property
    def query_s(self) -> NDArray[np.float64]:
        """File time (n,) of each query frame."""
        return self.query.start_s + np.arange(self.query.frame_count) / CANONICAL_FPS

    @cached_property
    def other_s(self) -> NDArray[np.float64]:
        """File time (n,) in the other's file that corresponds to each query frame."""
        return self.other.start_s + self.other_frames / CANONICAL_FPS

    def _by_weight(self, errors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Joint-weighted mean over observed joints, (k,), of errors (k, 22); NaN if none is observed."""
        weights = np.where(np.isfinite(errors), self.weights.of_joints(), 0.0)
        total = weights.sum(axis=1)
        sums = (np.nan_to_num(errors) * weights).sum(axis=1)
        return np.asarray(np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0))

    def _by_query_frame(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Means (n, C) of values (L, C) over the steps of the path at each query frame, ignoring NaN."""
        seen = np.isfinite(values)
        starts = np.flatnonzero(np.diff(self.path[:, 0], prepend=-1))
        sums = np.add.reduceat(np.where(seen, values, 0.0).astype(np.float64), starts, axis=0)
        counts = np.add.reduceat(seen.astype(np.int64), starts, axis=0)
        return np.asarray(np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0))


def align(
    query: Clip,
    other: Clip,
    weights: PartWeights | None = None,
    features: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> Alignment:
    """Align two clips by dynamic time warping of poses in the body's own frame and the root's velocity.

    The features are those of the re-ranker (`pose_features.PoseAligner`), for the joints that both clips have observed.
    If none of those that count is, all that count are compared, with filled-in positions.

    Args:
        query: at least one frame.
        other: at least one frame.
        weights: how much each part counts; limbs of weight 0 are not compared.
        features: (n, F) and (m, F) by which the path is found instead.

    Raises:
        QueryError: a clip has no frames.
    """
    weights = weights or PartWeights()
    if not (query.frame_count and other.frame_count):
        raise QueryError("cannot align: a clip has no frames")
    query, other = weights.masked(query), weights.masked(other)
    query_poses, other_poses = (heading_view(clip.positions, clip.observed) for clip in (query, other))
    joints = compared_joints(query, other, weights)
    first, second = features or [features_of(clip, joints, weights) for clip in (query, other)]
    step = ceil((query.frame_count * other.frame_count) ** 0.5 / _MAX_FRAMES)
    path, _ = dtw_path(first[::step], second[::step])
    path = _in_all_frames(path, step, query.frame_count, other.frame_count)

    errors = joint_errors(query_poses, other_poses, path) * np.float32(1000.0)
    seen = query.observed[path[:, 0]] & other.observed[path[:, 1]] & query.seen_joints & other.seen_joints
    if seen[:, joints].any():
        errors[~seen] = np.nan
    return Alignment(query, other, weights, path, query_poses, other_poses, errors)


def _in_all_frames(path: NDArray[np.int32], step: int, query_count: int, other_count: int) -> NDArray[np.int32]:
    """A path over every `step`-th frame as one over all frames, linear between its points and to the ends."""
    if step == 1:
        return path
    towards = np.diff(path, axis=0)[:, None] * np.arange(step, dtype=np.int32)[:, None]
    between = (path[:-1, None] * step + towards).reshape(-1, 2)
    last = path[-1] * step
    to_the_end = np.minimum(last + np.arange(step, dtype=np.int32)[:, None], [query_count - 1, other_count - 1])
    whole = np.concatenate([between, to_the_end])
    return np.asarray(whole[np.r_[True, np.diff(whole, axis=0).any(axis=1)]], np.int32)


def _mean(values: NDArray[np.floating], axis: int) -> NDArray[np.float64]:
    """Mean of the values that are not NaN; NaN if all are."""
    seen = np.isfinite(values)
    counts = seen.sum(axis=axis)
    sums = np.where(seen, values, 0.0).sum(axis=axis, dtype=np.float64)
    return np.asarray(np.divide(sums, counts, out=np.full(np.shape(sums), np.nan), where=counts > 0))
