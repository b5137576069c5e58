"""Trajectory similarity (DeepHuMS, section 3): which motions are similar, without labels.

Two motions are similar where both their motion fields (from the first to the last frame, equation 3) and the distances
that their joints cover (equation 4) agree. Neither depends on speed. The paper leaves open what is compared and from
where on things agree; the figures are of 342 clips of HDM05 (four performers) and CMU, other performers or files only.

Neither of the two says *where* the joints are while they move: arms that circle above the head and arms that circle
beside the hips have the same field and distance. So the mean pose of a motion can be compared as well, which does not
depend on speed either. Where no labels tell more, what is found first is nearer to the query in its poses with it
(docs/research/encoders/deephums.md).

- The distance is covered in the body's own view: in the room, the path of the root would outweigh all other ones.
- The field has the motion of the root in it, seen from the first frame's heading: in the body's own view it says little
  more than in which phase a clip was cut. As a distance, both together have mAP .87 on HDM05; .81 with the field in
  the body's own view, .79 without the field.
- Fields and distances are compared relative to their size, so that all joints count by how far they move.
- Similar is where *all* agree, so dissimilar is where *any* clearly differs. Were all to differ, motions on the spot,
  whose fields all agree, would never be distinguished (nor would hops and steps in HDM05).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion.clip import CANONICAL_FPS

#: What a pair of motions can be: pushed apart, left alone, or drawn together.
DISSIMILAR, IGNORED, SIMILAR = -1, 0, 1

#: Fields smaller than this count as none: a mean displacement of the joints, metres.
_LEAST_FIELD_M = 0.1


@dataclass(frozen=True)
class SimilarityThresholds:
    """When motions are similar, and when dissimilar, by differences relative to their size: 0 equal, 1 disjoint.

    A clip and its copy at half or double speed differ by .05 in distance and .09 in field at most (99 % of copies); of
    random pairs, 5 % differ by less than .14 in distance, half by less than .41. With these thresholds 4 % of random
    pairs are similar and 85 % dissimilar. Pairs of the same class are 97 % of the similar ones and 2 % of the
    dissimilar ones in HDM05 (of all pairs: 10 %), 58 and 9 % in CMU's exponential maps (20 %), 68 and 10 % in its BVH
    files (21 %), whose classes are coarse words. Printed by `benchmarks/trajectory_similarity.py`.

    Attributes:
        similar_field: largest relative difference of fields of similar motions.
        similar_distance: the same of distances.
        dissimilar_field: relative difference of fields beyond which motions are dissimilar.
        dissimilar_distance: the same of distances.
        similar_posture_m: largest distance of mean poses of similar motions; by default larger than any.
        dissimilar_posture_m: distance of mean poses beyond which motions are dissimilar.
    """

    similar_field: float = 0.5
    similar_distance: float = 0.15
    dissimilar_field: float = 0.7
    dissimilar_distance: float = 0.3
    similar_posture_m: float = 10.0
    dissimilar_posture_m: float = 10.0

    def __post_init__(self) -> None:
        if (
            self.similar_field > self.dissimilar_field
            or self.similar_distance > self.dissimilar_distance
            or self.similar_posture_m > self.dissimilar_posture_m
        ):
            raise ValueError(f"a pair would be similar and dissimilar at once: {self}")


@dataclass(frozen=True, eq=False)
class Trajectories:
    """The properties of B motions that are compared.

    Attributes:
        fields: (B, J, 3) metres, see `motion_field`.
        distances: (B, J) metres, see `motion_distance`.
        postures: (B, J, 3) metres, see `mean_posture`.
    """

    fields: NDArray[np.floating]
    distances: NDArray[np.floating]
    postures: NDArray[np.floating]

    @classmethod
    def of(
        cls, positions: NDArray[np.floating], rates: NDArray[np.floating], lengths: NDArray[np.integer]
    ) -> Trajectories:
        """Of motions (B, T, J, 3) with the root's `rates` (B, T, 4); from `lengths` (B,) on the last pose repeats."""
        going = np.arange(rates.shape[1]) < lengths[:, None]  # in padding the last pose stands still
        return cls(
            motion_field(positions, rates * going[..., None]),
            motion_distance(positions),
            mean_posture(positions, lengths),
        )


def motion_field(positions: NDArray[np.floating], rates: NDArray[np.floating]) -> NDArray[np.float32]:
    """Displacement (..., J, 3) of each joint from the first to the last frame, metres (equation 3): left, up, forwards.

    `positions` (..., T, J, 3) and `rates` (..., T, 4) are those of a `BodySequence`. The last frame is brought into the
    first one's view by the root's motion, summed up from the rates; with rates of zero the field is the body's own.
    """
    steps = 0.5 * (rates[..., 1:, :] + rates[..., :-1, :]).astype(np.float64) / CANONICAL_FPS
    turned = np.zeros(rates.shape[:-1])
    np.cumsum(steps[..., 3], axis=-1, out=turned[..., 1:])
    halfway = 0.5 * (turned[..., 1:] + turned[..., :-1])
    root = _turned_left(steps[..., :3], halfway).sum(axis=-2)
    last = _turned_left(positions[..., -1, :, :].astype(np.float64), turned[..., -1:]) + root[..., None, :]
    return np.asarray(last - positions[..., 0, :, :], np.float32)


def motion_distance(positions: NDArray[np.floating]) -> NDArray[np.float32]:
    """Length (..., J) of the path of each joint of (..., T, J, 3), metres (equation 4)."""
    steps = np.diff(positions, axis=-3)
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", steps, steps)).sum(axis=-2), np.float32)


def mean_posture(positions: NDArray[np.floating], lengths: NDArray[np.integer]) -> NDArray[np.float32]:
    """Mean pose (B, J, 3) of the first `lengths` (B,) frames of (B, T, J, 3), in the body's own view, metres."""
    counted = (np.arange(positions.shape[1]) < lengths[:, None]).astype(positions.dtype)
    return np.asarray(np.einsum("bt,btji->bji", counted, positions) / lengths[:, None, None], np.float32)


def trajectory_similarity(motions: Trajectories, thresholds: SimilarityThresholds | None = None) -> NDArray[np.int8]:
    """SIMILAR, DISSIMILAR or IGNORED for each pair (B, B) of B motions."""
    limits = thresholds or SimilarityThresholds()
    field = field_differences(motions.fields)
    distance = distance_differences(motions.distances)
    posture = posture_differences_m(motions.postures)
    agree = (
        (field <= limits.similar_field) & (distance <= limits.similar_distance) & (posture <= limits.similar_posture_m)
    )
    differ = (
        (field > limits.dissimilar_field)
        | (distance > limits.dissimilar_distance)
        | (posture > limits.dissimilar_posture_m)
    )
    return np.select([agree, differ], [np.int8(SIMILAR), np.int8(DISSIMILAR)], np.int8(IGNORED))


def field_differences(fields: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far fields (B, J, 3) differ (B, B): mean |a - b| over the joints by (mean |a| + mean |b| + 0.1 m)."""
    between = np.linalg.norm(fields[:, None].astype(np.float64) - fields[None], axis=-1).mean(axis=-1)
    size = np.linalg.norm(fields.astype(np.float64), axis=-1).mean(axis=-1)
    return np.asarray(between / (size[:, None] + size + _LEAST_FIELD_M))


def distance_differences(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far motion distances (B, J) differ (B, B): sum |a - b| over the joints by sum (a + b); 0 where none moves."""
    between = np.abs(distances[:, None].astype(np.float64) - distances[None]).sum(axis=-1)
    size = distances.astype(np.float64).sum(axis=-1)
    return np.asarray(between / np.maximum(size[:, None] + size, 1e-9))


def posture_differences_m(postures: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far mean poses (B, J, 3) are from each other (B, B): mean |a - b| over the joints, metres."""
    apart = postures[:, None].astype(np.float64) - postures[None]
    return np.asarray(np.linalg.norm(apart, axis=-1).mean(axis=-1))


def _turned_left(vectors: NDArray[np.float64], angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors (..., N, 3) of a body turned to its left by `angles` (..., N or 1), in the view from before the turn."""
    cosine, sine = np.cos(angles), np.sin(angles)
    left, up, forwards = np.moveaxis(vectors, -1, 0)
    return np.stack([cosine * left + sine * forwards, up, cosine * forwards - sine * left], axis=-1)
