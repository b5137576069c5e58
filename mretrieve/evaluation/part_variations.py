"""Pairs of motions whose body parts differ by known amounts, to measure how well part similarities agree with them.

A variation of a clip has a characteristic vector for each part of the body, as the motions of the SARA data set have
one (Park et al. 2021, section IV-A): how much of the part's motion is exchanged for that of a performance of another
class, and by which angle the part is turned about its joint. The difference of two variations is equation 2 of the
paper. Besides, each is performed in its own time by a body of its own proportions, and a third of the second ones are
mirrored.

What `body-part-embedding` is trained on is made by other means (`training/body_parts/variations.py`), on purpose:
nothing of that is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..motion import JOINTS, PARENTS, PARTS, Clip, LabelledClip, body_view, mirror
from ..motion.augmentation import other_body
from ..motion.camera import Camera, CameraRange, film
from ..motion.detection import as_detected
from ..motion.view import View

#: No bone that ends here is varied.
_KEPT = tuple(
    number
    for number, name in enumerate(JOINTS)
    if name == "pelvis" or name.partition("_")[2] in ("hip", "collar", "shoulder")
)
#: The bones that are varied, by the joint at their end: a limb below its shoulder or hip, and the spine with the head.
VARIED: Mapping[str, tuple[int, ...]] = {
    part: tuple(number for number in joints if number not in _KEPT) for part, joints in PARTS.items()
}
#: Largest angle by which a part is turned: limbs, and the torso.
_LARGEST_TURN_DEG, _LARGEST_LEAN_DEG = 60.0, 30.0
#: Parts that differ between two variations.
_CHANGED_SHARE = 0.6
_LEVELS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
_SHORTEST_FRAMES, _LONGEST_FRAMES = 60, 120
_CAMERAS = CameraRange()


@dataclass(frozen=True, eq=False)
class Pair:
    """Two motions to compare.

    Attributes:
        clips: both motions in three dimensions.
        views: both as detectors find them, each from a camera of its own.
        difference: (5,) how much each part differs, from 0 to 1, in the order of `skeleton.PARTS` and by the names that
            the parts have in the first motion.
        one_clip: whether they are variations of one clip; else they are of two classes and differ by 1.
        mirrored: whether the second motion is mirrored.
    """

    clips: tuple[Clip, Clip]
    views: tuple[View, View]
    difference: NDArray[np.float64]
    one_clip: bool
    mirrored: bool


def draw_pairs(items: Sequence[LabelledClip], count: int, seed: int = 0) -> list[Pair]:
    """`count` pairs, the same ones for the same clips and seed.

    Two thirds are variations of one clip, and a third of all is mirrored, independently.

    Raises:
        ValueError: the clips are of one class.
    """
    return [_pair(items, np.random.default_rng((seed, number)), one_clip=number % 3 < 2) for number in range(count)]


def _pair(items: Sequence[LabelledClip], generator: np.random.Generator, one_clip: bool) -> Pair:
    first, second = two_classes(items, generator)
    base = some_frames(first.clip, generator)
    donors = {part: some_frames(two_classes(items, generator, first)[1].clip, generator) for part in PARTS}
    axes = {part: _direction(generator) for part in PARTS}
    ours = {part: generator.choice(_LEVELS, 2) for part in PARTS}
    theirs = {
        part: generator.choice(_LEVELS, 2) if generator.random() < _CHANGED_SHARE else levels
        for part, levels in ours.items()
    }
    varied = [varied_clip(base, donors, axes, levels) for levels in (ours, theirs)]
    if one_clip:
        difference = np.array([np.abs(ours[part] - theirs[part]).sum() / 4 for part in PARTS])
    else:
        varied[1], difference = some_frames(second.clip, generator), np.ones(len(PARTS))
    performed = [other_body(in_own_time(clip, generator), generator, 0.2, 0.015) for clip in varied]
    mirrored = bool(generator.random() < 1 / 3)
    clips = (performed[0], mirror(performed[1]) if mirrored else performed[1])
    views = (filmed(clips[0], _CAMERAS.draw(generator)), filmed(clips[1], _CAMERAS.draw(generator)))
    return Pair(clips, views, difference, one_clip, mirrored)


@dataclass(frozen=True, eq=False)
class Replaced:
    """A motion from two cameras, and from the second with one limb replaced.

    Attributes:
        views: the motion, the motion from another camera, and from there with the limb of another class.
        part: the limb.
    """

    views: tuple[View, View, View]
    part: str


def draw_replaced(items: Sequence[LabelledClip], generator: np.random.Generator) -> Replaced:
    """A random one. ValueError if the clips are of one class."""
    first, second = two_classes(items, generator)
    clip, donor = some_frames(first.clip, generator), some_frames(second.clip, generator)
    part = str(generator.choice([name for name in PARTS if name != "torso"]))
    other = varied_clip(clip, {part: donor}, {part: _direction(generator)}, {part: np.array([1.0, 0.0])})
    cameras = [_CAMERAS.draw(generator) for _ in range(2)]
    return Replaced((filmed(clip, cameras[0]), filmed(clip, cameras[1]), filmed(other, cameras[1])), part)


def two_classes(
    items: Sequence[LabelledClip], generator: np.random.Generator, first: LabelledClip | None = None
) -> tuple[LabelledClip, LabelledClip]:
    """Two clips of different classes, `first` being the first one. ValueError if there is one class."""
    first = first or items[int(generator.integers(len(items)))]
    others = [item for item in items if item.label != first.label]
    if not others:
        raise ValueError("clips of two classes are needed")
    return first, others[generator.integers(len(others))]


def some_frames(clip: Clip, generator: np.random.Generator) -> Clip:
    """60 to 120 successive frames of a clip, or all if it has fewer."""
    frames = min(int(generator.integers(_SHORTEST_FRAMES, _LONGEST_FRAMES + 1)), clip.frame_count)
    start = int(generator.integers(clip.frame_count - frames + 1))
    return clip.cut(start, start + frames)


def varied_clip(
    clip: Clip,
    donors: Mapping[str, Clip],
    axes: Mapping[str, NDArray[np.float64]],
    levels: Mapping[str, NDArray[np.float64]],
) -> Clip:
    """The clip with the characteristic vectors `levels` of each part, from -1 to 1: exchange, then turning.

    At exchange -1 the part moves as in the clip, at 1 as in its donor, whose frames are spread over the clip's. Turning
    is about the part's axis (3,), in the body's frame. Bones keep their lengths.
    """
    view = body_view(clip.positions, clip.observed)
    bones = view.positions - view.positions[:, [max(parent, 0) for parent in PARENTS]]
    for part, (exchange, turning) in levels.items():
        numbers = list(VARIED[part])
        own = bones[:, numbers]
        lengths = np.linalg.norm(own, axis=2, keepdims=True)
        directions = own / np.maximum(lengths, 1e-6)
        if exchange > -1:
            donor = body_view(donors[part].positions, donors[part].observed).positions
            frames = np.rint(np.linspace(0, len(donor) - 1, clip.frame_count)).astype(int)
            theirs = donor[frames][:, numbers] - donor[frames][:, [PARENTS[number] for number in numbers]]
            theirs = theirs / np.maximum(np.linalg.norm(theirs, axis=2, keepdims=True), 1e-6)
            directions = _between(directions, theirs, (exchange + 1) / 2)
        largest = _LARGEST_LEAN_DEG if part == "torso" else _LARGEST_TURN_DEG
        bones[:, numbers] = lengths * (directions @ _rotation(axes[part], np.deg2rad(largest * turning)).T)
    positions = np.zeros_like(view.positions)
    positions[:, 0] = view.positions[:, 0]
    for child, parent in enumerate(PARENTS[1:], start=1):
        positions[:, child] = positions[:, parent] + bones[:, child]
    return replace(clip, positions=replace(view, positions=positions).in_world())


def in_own_time(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip with a speed that changes smoothly, from two thirds to one and a half of its own."""
    knots = 1.5 ** generator.uniform(-1, 1, 4)
    speed = np.interp(np.linspace(0, 3, clip.frame_count), np.arange(4), knots)
    passed = np.cumsum(1 / speed)
    times = np.interp(np.arange(0, passed[-1]), passed - passed[0], np.arange(clip.frame_count))
    before = np.minimum(times.astype(int), max(clip.frame_count - 2, 0))
    share = (times - before).astype(np.float32)[:, None, None]
    after = np.minimum(before + 1, clip.frame_count - 1)
    positions = (1 - share) * clip.positions[before] + share * clip.positions[after]
    return replace(clip, positions=positions, observed=clip.observed[np.rint(times).astype(int)])


def filmed(clip: Clip, camera: Camera) -> View:
    """What a detector without errors finds of a clip."""
    return as_detected(film(clip, camera))


def _direction(generator: np.random.Generator) -> NDArray[np.float64]:
    vector = generator.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def _between(first: NDArray[np.floating], second: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """Unit vectors on the great circle from the first (..., 3) to the second."""
    cosine = np.clip((first * second).sum(axis=-1, keepdims=True), -0.999, 0.999)
    angle = np.arccos(cosine)
    mixed = np.sin((1 - share) * angle) * first + np.sin(share * angle) * second
    return np.asarray(mixed / np.maximum(np.linalg.norm(mixed, axis=-1, keepdims=True), 1e-6))


def _rotation(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """The matrix (3, 3) that turns about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
