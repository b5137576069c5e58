"""Re-ranking: align each candidate's poses with the query's by dynamic time warping, and join both distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip
from ..motion.views import body_view
from .dtw import dtw_distances, dtw_path, path_distance_mm

#: Weight of the pose distance beside the embedding's. Chosen on the training sets by benchmarks/rerank.py.
DTW_WEIGHT = 0.1
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
        view = body_view(clip.positions, clip.observed)
        step = -(-clip.frame_count // MOST_FRAMES)
        return cls(view.positions[::step], view.velocity()[::step])

    def features(self, joints: NDArray[np.intp], velocity_m: float = VELOCITY_M) -> NDArray[np.float32]:
        """(T, 3 J + 3) for the warping of J chosen joints.

        Of the velocity the signed root is taken, so that its direction counts for more than its size: the same motion
        at half the speed stays near.
        """
        poses = self.poses[:, joints].reshape(len(self.poses), -1)
        velocity = velocity_m * np.sign(self.velocity) * np.sqrt(np.abs(self.velocity))
        return np.concatenate([poses, velocity], axis=1, dtype=np.float32)


def pose_distances(
    query: NDArray[np.float32], candidates: Sequence[NDArray[np.float32]], joint_count: int, threads: int = 1
) -> NDArray[np.float64]:
    """Root mean squared distance per joint along the best warping path, about 1 for unrelated motions: (C,)."""
    squares = dtw_distances(query, candidates, threads=threads)
    steps = np.array([len(query) + len(frames) for frames in candidates])
    return np.asarray(np.sqrt(squares / (steps * joint_count)) / UNRELATED_M)


class PoseAligner:
    """One query's poses, ready to be aligned with candidates' poses, by the joints that both have."""

    def __init__(self, query: Clip) -> None:
        self._seen = query.seen_joints
        self._query = Aligned.of(query)

    def distances(self, candidates: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """See pose_distances."""
        distances = np.empty(len(candidates), np.float64)
        for start in range(0, len(candidates), _AT_ONCE):
            part = candidates[start : start + _AT_ONCE]
            patterns, members = np.unique([self._common(clip) for clip in part], axis=0, return_inverse=True)
            for number, common in enumerate(patterns):
                mine = np.flatnonzero(members.ravel() == number)
                joints = np.flatnonzero(common)
                features = [Aligned.of(part[int(index)]).features(joints) for index in mine]
                query = self._query.features(joints)
                distances[start + mine] = pose_distances(query, features, len(joints), threads)
        return distances

    def distance_mm(self, candidate: Clip) -> float:
        """Mean distance per joint along the warping path, in millimetres on the canonical skeleton."""
        other, common = Aligned.of(candidate), self._common(candidate)
        joints = np.flatnonzero(common)
        path, _ = dtw_path(self._query.features(joints), other.features(joints))
        return path_distance_mm(self._query.poses, other.poses, path, common)

    def _common(self, candidate: Clip) -> NDArray[np.bool_]:
        """(22,) the joints that are compared; where the two have none in common, all, filled in as they are."""
        common = np.logical_and(self._seen, candidate.seen_joints)
        return np.asarray(common if common.any() else np.ones_like(common))


def join(embedding: NDArray[np.float64], poses: NDArray[np.float64], weight: float = DTW_WEIGHT) -> NDArray[np.float64]:
    """One distance from the embedding's and the poses', both about 1 between unrelated motions."""
    return (1.0 - weight) * embedding + weight * poses
