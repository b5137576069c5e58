"""What is aligned of a motion, poses seen from the body and the velocity of its root, and distances between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels.warping import dtw_distances
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.body_view import HeadingView, body_view

#: Root mean squared pose distance in metres per joint between unrelated motions: brings it to the embedding's scale.
UNRELATED_M = 0.2
#: A root velocity of one metre per second weighs as much as this offset of a joint in metres: it tells a step back
#: from a step forward.
VELOCITY_M = 0.3
#: Longer motions are thinned to this many frames (a 3-minute take keeps a pose every 0.6 s).
MAX_FRAMES = 300
#: Candidates whose poses are in memory at a time.
_BATCH = 256


@dataclass(frozen=True, eq=False)
class PoseFeatures:
    """A motion as it is aligned.

    Attributes:
        poses: (T, 22, 3) float32, metres, in the body frame: +X left, +Y up, +Z forwards.
        velocity: (T, 3) float32, metres per second, of the root in that frame.
    """

    poses: NDArray[np.float32]
    velocity: NDArray[np.float32]

    @classmethod
    def of(cls, clip: Clip) -> PoseFeatures:
        """The features of a clip, thinned to MAX_FRAMES."""
        view = cls.of_view(body_view(clip.positions, clip.observed))
        step = -(-clip.frame_count // MAX_FRAMES)
        return cls(view.poses[::step], view.velocity[::step])

    @classmethod
    def of_view(cls, view: HeadingView) -> PoseFeatures:
        """The features of all frames of a body view."""
        return cls(view.positions, view.velocity())

    def matrix(
        self, joints: NDArray[np.intp], velocity_m: float = VELOCITY_M, part_weights: PartWeights | None = None
    ) -> NDArray[np.float32]:
        """(T, 3 J + 3) for the warping of J chosen joints.

        The velocity enters with its signed root, so that its direction counts for more than its size and the same
        motion at half the speed stays near. Squared differences count by the weights of the parts, the velocity by that
        of the torso; the mean weight of the chosen joints is 1.
        """
        poses = self.poses[:, joints].reshape(len(self.poses), -1)
        velocity = velocity_m * np.sign(self.velocity) * np.sqrt(np.abs(self.velocity))
        features = np.concatenate([poses, velocity], axis=1, dtype=np.float32)
        if part_weights is None or part_weights.even:
            return features
        joint_weights = part_weights.of_joints()[joints]
        weights = np.concatenate([np.repeat(joint_weights, 3), np.full(3, part_weights.torso)]) / joint_weights.mean()
        return np.asarray(features * np.sqrt(weights), np.float32)


def pose_distances(
    query: NDArray[np.float32], candidates: Sequence[NDArray[np.float32]], joint_count: int, threads: int = 1
) -> NDArray[np.float64]:
    """Root mean squared distance per joint along the best warping path, about 1 for unrelated motions: (C,)."""
    squares = dtw_distances(query, candidates, threads=threads)
    steps = np.array([len(query) + len(frames) for frames in candidates])
    return np.asarray(np.sqrt(squares / (steps * joint_count)) / UNRELATED_M)


def compared_joints(query: Clip, candidate: Clip, part_weights: PartWeights) -> NDArray[np.intp]:
    """The joints by which two clips are compared: those that both have and that count.

    If they have none in common: all that count, with filled-in positions.
    """
    return counted_joints(query.seen_joints & candidate.seen_joints, part_weights)


def counted_joints(seen: NDArray[np.bool_], part_weights: PartWeights) -> NDArray[np.intp]:
    """The joints that count among those that both have, (22,); if there is none, all that count."""
    counts = part_weights.of_joints() > 0
    common = seen & counts
    return np.flatnonzero(common if common.any() else counts)


class PoseAligner:
    """One query's poses, ready to be aligned with those of candidates by the joints that both have."""

    def __init__(self, query: Clip, part_weights: PartWeights | None = None) -> None:
        self._weights = part_weights or PartWeights()
        self._clip = self._weights.masked(query)
        self._query = PoseFeatures.of(self._clip)

    def distances(self, candidates: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each candidate; see pose_distances."""
        distances = np.empty(len(candidates), np.float64)
        for start in range(0, len(candidates), _BATCH):
            clips = [self._weights.masked(clip) for clip in candidates[start : start + _BATCH]]
            groups: dict[tuple[int, ...], list[int]] = {}
            for position, clip in enumerate(clips):
                joints = compared_joints(self._clip, clip, self._weights)
                groups.setdefault(tuple(joints.tolist()), []).append(position)
            for chosen, members in groups.items():
                joints = np.array(chosen)
                features = [
                    PoseFeatures.of(clips[member]).matrix(joints, part_weights=self._weights) for member in members
                ]
                query = self._query.matrix(joints, part_weights=self._weights)
                distances[start + np.array(members)] = pose_distances(query, features, len(joints), threads)
        return distances
