"""Features by which motions are aligned, poses in the body's frame and the velocity of the root; pose distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..kernels import compiled
from ..kernels.warping import dtw_distances
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..motion.body_view import Facing

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
    """Computes features of motions: the positions of some joints in the body's frame, and the velocity of its root.

    Attributes:
        facing: the joints that show where the body is and faces.
        joints: (J,) that are compared.
        factors: (J,) of their positions.
        velocity_factor: of the signed square root of the velocity.
    """

    facing: Facing
    joints: NDArray[np.int32]
    factors: NDArray[np.float32]
    velocity_factor: float

    @classmethod
    def by(
        cls,
        seen: NDArray[np.bool_],
        joints: NDArray[np.intp],
        part_weights: PartWeights | None = None,
        velocity_m: float = VELOCITY_M,
    ) -> PoseFeatures:
        """The features of some joints.

        Squared differences count by the weights of the parts, the velocity by that of the torso; the mean weight of the
        joints is 1.

        Args:
            seen: (22,) the joints that position and heading of the body are taken from.
            joints: (J,) that are compared.
            part_weights: None for even ones.
            velocity_m: the offset of a joint in metres that a velocity of one metre per second weighs as much as.
        """
        factors, velocity_factor = np.ones(len(joints), np.float32), velocity_m
        if part_weights is not None and not part_weights.even:
            weights = part_weights.of_joints()[joints]
            factors = np.sqrt(weights / weights.mean())
            velocity_factor *= float(np.sqrt(part_weights.torso / weights.mean()))
        return cls(Facing.by(seen), joints.astype(np.int32), factors, velocity_factor)

    def of(self, motions: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Features (T_i, 3 J + 3) of motions in canonical positions (T_i, 22, 3).

        Of each joint, then of the velocity: left, up, forwards. The velocity enters with its signed square root, so
        that its direction counts for more than its size and the same motion at half the speed stays near.
        """
        ends = np.cumsum([len(motion) for motion in motions]).tolist()
        features = np.empty((ends[-1] if ends else 0, 3 * len(self.joints) + 3), np.float32)
        if motions:
            positions = [np.ascontiguousarray(motion, np.float32) for motion in motions]
            body = self.facing.sides, self.facing.factors, self.facing.origin, self.joints, self.factors
            compiled.warping_features(positions, *body, self.velocity_factor, CANONICAL_FPS, features)
        return [features[end - len(motion) : end] for motion, end in zip(motions, ends, strict=True)]


def features_of(clip: Clip, joints: NDArray[np.intp], part_weights: PartWeights | None = None) -> NDArray[np.float32]:
    """Features (T, 3 J + 3) of J joints of a clip; heading and origin are taken from the joints that it has."""
    return PoseFeatures.by(clip.seen_joints, joints, part_weights).of([clip.positions])[0]


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
        self._query = self._weights.masked(query)

    def distances(self, candidates: Sequence[Clip], threads: int = 1) -> NDArray[np.float64]:
        """The pose distance (C,) of each candidate; see pose_distances."""
        distances = np.empty(len(candidates), np.float64)
        for start in range(0, len(candidates), _BATCH):
            clips = [self._weights.masked(clip) for clip in candidates[start : start + _BATCH]]
            patterns, members = np.unique([clip.seen_joints for clip in clips], axis=0, return_inverse=True)
            for pattern, seen in enumerate(patterns):
                rows = np.flatnonzero(members.ravel() == pattern)
                joints = counted_joints(self._query.seen_joints & seen, self._weights)
                query = features_of(self._query, joints, self._weights)
                found = PoseFeatures.by(seen, joints, self._weights).of([clips[row].positions for row in rows.tolist()])
                features = [thinned(each) for each in found]
                distances[start + rows] = pose_distances(thinned(query), features, len(joints), threads)
        return distances


def thinned(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every nth frame, with the smallest n that leaves at most MAX_FRAMES."""
    return frames[:: -(-len(frames) // MAX_FRAMES)]
