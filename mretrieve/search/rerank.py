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
DTW_WEIGHT = 0.2
#: Root mean squared pose distance in metres per joint between unrelated motions: brings it to the embedding's scale.
UNRELATED_M = 0.2
#: What one metre a second of root velocity counts for, in metres of a joint: it tells a step back from a step forward.
METRES_PER_VELOCITY = 0.5
#: The most frames that are aligned; longer motions are thinned to it (a 3-minute take keeps a pose every 0.6 s).
MOST_FRAMES = 300


@dataclass(frozen=True, eq=False)
class _Aligned:
    """What is aligned of a motion: poses in the body's own frame, and the velocity of the root in that frame."""

    poses: NDArray[np.float32]  # (T, 22, 3)
    velocity: NDArray[np.float32]  # (T, 3)

    @classmethod
    def of(cls, clip: Clip) -> _Aligned:
        view = body_view(clip.positions, clip.observed)
        step = -(-clip.frame_count // MOST_FRAMES)
        return cls(view.positions[::step], view.velocity()[::step])

    def features(self, joints: NDArray[np.intp]) -> NDArray[np.float32]:
        """(T, 3 J + 3) for the warping of the chosen joints."""
        poses = self.poses[:, joints].reshape(len(self.poses), -1)
        return np.concatenate([poses, METRES_PER_VELOCITY * self.velocity], axis=1)


class PoseAligner:
    """One query's poses, ready to be aligned with candidates' poses. Joints that the query lacks are left out."""

    def __init__(self, query: Clip) -> None:
        self._observed = query.observed.any(axis=0)
        if not self._observed.any():  # nothing but filled-in joints: compare what there is
            self._observed = np.ones_like(self._observed)
        self._joints = np.flatnonzero(self._observed)
        self._query = _Aligned.of(query)
        self._features = self._query.features(self._joints)

    def distances(self, candidates: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """Root mean squared pose distance per joint along the best warping path, about 1 for unrelated motions: (C,)."""
        features = [_Aligned.of(clip).features(self._joints) for clip in candidates]
        squares = dtw_distances(self._features, features, threads=threads)
        steps = np.array([len(self._features) + len(frames) for frames in features])
        return np.sqrt(squares / (steps * len(self._joints))) / UNRELATED_M

    def distance_mm(self, candidate: Clip) -> float:
        """Mean distance per joint along the warping path, in millimetres on the canonical skeleton."""
        other = _Aligned.of(candidate)
        path, _ = dtw_path(self._features, other.features(self._joints))
        both = self._observed & candidate.observed.any(axis=0)
        return path_distance_mm(self._query.poses, other.poses, path, both if both.any() else self._observed)


def join(embedding: NDArray[np.float64], poses: NDArray[np.float64]) -> NDArray[np.float64]:
    """One distance from the embedding's and the poses', both about 1 between unrelated motions."""
    return (1.0 - DTW_WEIGHT) * embedding + DTW_WEIGHT * poses
