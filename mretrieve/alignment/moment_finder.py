"""Finding a moment to the frame: where in a stretch of a clip the query occurs, and how fast.

Two alignments are used. Subsequence dynamic time warping tolerates a pause or a hurried step, but the ends of its path
are unreliable: a step that consumes a frame costs more than one that does not, so paths avoid frames, most of all at
their ends, and sometimes shrink to a single telling pose. A fixed-speed alignment, the query laid over the clip at one
speed, has no such freedom. If it explains the clip as well as the path does, it decides where the moment is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
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


def apart(starts: NDArray[np.integer], ends: NDArray[np.integer]) -> list[int]:
    """The stretches (N,) of a clip, best first, that are not the same moment as a better one: their positions.

    Two are the same moment if they share more than SAME_MOMENT_OVERLAP of the shorter one.
    """
    kept: list[int] = []
    left, lengths = np.arange(len(starts)), ends - starts
    while len(left):
        best, others = int(left[0]), left[1:]
        kept.append(best)
        shared = np.minimum(ends[others], ends[best]) - np.maximum(starts[others], starts[best])
        left = others[shared <= SAME_MOMENT_OVERLAP * np.minimum(lengths[others], lengths[best])]
    return kept


#: Distances (N,), as those of `Moments`, from means (N,) over the frames of both motions, along an alignment, of the
#: squared distances between frames.
DistancesOfMeans = Callable[[NDArray[np.floating]], NDArray[np.float64]]


#: Alignments of a query with a motion (m, D) at a fixed speed: the distance of the best one from each start (m,),
#: infinite if none fits, and its end (m,).
FixedSpeed = tuple[NDArray[np.float64], NDArray[np.int32]]


@lru_cache(256)
def compared_frames(length: int) -> NDArray[np.int64]:
    """The frames of a query of that length that fixed-speed alignments compare: at most FIXED_SPEED_FRAMES."""
    frames = np.unique(np.linspace(0, length - 1, min(length, FIXED_SPEED_FRAMES)).round().astype(np.int64))
    frames.flags.writeable = False  # shared by all that ask
    return frames


def warped_moments(
    query: NDArray[np.float32],
    motions: Sequence[NDArray[np.float32]],
    distances_of: DistancesOfMeans,
    threads: int = 1,
) -> Moments:
    """The best warping path in each motion, in features (n, D) of the query and (m_i, D) of the motions."""
    step = -(-len(query) // WARPED_FRAMES)
    thinned = [np.ascontiguousarray(motion[::step]) for motion in motions]
    matches = subsequence_matches(query[::step], thinned, threads=threads)
    distances = distances_of(matches.costs / (len(query[::step]) + matches.ends - matches.starts))
    lengths = np.array([len(motion) for motion in motions], np.int64)
    return matches.starts * step, np.minimum(matches.ends * step, lengths), distances


def fixed_speed_moments(
    query: NDArray[np.float32], motions: Sequence[NDArray[np.float32]], distances_of: DistancesOfMeans
) -> Moments:
    """The best alignment at a fixed speed in each motion; arguments as `warped_moments`."""
    return best_fixed(fixed_speeds(query, motions, distances_of))


def best_fixed(alignments: Sequence[FixedSpeed]) -> Moments:
    """The best of the alignments at a fixed speed in each motion."""
    starts = np.array([distances.argmin() for distances, _ in alignments], np.int64)
    found = [(ends[start], distances[start]) for start, (distances, ends) in zip(starts, alignments, strict=True)]
    ends, nearest = np.array(found, np.float64).reshape(-1, 2).T
    return starts, ends.astype(np.int64), nearest


def steadier(warped: Moments, fixed: Moments) -> Moments:
    """In each motion the moment at a fixed speed if it is as good as the warping path, else that of the path."""
    as_good = fixed[2] <= AS_GOOD * warped[2]
    distances = np.where(as_good, np.minimum(fixed[2], warped[2]), warped[2])
    return np.where(as_good, fixed[0], warped[0]), np.where(as_good, fixed[1], warped[1]), distances


def all_moments(alignments: FixedSpeed, still_pose_distance: float, limit: float | None) -> Moments:
    """The moments of a motion by its alignments; answer and limit as `SearchedRegions.all_matches`."""
    distances, ends = alignments
    limit = repetition_limit(float(distances.min()), still_pose_distance) if limit is None else limit
    order = np.argsort(distances, kind="stable")
    order = order[(distances[order] <= limit) & (ends[order] > 0)]  # without an end: no alignment starts here
    chosen = order[apart(order, ends[order])]
    return chosen.astype(np.int64), ends[chosen].astype(np.int64), distances[chosen]


def fixed_speeds(
    query: NDArray[np.float32], motions: Sequence[NDArray[np.float32]], distances_of: DistancesOfMeans
) -> list[FixedSpeed]:
    """The alignments at a fixed speed of a query (n, D) with each motion (m_i, D)."""
    frames = compared_frames(len(query))
    lengths = np.array([len(motion) for motion in motions])
    is_short = lengths <= np.rint((len(query) - 1) * SPEEDS).min()
    # Those that are shorter than the query at its fastest are only compared as a whole.
    groups = [([row], (lengths[row, None] - 1) / max(len(query) - 1, 1)) for row in np.flatnonzero(is_short).tolist()]
    if not is_short.all():
        groups.append((np.flatnonzero(~is_short).tolist(), SPEEDS))
    found: dict[int, FixedSpeed] = {}
    for rows, speeds in groups:
        costs, ends = fixed_speed_costs(query[frames], frames, [motions[row] for row in rows], speeds)
        cuts = np.cumsum(lengths[rows])[:-1]
        parts = np.split(distances_of(0.5 * costs), cuts), np.split(ends, cuts)
        found.update(zip(rows, zip(*parts, strict=True), strict=True))
    return [found[row] for row in range(len(motions))]


class SearchedRegions(Protocol):
    """Regions of clips in which a query is looked for; frames count from a region's first."""

    def best(self, numbers: Sequence[int], threads: int = 1) -> Moments:
        """The best moment of each of the regions of these numbers (N,)."""
        ...

    def all_matches(self, number: int, limit: float | None = None) -> Moments:
        """The moments of a region, best first, none beyond the distance `limit`, which by default follows the best's.

        No two of them share more than SAME_MOMENT_OVERLAP of the shorter one.
        """
        ...


class PoseComparer(Protocol):
    """A query, as it is or mirrored, ready to be compared with clips frame by frame and found in stretches of them."""

    @property
    def copy_limit(self) -> float:
        """The pose distance up to which a motion can be a copy of the query's performance; negative if none can be."""
        ...

    @property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        ...

    def distances(self, clips: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each clip as a whole, about 1 for unrelated motions."""
        ...

    def among(self, regions: Sequence[Clip]) -> SearchedRegions:
        """The regions, to look for the query in them."""
        ...

    def combined(self, embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """One distance (N,) from that of the embedding and that of the poses."""
        ...


class MomentFinder:
    """The comparer of queries in three dimensions; see `PoseComparer`."""

    def __init__(self, query: Clip, part_weights: PartWeights | None = None) -> None:
        self._weights = part_weights or PartWeights()
        self._query = self._weights.masked(query)
        self._by_joints: dict[bytes, _Compared] = {}

    @cached_property
    def still_pose_distance(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        compared = self._compared(self._query.seen_joints)
        variance = compared.query.var(axis=0).sum(keepdims=True)
        return float(compared.distances(0.5 * variance)[0])

    def distances(self, clips: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each clip as a whole; see `pose_features.pose_distances`."""
        return PoseAligner(self._query, self._weights).distances(clips, threads)

    def among(self, regions: Sequence[Clip]) -> SearchedMotions:
        """The regions, to look for the query in them."""
        masked = [self._weights.masked(region) for region in regions]
        seen = [np.logical_and(self._query.seen_joints, clip.seen_joints) for clip in masked]
        groups: dict[bytes, list[int]] = {}
        for number, joints in enumerate(seen):
            groups.setdefault(joints.tobytes(), []).append(number)
        motions: list[_Motion | None] = [None] * len(regions)
        for numbers in groups.values():
            compared = self._compared(seen[numbers[0]])
            features = compared.features.of([masked[number].positions for number in numbers])
            for number, own in zip(numbers, features, strict=True):
                motions[number] = _Motion(compared, own)
        return SearchedMotions([motion for motion in motions if motion is not None], self.still_pose_distance)

    def best(self, regions: Sequence[Clip], threads: int = 1) -> Moments:
        """The best moment of each region (N,), frames counted from the region's first."""
        return self.among(regions).best(range(len(regions)), threads)

    def all_matches(self, region: Clip, limit: float | None = None) -> Moments:
        """The moments of a region; see SearchedRegions."""
        return self.among([region]).all_matches(0, limit)

    def combined(self, embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """One distance (N,) from that of the embedding and that of the poses; see `alignment.combined_distance`."""
        return combined_distance(embedding, poses)

    @property
    def copy_limit(self) -> float:
        """See `PoseComparer`."""
        return same_motion_limit(self.still_pose_distance)

    def _compared(self, seen: NDArray[np.bool_]) -> _Compared:
        """The query by the joints (22,) that it and a clip have.

        Position and heading of the body are taken from joints that both have, or a lost leg would move all the others.
        """
        key = seen.tobytes()
        if key not in self._by_joints:
            joints = counted_joints(seen, self._weights)
            features = PoseFeatures.by(seen, joints, self._weights)
            self._by_joints[key] = _Compared(features, features.of([self._query.positions])[0], len(joints))
        return self._by_joints[key]


@dataclass(frozen=True, eq=False)
class _Compared:
    """A query by the joints that it has in common with a clip.

    Attributes:
        features: poses of the J compared joints, and the velocity of the root.
        query: (n, 3 J + 3) those of the query.
        joint_count: J.
    """

    features: PoseFeatures
    query: NDArray[np.float32]
    joint_count: int

    def distances(self, means: NDArray[np.floating]) -> NDArray[np.float64]:
        """Distances (N,) from mean squared distances (N,) per step in the query or in the motion."""
        return np.asarray(np.sqrt(means / self.joint_count) / UNRELATED_M, np.float64)


@dataclass(frozen=True, eq=False)
class _Motion:
    """A region of a clip by the joints that the query and the clip have.

    Attributes:
        compared: the query by these joints.
        features: (m, F) those of the region.
    """

    compared: _Compared
    features: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SearchedMotions:
    """The regions of a `MomentFinder`; see `SearchedRegions`."""

    motions: list[_Motion]
    still_pose_distance: float

    @cached_property
    def alignments(self) -> list[FixedSpeed]:
        """The alignments of the query with each motion at a fixed speed."""
        found: dict[int, FixedSpeed] = {}
        for compared, rows in self._by_joints(range(len(self.motions))):
            features = [self.motions[row].features for row in rows]
            found.update(zip(rows, fixed_speeds(compared.query, features, compared.distances), strict=True))
        return [found[row] for row in range(len(self.motions))]

    def best(self, numbers: Sequence[int], threads: int = 1) -> Moments:
        """See SearchedRegions."""
        starts, ends, distances = (
            np.zeros(len(numbers), np.int64),
            np.zeros(len(numbers), np.int64),
            np.zeros(len(numbers)),
        )
        for compared, rows in self._by_joints(numbers):
            own = [numbers[row] for row in rows]
            features = [self.motions[number].features for number in own]
            warped = warped_moments(compared.query, features, compared.distances, threads)
            fixed = best_fixed([self.alignments[number] for number in own])
            starts[rows], ends[rows], distances[rows] = steadier(warped, fixed)
        return starts, ends, distances

    def all_matches(self, number: int, limit: float | None = None) -> Moments:
        """See SearchedRegions."""
        return all_moments(self.alignments[number], self.still_pose_distance, limit)

    def _by_joints(self, numbers: Sequence[int]) -> list[tuple[_Compared, list[int]]]:
        """Positions in `numbers`, by the joints that the query and the motions of these numbers have."""
        groups: dict[int, tuple[_Compared, list[int]]] = {}
        for row, number in enumerate(numbers):
            compared = self.motions[number].compared
            groups.setdefault(id(compared), (compared, []))[1].append(row)
        return list(groups.values())
