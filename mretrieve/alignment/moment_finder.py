"""Finding the moment to the frame: where in a stretch of a clip the query happens, and how fast.

Two alignments look for it. Subsequence dynamic time warping forgives a pause or a hurried step, but the ends of its
path wander: a step that consumes frames costs more than one that does not, so paths avoid frames, at their ends most,
and now and then shrink to one telling pose. A straight alignment, the query laid over the clip at one speed, has no
such freedom. Where it explains the clip as well as the path does, the moment is where it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..kernels.fixed_speed import straight_costs
from ..kernels.subsequence import subsequence_matches
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.views import body_view
from .pose_features import UNRELATED_M, Aligned, counted_joints

#: How many frames of a clip one frame of the query may take: half to twice, with some to spare, 3.5 % apart.
SPEEDS = np.exp(np.linspace(-1, 1, 45) * np.log(2.15))
#: The most frames of a query that are warped: a longer one is thinned, and what it is looked for in with it.
WARPED_FRAMES = 90
#: The most frames of a query that a straight alignment compares, evenly spaced.
STRAIGHT_FRAMES = 45
#: A straight alignment is as good as a warping path up to this many times the path's distance.
AS_GOOD = 1.05
#: Two moments of one clip are the same where they share more than this part of the shorter one.
SAME_MOMENT_OVERLAP = 0.5


@dataclass(frozen=True)
class Located:
    """A moment within a region, frames counted from the region's first."""

    start_frame: int
    end_frame: int  # exclusive
    distance: float  # root mean squared distance per joint, about 1 for unrelated motions
    speed: float  # how many times as fast as the query: 2 where it takes half as long


def repetition_limit(best: float, stillness: float = np.inf) -> float:
    """The distance up to which moments of a clip repeat its best one, of distance `best`; beyond it they are chance.

    No repetition is farther from the query than a body that stands still all the while (`Localiser.stillness`), over
    and above what the best one is. Chosen on takes of performers bd, bk and mm of HDM05 (benchmarks/repetitions.py).
    """
    return min(0.6, 2.0 * max(best, 0.3), float(np.hypot(best, stillness)))


class Localiser:
    """One version of a query (as it is, or mirrored), ready to be looked for."""

    def __init__(self, query: Clip, weights: PartWeights | None = None) -> None:
        self._weights = weights or PartWeights()
        self._query = self._weights.masked(query)
        self._length = query.frame_count
        compared = np.linspace(0, self._length - 1, min(self._length, STRAIGHT_FRAMES))
        self._frames = np.unique(compared.round().astype(np.int64))

    @cached_property
    def stillness(self) -> float:
        """The distance from the query to a body that stands still in the mean of its poses."""
        seen = self._query.seen_joints
        variance = self._features(self._query, seen).var(axis=0).sum(keepdims=True)
        return float(self._distances(0.5 * variance, seen)[0])

    def best(self, regions: Sequence[Clip], threads: int = 1) -> list[Located]:
        """The best moment of each region."""
        found: list[Located | None] = [None] * len(regions)
        masked = [self._weights.masked(region) for region in regions]
        patterns, members = np.unique([self._seen_by_both(clip) for clip in masked], axis=0, return_inverse=True)
        step = -(-self._length // WARPED_FRAMES)
        for number, seen in enumerate(patterns):
            mine = np.flatnonzero(members.ravel() == number).tolist()
            query = self._features(self._query, seen)
            motions = [self._features(masked[index], seen) for index in mine]
            thinned = [np.ascontiguousarray(motion[::step]) for motion in motions]
            matches = subsequence_matches(query[::step], thinned, threads=threads)
            steps = len(query[::step]) + matches.ends - matches.starts
            distances = self._distances(matches.costs / steps, seen)
            ends = np.minimum(matches.ends * step, [len(motion) for motion in motions])
            for place, index in enumerate(mine):
                warped = self._located(int(matches.starts[place]) * step, int(ends[place]), float(distances[place]))
                found[index] = self._better(warped, *self._straight(query, motions[place], seen))
        return [moment for moment in found if moment is not None]

    def _better(self, warped: Located, distances: NDArray[np.float64], ends: NDArray[np.int32]) -> Located:
        """The warped moment, or the best straight one, where that is as good; the distance is the smaller one."""
        start = int(distances.argmin())
        straight = float(distances[start])
        if straight > AS_GOOD * warped.distance:
            return warped
        return self._located(start, int(ends[start]), min(straight, warped.distance))

    def every(self, region: Clip, limit: float | None = None) -> list[Located]:
        """The moments of a region, best first, none beyond the distance `limit`, which follows from the best's.

        No two of them share more than SAME_MOMENT_OVERLAP of the shorter one.
        """
        masked = self._weights.masked(region)
        seen = self._seen_by_both(masked)
        query, motion = self._features(self._query, seen), self._features(masked, seen)
        distances, ends = self._straight(query, motion, seen)
        limit = repetition_limit(float(distances.min()), self.stillness) if limit is None else limit
        found: list[Located] = []
        for start in np.argsort(distances, kind="stable").tolist():
            if not (distances[start] <= limit and ends[start]):  # infinite, without an end: no alignment starts here
                break
            end = int(ends[start])
            if not any(same_moment(start, end, other.start_frame, other.end_frame) for other in found):
                found.append(self._located(start, end, float(distances[start])))
        return found

    def _straight(
        self, query: NDArray[np.float32], motion: NDArray[np.float32], seen: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Of each start, the distance of the best straight alignment (m,), infinite where none fits, and its end."""
        speeds = SPEEDS[np.rint((self._length - 1) * SPEEDS) < len(motion)]
        if not len(speeds):  # shorter than the query at its fastest: the motion as a whole is what there is
            speeds = np.array([(len(motion) - 1) / max(self._length - 1, 1)])
        costs, ends = straight_costs(query[self._frames], self._frames, motion, speeds)
        return self._distances(0.5 * costs, seen), ends

    def _seen_by_both(self, masked: Clip) -> NDArray[np.bool_]:
        """(22,) the joints that the query and another clip have observed."""
        return np.logical_and(self._query.seen_joints, masked.seen_joints)

    def _compared(self, seen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """(J,) the joints that count; where none of those is seen by both, all that would, as they are filled in."""
        return counted_joints(seen, self._weights)

    def _features(self, masked: Clip, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(T, 3 J + 3) poses of the J compared joints and the root's velocity, which counts as the torso does.

        Where a body is and faces is told by the joints that both have, or a lost leg would move all that is left.
        """
        joints = self._compared(seen)
        view = body_view(masked.positions, np.broadcast_to(seen, masked.observed.shape))
        return Aligned.of_view(view).features(joints, weights=self._weights)

    def _distances(self, means: NDArray[np.floating], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Distances (N,) from the mean squared distances (N,) of a step in the query or in the motion."""
        return np.asarray(np.sqrt(means / len(self._compared(seen))) / UNRELATED_M, np.float64)

    def _located(self, start: int, end: int, distance: float) -> Located:
        return Located(start, end, distance, self._length / (end - start))


def same_moment(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Whether two stretches of a clip share more than SAME_MOMENT_OVERLAP of the shorter one."""
    shared = min(end, other_end) - max(start, other_start)
    return shared > SAME_MOMENT_OVERLAP * min(end - start, other_end - other_start)
