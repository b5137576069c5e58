"""Batches of augmented sequences, drawn from packed clips without a loop over clips or frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders.body_sequence import BodySequence, body_sequence
from ..errors import MRetrieveError
from ..motion import JOINT_COUNT, MIRROR, LabelledClip
from ..motion.bones import USED_JOINTS

_SIDES = re.compile(r"left|right", re.IGNORECASE)
_SWAPPED = {"left": "right", "right": "left", "Left": "Right", "Right": "Left", "LEFT": "RIGHT", "RIGHT": "LEFT"}


@dataclass(frozen=True)
class Augment:
    """How much drawn sequences differ from the clips that they are drawn from.

    Attributes:
        shortest_part: a sequence keeps at least this part of its clip.
        fastest: speed lies between 1 / fastest and fastest, evenly on a logarithmic scale.
        yaw_deg: standard deviation of the error of the heading, or of how straight a camera was held.
        joint_offset_m: root mean square of the fixed displacement of each joint, as another rig places it.
        noise_m: root mean square of the noise of every sample, which grows linearly over the run up to this.
        missing_share: part of the sequences that lack joints.
        missing_joints: number of joints that these lack, of the 17 besides the pelvis: 4 are about 20 %.
        mirror: mirror half of the sequences; classes that name a side change it.
    """

    shortest_part: float = 0.6
    fastest: float = 1.65
    yaw_deg: float = 10.0
    joint_offset_m: float = 0.02
    noise_m: float = 0.01
    missing_share: float = 0.5
    missing_joints: int = 4
    mirror: bool = False


@dataclass(frozen=True)
class Sampling:
    """The size of a batch; how it is made up is the objective's `draw`.

    Attributes:
        per_class: sequences of each class, of objectives that draw classes.
        others: classes besides the first one; clips besides the first one, of objectives that draw clips.
        longest: frames of a sequence; longer clips are cut again for each batch.
    """

    per_class: int = 25
    others: int = 5
    longest: int = 90


@dataclass(frozen=True, eq=False)
class Draw:
    """The clips that a batch is made of.

    Attributes:
        clips: (N,) numbers of clips.
        disturbance: (N,) how much of the augmentation's changes of speed and missing joints each has; None for all.
        speeds: every clip gives one sequence at each of these speeds.
        branches: number of runs of equal length that share dropout masks.
    """

    clips: NDArray[np.int64]
    disturbance: NDArray[np.float64] | None = None
    speeds: tuple[float, ...] = (1.0,)
    branches: int = 1


class Composition:
    """What a batch is made up of: `per_class` clips of each of 1 + `others` classes, unless a subclass says otherwise.

    Attributes:
        least_classes: number of classes below which there is no batch.
    """

    least_classes = 2

    def draw(
        self, members: Sequence[NDArray[np.int64]], clips: int, sampling: Sampling, generator: np.random.Generator
    ) -> Draw:
        """Choose clips, by the generator alone; `members` are the numbers of each class's clips."""
        return Draw(draw_members(members, draw_classes(members, sampling, generator), sampling, generator))

    def similarity(
        self,
        positions: NDArray[np.float32],
        rates: NDArray[np.float32],
        lengths: NDArray[np.int64],
        clips: NDArray[np.int64],
    ) -> NDArray[np.int8] | None:
        """Similarity (B, B) of sequences before noise: positions (B, T, 22, 3), rates (B, T, 4); None if not needed."""
        return None


@dataclass(frozen=True, eq=False)
class Batch:
    """Padded sequences, and what losses need to know about them.

    Attributes:
        sequence: (B, T, ...).
        lengths: (B,) valid frames.
        labels: (B,) class numbers; -1 for clips without a label.
        clips: (B,) number of the clip that each is drawn from.
        branches: number of runs of equal length that share dropout masks.
        similarity: (B, B) of `Composition.similarity`.
    """

    sequence: BodySequence
    lengths: NDArray[np.int64]
    labels: NDArray[np.int64]
    clips: NDArray[np.int64]
    branches: int = 1
    similarity: NDArray[np.int8] | None = None


class BatchSource:
    """Clips seen by their own bodies, packed one after the other, and the batches that are drawn from them.

    A draw depends on the generator alone, so that a run can be resumed at any update.
    """

    def __init__(
        self,
        clips: Sequence[LabelledClip],
        composition: Composition,
        sampling: Sampling,
        augment: Augment,
        as_filmed: bool = False,
    ) -> None:
        """Pack clips. MRetrieveError if there are too few classes or clips for a batch."""
        self._composition, self._sampling, self._augment, self._as_filmed = composition, sampling, augment, as_filmed
        labels = [item.label for item in clips]
        self.classes = class_names(labels, augment.mirror)
        number = {label: index for index, label in enumerate(self.classes)} | {"": -1}
        self._labels = np.array([number[label] for label in labels])
        self._mirrored_labels = np.array([number.get(_mirrored_label(label), -1) for label in labels])
        self._members = [np.flatnonzero(self._labels == number[label]) for label in sorted(set(labels) - {""})]
        if len(self._members) < composition.least_classes:
            raise MRetrieveError(f"training needs clips of two classes or more, and {len(clips)} clips have "
                                 f"{len(self._members)}; check the label column")  # fmt: skip
        if len(clips) < 2:
            raise MRetrieveError("training needs two clips or more")
        sequences = [body_sequence(item.clip, as_filmed) for item in clips]
        self._positions = np.concatenate([sequence.positions for sequence in sequences])
        self._rates = np.concatenate([sequence.rates for sequence in sequences])
        self._observed = np.stack([sequence.observed for sequence in sequences])
        self._frames = np.array([len(sequence.positions) for sequence in sequences])
        self._starts = np.cumsum(self._frames) - self._frames

    def draw(self, generator: np.random.Generator, progress: float) -> Batch:
        """A batch; `progress` in [0, 1] is the part of the run that is over, which the noise follows."""
        draw = self._composition.draw(self._members, len(self._frames), self._sampling, generator)
        augment, longest = self._augment, self._sampling.longest
        count = len(draw.clips)
        disturbance = np.ones(count) if draw.disturbance is None else draw.disturbance
        part = generator.uniform(augment.shortest_part, 1.0, count)
        speed = augment.fastest ** (generator.uniform(-1, 1, count) * np.minimum(disturbance, 1.0))
        span = np.clip(self._frames[draw.clips] * part, 2, longest * speed)  # frames of the clip
        span = np.minimum(span, self._frames[draw.clips])
        start = generator.uniform(0, 1, count) * (self._frames[draw.clips] - span)
        origin = np.repeat(np.arange(count), len(draw.speeds))
        clips, speed = draw.clips[origin], speed[origin] * np.tile(np.array(draw.speeds), count)
        span, start = span[origin], start[origin]
        lengths = np.maximum(1, np.minimum(np.ceil(span / speed - 1e-6), np.floor(2 * longest)).astype(np.int64))
        positions, rates = self._resampled(clips, start, speed, lengths)
        observed = self._observed[clips]
        labels = self._labels[clips]
        if augment.mirror:
            flip = (generator.random(count) < 0.5)[origin]
            _mirror(positions, rates, observed, flip)
            labels = np.where(flip, self._mirrored_labels[clips], labels)
        angle = np.deg2rad(augment.yaw_deg) * generator.standard_normal(count)[origin]
        _turn(positions, rates, angle, axis=1 if self._as_filmed else 2)
        similarity = self._composition.similarity(positions, rates, lengths, clips)
        offsets = generator.standard_normal((count, 1, JOINT_COUNT, 3), np.float32)[origin]
        positions += np.float32(augment.joint_offset_m / np.sqrt(3)) * offsets
        if augment.noise_m * progress:
            noise = generator.standard_normal(positions.shape, np.float32)
            positions += np.float32(augment.noise_m * progress / np.sqrt(3)) * noise
        observed = observed & ~self._lost(augment.missing_share * disturbance[origin], generator)
        return Batch(BodySequence(positions, rates, observed), lengths, labels, clips, draw.branches, similarity)

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

    def _lost(self, chance: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.bool_]:
        """Joints (B, 22) that sequences lack, each sequence by its `chance` (B,)."""
        lost = np.zeros((len(chance), JOINT_COUNT), bool)
        order = generator.random((len(chance), len(USED_JOINTS) - 1)).argsort(axis=1)[:, : self._augment.missing_joints]
        chosen = np.array(USED_JOINTS[1:])[order]
        np.put_along_axis(lost, chosen, generator.random((len(chance), 1)) < chance[:, None], axis=1)
        return lost


def draw_classes(
    members: Sequence[NDArray[np.int64]], sampling: Sampling, generator: np.random.Generator
) -> NDArray[np.int64]:
    """1 + `others` classes (K,), or all if there are fewer."""
    return generator.choice(len(members), min(1 + sampling.others, len(members)), replace=False)


def draw_members(
    members: Sequence[NDArray[np.int64]],
    classes: NDArray[np.int64],
    sampling: Sampling,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """`per_class` clips of each class, one class after the other; each clip of a class as often as any other, or +1."""
    drawn = []
    for number in classes:
        rounds = -(-sampling.per_class // len(members[number]))
        permutations = [generator.permutation(members[number]) for _ in range(rounds)]
        drawn.append(np.concatenate(permutations)[: sampling.per_class])
    return np.concatenate(drawn)


def class_names(labels: Sequence[str], mirror: bool) -> list[str]:
    """The classes that sequences of clips with these labels can have, sorted."""
    known = set(labels) - {""}
    return sorted(known | ({_mirrored_label(label) for label in known} if mirror else set()))


def _mirror(
    positions: NDArray[np.float32], rates: NDArray[np.float32], observed: NDArray[np.bool_], flip: NDArray[np.bool_]
) -> None:
    """Mirror the sequences that `flip` names, in place."""
    order = list(MIRROR)
    positions[flip] = positions[flip][:, :, order] * np.array([-1, 1, 1], np.float32)
    rates[flip] *= np.array([-1, 1, 1, -1], np.float32)
    observed[flip] = observed[flip][:, order]


def _turn(positions: NDArray[np.float32], rates: NDArray[np.float32], angle: NDArray[np.float64], axis: int) -> None:
    """Rotate each sequence by its angle (B,), radians, in place, in the plane of x and `axis`.

    2 rotates about the vertical; 1 is a camera held at an angle.
    """
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    for values, shape in ((positions, (-1, 1, 1)), (rates, (-1, 1))):
        c, s = cosine.reshape(shape), sine.reshape(shape)
        x, other = values[..., 0].copy(), values[..., axis]
        values[..., 0] = c * x + s * other
        values[..., axis] = c * other - s * x


def _mirrored_label(label: str) -> str:
    """The class of the mirrored motion: `left` and `right` in its name are swapped."""
    return _SIDES.sub(lambda side: _SWAPPED.get(side.group(), side.group()), label)
