"""Finding a moment to the frame: where in a stretch of a clip the query occurs, and how fast.

Two alignments are used. Subsequence dynamic time warping tolerates a pause or a hurried step, but the ends of its path
are unreliable: a step that consumes a frame costs more than one that does not, so paths avoid frames, most of all at
their ends, and sometimes shrink to a single telling pose. A fixed-speed alignment, the query laid over the clip at one
speed, has no such freedom. If it explains the clip as well as the path does, it decides where the moment is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..kernels.warping import fixed_speed_costs, subsequence_matches
from ..motion import Clip
from ..motion.body_parts import PartWeights
from .alignment import combined_distance, same_motion_limit
from .pose_features import UNRELATED_M, PoseAligner, PoseFeatures, counted_joints

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


#: Distances (N,), as those of `Moments`, from means (N,) over the frames of both motions, along an alignment, of the
#: squared distances between frames.
DistancesOfMeans = Callable[[NDArray[np.floating]], NDArray[np.float64]]


def compared_frames(length: int) -> NDArray[np.int64]:
    """The frames of a query of that length that fixed-speed alignments compare: at most FIXED_SPEED_FRAMES."""
    return np.unique(np.linspace(0, length - 1, min(length, FIXED_SPEED_FRAMES)).round().astype(np.int64))


def best_moments(
    query: NDArray[np.float32],
    motions: Sequence[NDArray[np.float32]],
    distances_of: DistancesOfMeans,
    threads: int = 1,
) -> Moments:
    """The best moment of each motion, in features (n, D) of the query and (m_i, D) of the motions."""
    warped = warped_moments(query, motions, distances_of, threads)
    return steadier(warped, fixed_speed_moments(query, motions, distances_of))


def warped_moments(
    query: NDArray[np.float32],
    motions: Sequence[NDArray[np.float32]],
    distances_of: DistancesOfMeans,
    threads: int = 1,
) -> Moments:
    """The best warping path in each motion; arguments as `best_moments`."""
    step = -(-len(query) // WARPED_FRAMES)
    thinned = [np.ascontiguousarray(motion[::step]) for motion in motions]
    matches = subsequence_matches(query[::step], thinned, threads=threads)
    distances = distances_of(matches.costs / (len(query[::step]) + matches.ends - matches.starts))
    lengths = np.array([len(motion) for motion in motions], np.int64)
    return matches.starts * step, np.minimum(matches.ends * step, lengths), distances


def fixed_speed_moments(
    query: NDArray[np.float32], motions: Sequence[NDArray[np.float32]], distances_of: DistancesOfMeans
) -> Moments:
    """The best alignment at a fixed speed in each motion; arguments as `best_moments`."""
    found = []
    for motion in motions:
        distances, ends = _fixed_speed(query, motion, distances_of)
        start = int(distances.argmin())
        found.append((start, int(ends[start]), float(distances[start])))
    starts, last, nearest = np.array(found, np.float64).reshape(-1, 3).T
    return starts.astype(np.int64), last.astype(np.int64), nearest


def steadier(warped: Moments, fixed: Moments) -> Moments:
    """In each motion the moment at a fixed speed if it is as good as the warping path, else that of the path."""
    as_good = fixed[2] <= AS_GOOD * warped[2]
    distances = np.where(as_good, np.minimum(fixed[2], warped[2]), warped[2])
    return np.where(as_good, fixed[0], warped[0]), np.where(as_good, fixed[1], warped[1]), distances


def all_moments(
    query: NDArray[np.float32],
    motion: NDArray[np.float32],
    distances_of: DistancesOfMeans,
    still_pose_distance: float,
    limit: float | None,
) -> Moments:
    """The moments of a motion; arguments as `best_moments`, answer and limit as `MomentFinder.all_matches`."""
    distances, ends = _fixed_speed(query, motion, distances_of)
    limit = repetition_limit(float(distances.min()), still_pose_distance) if limit is None else limit
    chosen: list[int] = []
    for start in np.argsort(distances, kind="stable").tolist():
        if not (distances[start] <= limit and ends[start]):  # infinite, without an end: no alignment starts here
            break
        if not any(same_moment(start, int(ends[start]), better, int(ends[better])) for better in chosen):
            chosen.append(start)
    starts = np.array(chosen, np.int64)
    return starts, ends[starts].astype(np.int64), distances[starts]


def _fixed_speed(
    query: NDArray[np.float32], motion: NDArray[np.float32], distances_of: DistancesOfMeans
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Distance of the best fixed-speed alignment from each start (m,), infinite if none fits, and its end (m,)."""
    speeds = SPEEDS[np.rint((len(query) - 1) * SPEEDS) < len(motion)]
    if not len(speeds):  # shorter than the query at its fastest: only the motion as a whole is left
        speeds = np.array([(len(motion) - 1) / max(len(query) - 1, 1)])
    frames = compared_frames(len(query))
    costs, ends = fixed_speed_costs(query[frames], frames, motion, speeds)
    return distances_of(0.5 * costs), ends


class PoseComparer(Protocol):
    """A query, as it is or mirrored, ready to be compared with clips frame by frame and found in stretches of them."""

    @property
    def copy_limit(self) -> float:
        """The pose distance up to which a motion is the same performance as the query; negative if none can be."""
        ...

    @property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        ...

    def distances(self, clips: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each clip as a whole, about 1 for unrelated motions."""
        ...

    def best(self, regions: Sequence[Clip], threads: int = 1) -> Moments:
        """The best moment of each region (N,), frames counted from the region's first."""
        ...

    def all_matches(self, region: Clip, limit: float | None = None) -> Moments:
        """The moments of a region, best first, none beyond the distance `limit`, which by default follows the best's.

        No two of them share more than SAME_MOMENT_OVERLAP of the shorter one.
        """
        ...

    def combined(self, embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """One distance (N,) from that of the embedding and that of the poses."""
        ...


class MomentFinder:
    """The comparer of queries in three dimensions; see `PoseComparer`."""

    def __init__(self, query: Clip, part_weights: PartWeights | None = None) -> None:
        self._weights = part_weights or PartWeights()
        self._query = self._weights.masked(query)

    @cached_property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        seen = self._query.seen_joints
        variance = self._features([self._query], seen)[0].var(axis=0).sum(keepdims=True)
        return float(self._distances(0.5 * variance, seen)[0])

    def distances(self, clips: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each clip as a whole; see `pose_features.pose_distances`."""
        return PoseAligner(self._query, self._weights).distances(clips, threads)

    def best(self, regions: Sequence[Clip], threads: int = 1) -> Moments:
        """The best moment of each region (N,), frames counted from the region's first."""
        starts, ends = np.zeros(len(regions), np.int64), np.zeros(len(regions), np.int64)
        distances = np.zeros(len(regions))
        masked = [self._weights.masked(region) for region in regions]
        patterns, members = np.unique([self._seen_by_both(clip) for clip in masked], axis=0, return_inverse=True)
        for pattern, seen in enumerate(patterns):
            rows = np.flatnonzero(members.ravel() == pattern)
            query, *motions = self._features([self._query, *(masked[row] for row in rows.tolist())], seen)
            distances_of = partial(self._distances, seen=seen)
            starts[rows], ends[rows], distances[rows] = best_moments(query, motions, distances_of, threads)
        return starts, ends, distances

    def all_matches(self, region: Clip, limit: float | None = None) -> Moments:
        """The moments of a region, best first, none beyond the distance `limit`, which by default follows the best's.

        No two of them share more than SAME_MOMENT_OVERLAP of the shorter one.
        """
        masked = self._weights.masked(region)
        seen = self._seen_by_both(masked)
        query, motion = self._features([self._query, masked], seen)
        return all_moments(query, motion, partial(self._distances, seen=seen), self.still_pose_distance, limit)

    def combined(self, embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """One distance (N,) from that of the embedding and that of the poses; see `alignment.combined_distance`."""
        return combined_distance(embedding, poses, self.still_pose_distance)

    @property
    def copy_limit(self) -> float:
        """The pose distance up to which a motion is the same performance as the query."""
        return same_motion_limit(self.still_pose_distance)

    def _seen_by_both(self, masked: Clip) -> NDArray[np.bool_]:
        """(22,) the joints that are observed in the query and in another clip."""
        return np.logical_and(self._query.seen_joints, masked.seen_joints)

    def _features(self, masked: Sequence[Clip], seen: NDArray[np.bool_]) -> list[NDArray[np.float32]]:
        """(T, 3 J + 3) of each clip: poses of the J compared joints, and the velocity of the root.

        Position and heading of the body are taken from joints that both have, or a lost leg would move all the others.
        """
        features = PoseFeatures.by(seen, counted_joints(seen, self._weights), self._weights)
        return features.of([clip.positions for clip in masked])

    def _distances(self, means: NDArray[np.floating], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Distances (N,) from mean squared distances (N,) per step in the query or in the motion."""
        joint_count = len(counted_joints(seen, self._weights))
        return np.asarray(np.sqrt(means / joint_count) / UNRELATED_M, np.float64)
