"""Generated motions that differ by known amounts, in place of the SARA data set (Park et al. 2021, section IV-A).

A motion is a window of a clip with a characteristic vector for each body part: energy, distance and height, each one of
-1, -.5, 0, .5 and 1. It is performed by several skeletons and seen by several cameras. How much a part differs between
two motions is measured on its bones in three dimensions.

The evaluation of part similarity makes its variations by other means (`evaluation/part_variations.py`), on purpose:
nothing here may be used there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...encoders.systems.body_part_embedding import PART_JOINTS, WINDOW_FRAMES
from ...motion import CANONICAL_FPS, JOINT_COUNT, MIRROR, Clip, HeadingView, LabelledClip, body_view
from ...motion.camera import CameraRange, project
from ...motion.canonical.conversion import resample
from .part_bones import BONES, BONES_OF, SPINE, variation_of

#: The values of a characteristic (section IV-A).
LEVELS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0], np.float32)
#: The characteristics, of figure 6.
CHARACTERISTICS = ("energy", "distance", "height")
#: Lengths of BONES on an adult, metres.
_LENGTHS_M = np.array([0.1, 0.1, 0.5, 0.18, 0.18, 0.43, 0.43, 0.42, 0.42, 0.29, 0.29, 0.25, 0.25], np.float32)
_MIRRORED = np.array([BONES.index((MIRROR[parent], MIRROR[child])) for parent, child in BONES])
#: Where a limb goes if it is farther from the body; a torso leans forwards. In the frame of the body: left, up, ahead.
_OUTWARDS = {"left": np.array([1.0, 0.0, 0.0], np.float32), "right": np.array([-1.0, 0.0, 0.0], np.float32)}
_UPWARDS, _FORWARDS, _TO_THE_LEFT = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], np.float32)
#: What a mirror does to coordinates.
_NEGATED = np.array([-1.0, 1.0, 1.0], np.float32)


@dataclass(frozen=True)
class VariationSettings:
    """How variations, skeletons and cameras are drawn.

    Attributes:
        energy: how much larger or smaller the movement about its mean pose is at level 1 or -1, on a natural
            logarithmic scale.
        distance: displacement of a bone's direction at level 1, away from the body or towards it.
        height: displacement of a bone's direction at level 1, up or down.
        lean: displacement of the spine's direction, forwards for distance and to the left for height.
        changed_share: part of the body parts in which the second variation of a motion differs from the first.
        borrowed: part of the limbs of m' that are those of m, and of m'' that are those of m'. Without them a limb
            could be told from the rest of the body, and a replaced limb would be as good as the right one.
        fastest: the speed is between 1 / fastest and fastest, uniform on a logarithmic scale.
        skeletons: number of skeletons.
        limb_scale: each pair of bones of a skeleton is scaled by 1 - limb_scale to 1 + limb_scale.
        body_scale: each skeleton as a whole by 1 / body_scale to body_scale.
        noise_m: largest root mean square of the noise of the points, metres; each view has its own.
        cameras: the cameras that are drawn.
    """

    energy: float = 0.7
    distance: float = 0.8
    height: float = 0.8
    lean: float = 0.5
    changed_share: float = 0.6
    borrowed: float = 0.2
    fastest: float = 1.5
    skeletons: int = 18
    limb_scale: float = 0.2
    body_scale: float = 1.25
    noise_m: float = 0.01
    cameras: CameraRange = field(default_factory=CameraRange)


@dataclass(frozen=True, eq=False)
class Variations:
    """B times three motions, on two skeletons, from two cameras: the set X of section III-A1.

    Attributes:
        points: (B, 3, 2, 2, 32, 22, 2) in the image, metres, by motion (m, m', m''), skeleton (s, s') and camera
            (c, c'); zero for joints of no part.
        variation: (3 B, 3 B) how much each part differs between two of the motions, from 0 to 2; see `variation_of`.
    """

    points: NDArray[np.float32]
    variation: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class _Moving:
    """Motions as bones in the frame of the body, of one length T or stacked.

    Attributes:
        bones: (..., T, 13, 3) in units of the performer's own bones.
        heading: (..., T) radians.
        origin: (..., T, 3) metres.
    """

    bones: NDArray[np.float32]
    heading: NDArray[np.float32]
    origin: NDArray[np.float32]


class VariationSource:
    """Draws motions of clips."""

    def __init__(self, clips: Sequence[LabelledClip], settings: VariationSettings) -> None:
        """ValueError if there are not two clips."""
        if len(clips) < 2:
            raise ValueError("two clips or more are needed")
        self._settings = settings
        self._clips = clips
        self._moving = [_moving(item.clip) for item in clips]
        frames = np.sqrt([item.clip.frame_count for item in clips])
        self._chances = frames / frames.sum()
        self.skeletons = _skeletons(settings)

    def draw(self, count: int, generator: np.random.Generator) -> Variations:
        """`count` sets of motions.

        Trunk and most limbs of m' are of another clip than those of m and m'', and of another label if both have one.
        """
        settings = self._settings
        windows = [self._window(number, generator) for _ in range(count) for number in self.two_clips(generator)]
        bases = (np.stack(values).reshape(count, 2, *values[0].shape) for values in zip(*windows, strict=True))
        motions = _Moving(*(values[:, [0, 1, 0]] for values in bases))
        motions = _varied(_borrowing(motions, settings.borrowed, generator), self._levels(count, generator), settings)

        chosen = generator.permuted(np.tile(np.arange(len(self.skeletons)), (count, 1)), axis=1)[:, :2]
        positions = _positions(motions, self.skeletons[chosen])
        points = np.empty((count, 3, 2, 2, WINDOW_FRAMES, JOINT_COUNT, 2), np.float32)
        for row, camera in np.ndindex(count, 2):
            points[row, :, :, camera] = project(positions[row], settings.cameras.draw(generator), np.zeros(3))
        noise = settings.noise_m * generator.random((count, 3, 2, 2, 1, 1, 1), np.float32)
        points += noise * generator.standard_normal(points.shape, np.float32)
        return Variations(points, variation_of(motions.bones))

    def _levels(self, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Characteristic vectors (count, 3, 5, 3) of the parts of m, m' and m''."""
        levels = generator.choice(LEVELS, (count, 3, len(PART_JOINTS), len(CHARACTERISTICS)))
        for other in (1, 2):
            same = generator.random((count, len(PART_JOINTS))) >= self._settings.changed_share
            levels[:, other][same] = levels[:, 0][same]
        return levels

    def two_clips(self, generator: np.random.Generator) -> tuple[int, int]:
        """Two different clips, not of one label if there are any."""
        first = second = int(generator.choice(len(self._clips), p=self._chances))
        for _ in range(20):
            second = int(generator.choice(len(self._clips), p=self._chances))
            label = self._clips[second].label
            if second != first and not (label and label == self._clips[first].label):
                break
        return first, second

    def _window(
        self, number: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """32 frames of a clip at a random speed, mirrored or not: the fields of `_Moving`."""
        moving = self._moving[number]
        speed = self._settings.fastest ** generator.uniform(-1, 1)
        wanted = round(WINDOW_FRAMES * speed) + 1
        start = int(generator.integers(max(len(moving.bones) - wanted, 0) + 1))
        frames = np.minimum(np.arange(start, start + wanted), len(moving.bones) - 1)
        together = [moving.bones[frames].reshape(wanted, -1), moving.heading[frames, None], moving.origin[frames]]
        sampled = resample(np.concatenate(together, axis=1), CANONICAL_FPS * speed)
        sampled = sampled[np.minimum(np.arange(WINDOW_FRAMES), len(sampled) - 1)]
        bones, heading, origin = sampled[:, :-4].reshape(WINDOW_FRAMES, -1, 3), sampled[:, -4], sampled[:, -3:]
        if generator.random() < 0.5:
            bones, heading, origin = bones[:, _MIRRORED] * _NEGATED, -heading, origin * _NEGATED
        return bones, heading, origin


def _moving(clip: Clip) -> _Moving:
    view = body_view(clip.positions, clip.observed)
    parents, children = np.array(BONES).T
    bones = view.positions[:, children] - view.positions[:, parents]
    typical = np.median(np.linalg.norm(bones, axis=2), axis=0)
    bones = bones / np.maximum(typical, 1e-3)[:, None]
    return _Moving(np.asarray(bones, np.float32), view.heading, view.origin)


def _skeletons(settings: VariationSettings) -> NDArray[np.float32]:
    """Bone lengths (S, 13), metres; the same ones in every training."""
    generator = np.random.default_rng(0)
    factors = generator.uniform(1 - settings.limb_scale, 1 + settings.limb_scale, (settings.skeletons, len(BONES)))
    factors = factors[:, np.minimum(np.arange(len(BONES)), _MIRRORED)]
    sizes = settings.body_scale ** generator.uniform(-1, 1, (settings.skeletons, 1))
    return np.asarray(factors * sizes * _LENGTHS_M, np.float32)


def _borrowing(motions: _Moving, share: float, generator: np.random.Generator) -> _Moving:
    """Sets (B, 3, T) of motions in which some limbs of m' are those of m, and some of m'' those of m'."""
    bones = motions.bones.copy()
    for lender, borrower in ((0, 1), (1, 2)):
        for part, numbers in BONES_OF.items():
            rows = np.flatnonzero(generator.random(len(bones)) < share * (part != "torso"))[:, None]
            bones[rows, borrower, :, numbers] = motions.bones[rows, lender, :, numbers]
    return _Moving(bones, motions.heading, motions.origin)


def _varied(motions: _Moving, levels: NDArray[np.float32], settings: VariationSettings) -> _Moving:
    """Motions (..., T) with the characteristic vectors (..., 5, 3) of the parts; every bone keeps its length."""
    bones = motions.bones.copy()
    for number, part in enumerate(PART_JOINTS):
        energy, distance, height = levels[..., number, :, None, None, None].transpose(2, 0, 1, 3, 4, 5)
        own = motions.bones[..., BONES_OF[part], :]
        mean = own.mean(axis=-3, keepdims=True)
        changed = mean + np.exp(settings.energy * energy) * (own - mean)
        if part == "torso":  # its level of distance is leaning forwards, that of height to the left
            changed[..., [SPINE], :] += settings.lean * (distance * _FORWARDS + height * _TO_THE_LEFT)
        else:
            changed += distance * settings.distance * _OUTWARDS[part.partition("_")[0]]
            changed += height * settings.height * _UPWARDS
        changed /= np.maximum(np.linalg.norm(changed, axis=-1, keepdims=True), 1e-6)
        bones[..., BONES_OF[part], :] = np.linalg.norm(own, axis=-1, keepdims=True) * changed
    return _Moving(bones, motions.heading, motions.origin)


def _positions(motions: _Moving, lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    """Positions (B, M, S, T, 22, 3), metres, of M motions by S bodies, whose bones have `lengths` (B, S, 13).

    The mean place of each pelvis is zero.
    """
    body = motions.bones[:, :, None] * lengths[:, None, :, None, :, None]
    positions = np.zeros((*body.shape[:-2], JOINT_COUNT, 3), np.float32)
    for number, (parent, child) in enumerate(BONES):
        positions[..., child, :] = positions[..., parent, :] + body[..., number, :]
    origin = motions.origin - motions.origin.mean(axis=-2, keepdims=True)
    return HeadingView(positions, motions.heading[:, :, None], origin[:, :, None]).in_world()
