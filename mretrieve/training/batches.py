"""Batches of augmented sequences, drawn from packed clips without a loop over clips or frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..encoders.body_sequence import BodySequence, body_sequence, normalised_positions
from ..encoders.statistics.pose_channels import USED_JOINTS
from ..errors import MRetrieveError
from ..motion import JOINT_COUNT, MIRROR, LabelledClip
from .recipe import Augment, Sampling
from .trajectory import SIMILAR, SimilarityThresholds, Trajectories, trajectory_similarity

#: DeepHuMS's two more sequences for every clip: every other frame, and one between each two.
SPEEDS = (1.0, 2.0, 0.5)
_SIDES = re.compile(r"left|right", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded sequences, and what the losses ask about them."""

    sequence: BodySequence  # (B, T, ...)
    lengths: NDArray[np.int64]  # (B,) valid frames
    labels: NDArray[np.int64]  # (B,) numbers of classes; -1 where nobody said
    clips: NDArray[np.int64]  # (B,) which clip each is drawn from; of `speeds` batches, which drawing
    branches: int = 1  # runs of equal length that share dropout masks
    similarity: NDArray[np.int8] | None = None  # (B, B) of `speeds` batches: trajectory similarity before any noise


class BatchSource:
    """Clips seen by their own bodies, packed one after the other, and the batches that are drawn from them.

    A draw depends on the generator alone, so that a run can be taken up at any update.
    """

    def __init__(
        self, clips: Sequence[LabelledClip], sampling: Sampling, augment: Augment, camera: bool = False
    ) -> None:
        """Pack clips. MRetrieveError where there are too few classes or clips for the sampling."""
        self._sampling, self._augment = sampling, augment
        labels = [item.label for item in clips]
        mirrored = [_mirrored_label(label) if label else "" for label in labels]
        known = set(labels) - {""}
        self.classes = sorted(known | (set(mirrored) - {""} if augment.mirror else set()))
        number = {label: place for place, label in enumerate(self.classes)} | {"": -1}
        self._labels = np.array([number[label] for label in labels])
        self._mirrored_labels = np.array([number.get(label, -1) for label in mirrored])
        self._members = [np.flatnonzero(self._labels == number[label]) for label in sorted(known)]
        if sampling.kind != "speeds" and len(self._members) < 2:
            raise MRetrieveError(f"training needs clips of two classes or more, and {len(clips)} clips have "
                                 f"{len(self._members)}; check the label column")  # fmt: skip
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        sequences = [body_sequence(item.clip, camera) for item in clips]
        self._positions = np.concatenate([sequence.positions for sequence in sequences])
        self._rates = np.concatenate([sequence.rates for sequence in sequences])
        self._observed = np.stack([sequence.observed for sequence in sequences])
        self._frames = np.array([len(sequence.positions) for sequence in sequences])
        self._starts = np.cumsum(self._frames) - self._frames
        self._camera = camera

    def draw(self, generator: np.random.Generator, progress: float) -> Batch:
        """A batch; `progress` in [0, 1] is how far the run is, which the noise follows."""
        kind = self._sampling.kind
        if kind == "speeds":
            count = min(1 + self._sampling.others, len(self._frames))
            drawn = generator.choice(len(self._frames), count, replace=False)
            return self._sequences(drawn, generator, progress, speeds=np.array(SPEEDS))
        count = min(1 + self._sampling.others, len(self._members))
        categories = generator.choice(len(self._members), count, replace=False)
        if kind == "branches":
            categories = np.concatenate([categories[:1], categories])
        size = self._sampling.per_class
        drawn = np.concatenate([_some(self._members[category], size, generator) for category in categories])
        batch = self._sequences(drawn, generator, progress, speeds=None)
        return batch if kind == "classes" else replace(batch, branches=len(categories))

    def _sequences(
        self,
        drawn: NDArray[np.int64],
        generator: np.random.Generator,
        progress: float,
        speeds: NDArray[np.float64] | None,
    ) -> Batch:
        """One augmented sequence of each drawn clip, or one a speed."""
        augment, longest = self._augment, self._sampling.longest
        count = len(drawn)
        part = generator.uniform(augment.shortest_part, 1.0, count)
        disturbed = self._disturbed(count)
        speed = augment.fastest ** (generator.uniform(-1, 1, count) * np.minimum(disturbed, 1.0))
        span = np.clip(self._frames[drawn] * part, 2, longest * speed)  # frames of the clip
        span = np.minimum(span, self._frames[drawn])
        start = generator.uniform(0, 1, count) * (self._frames[drawn] - span)
        origin = np.arange(count)
        if speeds is not None:
            origin = np.repeat(origin, len(speeds))
            drawn, speed = drawn[origin], speed[origin] * np.tile(speeds, count)
            span, start = span[origin], start[origin]
        lengths = np.maximum(1, np.minimum(np.ceil(span / speed - 1e-6), np.floor(2 * longest)).astype(np.int64))
        positions, rates = self._resampled(drawn, start, speed, lengths)
        observed = self._observed[drawn]
        labels = self._labels[drawn]
        if augment.mirror:
            flip = (generator.random(count) < 0.5)[origin]
            _mirror(positions, rates, observed, flip)
            labels = np.where(flip, self._mirrored_labels[drawn], labels)
        angle = np.deg2rad(augment.yaw_deg) * generator.standard_normal(count)[origin]
        _turn(positions, rates, angle, axis=1 if self._camera else 2)
        alike = self._sampling.alike
        similarity = None if speeds is None else _similarity(positions, rates, lengths, origin, alike)
        offsets = generator.standard_normal((count, 1, JOINT_COUNT, 3), np.float32)[origin]
        positions += np.float32(augment.joint_offset_m / np.sqrt(3)) * offsets
        if augment.noise_m * progress:
            noise = generator.standard_normal(positions.shape, np.float32)
            positions += np.float32(augment.noise_m * progress / np.sqrt(3)) * noise
        observed = observed & ~self._lost(augment.missing_share * disturbed[origin], generator)
        which = drawn if speeds is None else origin
        return Batch(BodySequence(positions, rates, observed), lengths, labels, which, similarity=similarity)

    def _resampled(
        self,
        drawn: NDArray[np.int64],
        start: NDArray[np.float64],
        speed: NDArray[np.float64],
        lengths: NDArray[np.int64],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Positions (B, T, 22, 3) and rates (B, T, 4) at `start + speed * t` frames; the last valid one repeats."""
        steps = np.minimum(np.arange(lengths.max()), lengths[:, None] - 1)
        at = np.minimum(start[:, None] + speed[:, None] * steps, self._frames[drawn][:, None] - 1)
        low = at.astype(np.int64)
        share = (at - low).astype(np.float32)
        high = np.minimum(low + 1, self._frames[drawn][:, None] - 1) + self._starts[drawn][:, None]
        low += self._starts[drawn][:, None]
        positions = self._positions[low]
        positions += share[..., None, None] * (self._positions[high] - positions)
        rates = self._rates[low]
        rates += share[..., None] * (self._rates[high] - rates)
        rates *= speed.astype(np.float32)[:, None, None]
        return positions, rates

    def _disturbed(self, count: int) -> NDArray[np.float64]:
        """How much of the changes of speed and of the missing joints each of `count` sequences has (B,).

        Of `branches` the anchors have none and the positives twice as much. Their loss asks for two equal
        distributions; were both disturbed alike, whole and incomplete sequences of a class might lie apart for nothing.
        """
        share = np.ones(count)
        if self._sampling.kind == "branches":
            share[: self._sampling.per_class] = 0.0
            share[self._sampling.per_class : 2 * self._sampling.per_class] = 2.0
        return share

    def _lost(self, chance: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.bool_]:
        """Joints (B, 22) that sequences shall lack, each sequence by its `chance` (B,)."""
        lost = np.zeros((len(chance), JOINT_COUNT), bool)
        order = generator.random((len(chance), len(USED_JOINTS) - 1)).argsort(axis=1)[:, : self._augment.missing_joints]
        chosen = np.array(USED_JOINTS[1:])[order]
        np.put_along_axis(lost, chosen, generator.random((len(chance), 1)) < chance[:, None], axis=1)
        return lost


def _similarity(
    positions: NDArray[np.float32],
    rates: NDArray[np.float32],
    lengths: NDArray[np.int64],
    origin: NDArray[np.int64],
    alike: SimilarityThresholds,
) -> NDArray[np.int8]:
    """Trajectory similarity (B, B) of sequences; copies of one motion at several speeds are similar by definition."""
    every_joint = np.ones((len(positions), JOINT_COUNT), bool)
    poses = normalised_positions(BodySequence(positions, rates, every_joint))
    similarity = trajectory_similarity(Trajectories.of(poses, rates, lengths), alike)
    similarity[origin[:, None] == origin] = SIMILAR
    return similarity


def _some(members: NDArray[np.int64], count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """`count` of the members, each as often as any other, up to one."""
    rounds = [generator.permutation(members) for _ in range(-(-count // len(members)))]
    return np.concatenate(rounds)[:count]


def _mirror(
    positions: NDArray[np.float32], rates: NDArray[np.float32], observed: NDArray[np.bool_], flip: NDArray[np.bool_]
) -> None:
    """Mirror the sequences that `flip` names, in place."""
    order = list(MIRROR)
    positions[flip] = positions[flip][:, :, order] * np.array([-1, 1, 1], np.float32)
    rates[flip] *= np.array([-1, 1, 1, -1], np.float32)
    observed[flip] = observed[flip][:, order]


def _turn(positions: NDArray[np.float32], rates: NDArray[np.float32], angle: NDArray[np.float64], axis: int) -> None:
    """Turn each sequence by its angle (B,), radians, in place: in the plane of x and `axis`.

    With 2 that is about the vertical; with 1 as if a camera were held aslant.
    """
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    for values, shape in ((positions, (-1, 1, 1)), (rates, (-1, 1))):
        c, s = cosine.reshape(shape), sine.reshape(shape)
        x, other = values[..., 0].copy(), values[..., axis]
        values[..., 0] = c * x + s * other
        values[..., axis] = c * other - s * x


def _mirrored_label(label: str) -> str:
    """The class of the mirrored motion: `left` and `right` in its name change places; others stay what they are."""
    other = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "LEFT": "RIGHT", "RIGHT": "LEFT"}
    return _SIDES.sub(lambda side: other.get(side.group(), side.group()), label)
