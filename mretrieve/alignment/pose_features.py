"""Re-ranking: align each candidate's poses with the query's by dynamic time warping, and join both distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.dtw import dtw_distances
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.views import HeadingView, body_view

#: Weight of the pose distance beside the embedding's. Chosen on the training sets by benchmarks/rerank.py.
DTW_WEIGHT = 0.1
#: Pose distance below which two motions are one performance: that of a piece of a take, at another speed, on a body of
#: other proportions, with 10 mm of noise (benchmarks/localisation.py). Other performers' renditions are farther.
SAME_MOTION = 0.25
#: The joined distance at which they are.
NEAR_COPY = 0.05
#: Root mean squared pose distance in metres per joint between unrelated motions: brings it to the embedding's scale.
UNRELATED_M = 0.2
#: What a root velocity of one metre a second counts for, in metres of a joint: it tells a step back from one forward.
VELOCITY_M = 0.3
#: The most frames that are aligned; longer motions are thinned to it (a 3-minute take keeps a pose every 0.6 s).
MOST_FRAMES = 300
#: Candidates whose poses are held in memory at a time.
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Aligned:
    """What is aligned of a motion: poses in the body's own frame, and the velocity of the root in that frame."""

    poses: NDArray[np.float32]  # (T, 22, 3), metres
    velocity: NDArray[np.float32]  # (T, 3), metres a second

    @classmethod
    def of(cls, clip: Clip) -> Aligned:
        """A clip as it is aligned, thinned to MOST_FRAMES."""
        every = cls.of_view(body_view(clip.positions, clip.observed))
        step = -(-clip.frame_count // MOST_FRAMES)
        return cls(every.poses[::step], every.velocity[::step])

    @classmethod
    def of_view(cls, view: HeadingView) -> Aligned:
        """All frames of a clip as its body sees it."""
        return cls(view.positions, view.velocity())

    def features(
        self, joints: NDArray[np.intp], velocity_m: float = VELOCITY_M, weights: PartWeights | None = None
    ) -> NDArray[np.float32]:
        """(T, 3 J + 3) for the warping of J chosen joints.

        Of the velocity the signed root is taken, so that its direction counts for more than its size: the same motion
        at half the speed stays near. Squared differences count by the weights of the parts, the velocity's by that of
        the torso; the mean weight of the chosen joints is 1.
        """
        poses = self.poses[:, joints].reshape(len(self.poses), -1)
        velocity = velocity_m * np.sign(self.velocity) * np.sqrt(np.abs(self.velocity))
        features = np.concatenate([poses, velocity], axis=1, dtype=np.float32)
        if weights is None or weights.even:
            return features
        of_joints = weights.of_joints()[joints]
        counts = np.concatenate([np.repeat(of_joints, 3), np.full(3, weights.torso)]) / of_joints.mean()
        return np.asarray(features * np.sqrt(counts), np.float32)


def pose_distances(
    query: NDArray[np.float32], candidates: Sequence[NDArray[np.float32]], joint_count: int, threads: int = 1
) -> NDArray[np.float64]:
    """Root mean squared distance per joint along the best warping path, about 1 for unrelated motions: (C,)."""
    squares = dtw_distances(query, candidates, threads=threads)
    steps = np.array([len(query) + len(frames) for frames in candidates])
    return np.asarray(np.sqrt(squares / (steps * joint_count)) / UNRELATED_M)


def compared_joints(query: Clip, candidate: Clip, weights: PartWeights) -> NDArray[np.intp]:
    """The joints that two clips are compared by: those that both have and that count.

    Where they have none in common, all that count, filled in as they are.
    """
    return counted_joints(query.seen_joints & candidate.seen_joints, weights)


def counted_joints(seen: NDArray[np.bool_], weights: PartWeights) -> NDArray[np.intp]:
    """Of the joints that both have, (22,), those that count; where there is none, all that count."""
    counts = weights.of_joints() > 0
    common = seen & counts
    return np.flatnonzero(common if common.any() else counts)


class PoseAligner:
    """One query's poses, ready to be aligned with candidates' poses, by the joints that both have."""

    def __init__(self, query: Clip, weights: PartWeights | None = None) -> None:
        self._weights = weights or PartWeights()
        self._clip = self._weights.masked(query)
        self._query = Aligned.of(self._clip)

    def distances(self, candidates: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """See pose_distances."""
        distances = np.empty(len(candidates), np.float64)
        for start in range(0, len(candidates), _AT_ONCE):
            clips = [self._weights.masked(clip) for clip in candidates[start : start + _AT_ONCE]]
            groups: dict[tuple[int, ...], list[int]] = {}
            for place, clip in enumerate(clips):
                joints = compared_joints(self._clip, clip, self._weights)
                groups.setdefault(tuple(joints.tolist()), []).append(place)
            for chosen, mine in groups.items():
                joints = np.array(chosen)
                features = [Aligned.of(clips[place]).features(joints, weights=self._weights) for place in mine]
                query = self._query.features(joints, weights=self._weights)
                distances[start + np.array(mine)] = pose_distances(query, features, len(joints), threads)
        return distances


def join(
    embedding: NDArray[np.float64], poses: NDArray[np.float64], stillness: float = np.inf, weight: float = DTW_WEIGHT
) -> NDArray[np.float64]:
    """One distance from the embedding's and the poses', all about 1 between unrelated motions.

    Among renditions of an action the embedding knows better, which learned what augmentation changes; among copies of
    one performance the poses do. So what has nearly the query's poses comes first, by its poses alone. Nearly is nearer
    than a body that stands still would be (`stillness`), or every quiet stretch were a copy of a quiet query.
    """
    joined = NEAR_COPY + (1.0 - NEAR_COPY) * ((1.0 - weight) * embedding + weight * poses)
    return np.where(poses <= same_motion_limit(stillness), NEAR_COPY / SAME_MOTION * poses, joined)


def same_motion_limit(stillness: float) -> float:
    """The pose distance up to which a motion is the query's own performance; see `join`."""
    return min(SAME_MOTION, stillness)
