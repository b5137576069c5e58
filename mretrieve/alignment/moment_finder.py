"""Finding a moment to the frame: where in a stretch of a clip the query occurs, and how fast.

Two alignments are used. Subsequence dynamic time warping tolerates a pause or a hurried step, but the ends of its path
are unreliable: a step that consumes a frame costs more than one that does not, so paths avoid frames, most of all at
their ends, and sometimes shrink to a single telling pose. A fixed-speed alignment, the query laid over the clip at one
speed, has no such freedom. If it explains the clip as well as the path does, it decides where the moment is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..kernels.warping import fixed_speed_costs, subsequence_matches
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.body_view import body_view
from .pose_features import UNRELATED_M, PoseFeatures, counted_joints

#: How many frames of a clip correspond to one frame of the query: half to twice, with some to spare, 3.5 % apart.
SPEEDS = np.exp(np.linspace(-1, 1, 45) * np.log(2.15))
#: The most frames of a query that are warped; a longer query is thinned, and the clip with it.
WARPED_FRAMES = 90
#: The most frames of a query that a fixed-speed alignment compares, evenly spaced.
FIXED_SPEED_FRAMES = 45
#: A fixed-speed alignment is as good as a warping path up to this many times the path's distance.
AS_GOOD = 1.05
#: Two stretches of one clip are the same moment if they share more than this part of the shorter one.
SAME_MOMENT_OVERLAP = 0.5

#: Moments of a region: first frames (N,), frames after the last (N,), and distances (N,): root mean squared per joint,
#: about 1 for unrelated motions.
Moments = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def repetition_limit(best: float, still_pose_distance: float = np.inf) -> float:
    """The distance up to which moments of a clip repeat its best one, of distance `best`; beyond it they are chance.

    No repetition is farther from the query than a body that stands still (`MomentFinder.still_pose_distance`), in
    addition to the distance of the best one. Chosen on takes of performers bd, bk and mm of HDM05
    (benchmarks/repetitions.py).
    """
    return min(0.6, 2.0 * max(best, 0.3), float(np.hypot(best, still_pose_distance)))


def same_moment(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two stretches of a clip share more than SAME_MOMENT_OVERLAP of the shorter one."""
    shared = min(end, other_end) - max(start, other_start)
    return shared > SAME_MOMENT_OVERLAP * min(end - start, other_end - other_start)


class MomentFinder:
    """One query, as it is or mirrored, ready to be found in stretches of clips."""

    def __init__(self, query: Clip, part_weights: PartWeights | None = None) -> None:
        self._weights = part_weights or PartWeights()
        self._query = self._weights.masked(query)
        self._length = query.frame_count
        compared = np.linspace(0, self._length - 1, min(self._length, FIXED_SPEED_FRAMES))
        self._frames = np.unique(compared.round().astype(np.int64))

    @cached_property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        seen = self._query.seen_joints
        variance = self._features(self._query, seen).var(axis=0).sum(keepdims=True)
        return float(self._distances(0.5 * variance, seen)[0])

    def best(self, regions: Sequence[Clip], threads: int = 1) -> Moments:
        """The best moment of each region (N,), frames counted from the region's first."""
        starts, ends = np.zeros(len(regions), np.int64), np.zeros(len(regions), np.int64)
        distances = np.zeros(len(regions))
        masked = [self._weights.masked(region) for region in regions]
        patterns, members = np.unique([self._seen_by_both(clip) for clip in masked], axis=0, return_inverse=True)
        step = -(-self._length // WARPED_FRAMES)
        for pattern, seen in enumerate(patterns):
            rows = np.flatnonzero(members.ravel() == pattern)
            query = self._features(self._query, seen)
            motions = [self._features(masked[row], seen) for row in rows.tolist()]
            thinned = [np.ascontiguousarray(motion[::step]) for motion in motions]
            matches = subsequence_matches(query[::step], thinned, threads=threads)
            steps = len(query[::step]) + matches.ends - matches.starts
            starts[rows] = matches.starts * step
            ends[rows] = np.minimum(matches.ends * step, [len(motion) for motion in motions])
            distances[rows] = self._distances(matches.costs / steps, seen)
            for row, motion in zip(rows.tolist(), motions, strict=True):
                fixed, fixed_ends = self._fixed_speed(query, motion, seen)
                start = int(fixed.argmin())
                if fixed[start] <= AS_GOOD * distances[row]:
                    starts[row], ends[row] = start, fixed_ends[start]
                    distances[row] = min(fixed[start], distances[row])
        return starts, ends, distances

    def all_matches(self, region: Clip, limit: float | None = None) -> Moments:
        """The moments of a region, best first, none beyond the distance `limit`, which by default follows the best's.

        No two of them share more than SAME_MOMENT_OVERLAP of the shorter one.
        """
        masked = self._weights.masked(region)
        seen = self._seen_by_both(masked)
        query, motion = self._features(self._query, seen), self._features(masked, seen)
        distances, ends = self._fixed_speed(query, motion, seen)
        limit = repetition_limit(float(distances.min()), self.still_pose_distance) if limit is None else limit
        chosen: list[int] = []
        for start in np.argsort(distances, kind="stable").tolist():
            if not (distances[start] <= limit and ends[start]):  # infinite, without an end: no alignment starts here
                break
            if not any(same_moment(start, int(ends[start]), better, int(ends[better])) for better in chosen):
                chosen.append(start)
        starts = np.array(chosen, np.int64)
        return starts, ends[starts].astype(np.int64), distances[starts]

    def _fixed_speed(
        self, query: NDArray[np.float32], motion: NDArray[np.float32], seen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Distance of the best fixed-speed alignment from each start (m,), infinite if none fits, and its end (m,)."""
        speeds = SPEEDS[np.rint((self._length - 1) * SPEEDS) < len(motion)]
        if not len(speeds):  # shorter than the query at its fastest: only the motion as a whole is left
            speeds = np.array([(len(motion) - 1) / max(self._length - 1, 1)])
        costs, ends = fixed_speed_costs(query[self._frames], self._frames, motion, speeds)
        return self._distances(0.5 * costs, seen), ends

    def _seen_by_both(self, masked: Clip) -> NDArray[np.bool_]:
        """(22,) the joints that are observed in the query and in another clip."""
        return np.logical_and(self._query.seen_joints, masked.seen_joints)

    def _features(self, masked: Clip, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(T, 3 J + 3) poses of the J compared joints and the velocity of the root, which counts like the torso.

        Position and heading of the body are taken from joints that both have, or a lost leg would move all the others.
        """
        view = body_view(masked.positions, np.broadcast_to(seen, masked.observed.shape))
        joints = counted_joints(seen, self._weights)
        return PoseFeatures.of_view(view).matrix(joints, part_weights=self._weights)

    def _distances(self, means: NDArray[np.floating], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Distances (N,) from mean squared distances (N,) per step in the query or in the motion."""
        joint_count = len(counted_joints(seen, self._weights))
        return np.asarray(np.sqrt(means / joint_count) / UNRELATED_M, np.float64)
