"""Changes of a clip that leave what happens in it the same: part, speed, limb lengths, joint placement, lost joints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .body_view import body_view
from .canonical.conversion import resample
from .clip import CANONICAL_FPS, Clip
from .skeleton import JOINT_COUNT, MIRROR, PARENTS, PARTS, joint

#: Mirrored bones share their factor: a body is as wide on its left as on its right.
_BONES = tuple(tuple(sorted({child, MIRROR[child]})) for child in range(1, JOINT_COUNT) if child <= MIRROR[child])

#: Torso and arms without the pelvis.
_UPPER_BODY = [number for part in ("torso", "left_arm", "right_arm") for number in PARTS[part] if number]


@dataclass(frozen=True)
class Augmentation:
    """How far random copies of a clip may differ from it.

    Attributes:
        shortest_part: a copy keeps at least this part of the frames.
        fastest: the speed is between 1 / fastest and fastest, uniform on a logarithmic scale.
        limb_scale: each pair of bones is scaled by 1 - limb_scale to 1 + limb_scale.
        joint_offset_m: root mean square of each joint's fixed displacement, as another rig places it.
    """

    shortest_part: float = 0.5
    fastest: float = 1.65
    limb_scale: float = 0.2
    joint_offset_m: float = 0.015

    def draw(self, clip: Clip, generator: np.random.Generator) -> Clip:
        """One random copy."""
        frames = max(1, round(clip.frame_count * generator.uniform(self.shortest_part, 1.0)))
        start = int(generator.integers(clip.frame_count - frames + 1))
        copy = change_speed(clip.cut(start, start + frames), self.fastest ** generator.uniform(-1, 1))
        return other_body(copy, generator, self.limb_scale, self.joint_offset_m)


def other_body(clip: Clip, generator: np.random.Generator, limb_scale: float, joint_offset_m: float) -> Clip:
    """The clip on another body and rig, drawn at random; `limb_scale` and `joint_offset_m` as in Augmentation."""
    factors = generator.uniform(1 - limb_scale, 1 + limb_scale, len(_BONES))
    offsets = generator.normal(0, joint_offset_m / np.sqrt(3), (JOINT_COUNT, 3))
    return move_joints(scale_limbs(clip, factors), offsets)


def change_speed(clip: Clip, factor: float) -> Clip:
    """The clip `factor` times as fast: above 1 it becomes shorter, below 1 longer."""
    samples = clip.positions.reshape(clip.frame_count, -1)
    positions = resample(samples, CANONICAL_FPS * factor).reshape(-1, JOINT_COUNT, 3)
    nearest = np.minimum(np.rint(np.arange(len(positions)) * factor).astype(int), clip.frame_count - 1)
    return replace(clip, positions=positions, observed=clip.observed[nearest])


def scale_limbs(clip: Clip, factors: NDArray[np.floating]) -> Clip:
    """The clip on a body of other proportions: `factors`, one a mirrored pair of bones or a bone of the midline."""
    positions = clip.positions.copy()
    factor_of = {child: factor for bone, factor in zip(_BONES, factors, strict=True) for child in bone}
    for child in range(1, JOINT_COUNT):
        bone = clip.positions[:, child] - clip.positions[:, PARENTS[child]]
        positions[:, child] = positions[:, PARENTS[child]] + np.float32(factor_of[child]) * bone
    return replace(clip, positions=positions)


def move_joints(clip: Clip, offsets: NDArray[np.floating]) -> Clip:
    """The clip with every joint displaced by its row of `offsets` (22, 3), metres in the world frame, all the time."""
    return replace(clip, positions=clip.positions + offsets.astype(np.float32))


def lose_joints(clip: Clip, joints: NDArray[np.integer]) -> Clip:
    """The clip without samples of `joints`: they stay where their nearest kept ancestor is and are not observed."""
    positions, observed = clip.positions.copy(), clip.observed.copy()
    lost = {int(joint) for joint in joints}
    for child in sorted(lost - {0}):
        parent = PARENTS[child]
        positions[:, child] = positions[:, parent]
    observed[:, sorted(lost)] = False
    return replace(clip, positions=positions, observed=observed)


def exchange_upper_body(clip: Clip, other: Clip) -> Clip:
    """The legs and the path of one clip with the torso and the arms of another, as each body sees itself.

    It has the frames that both clips have.
    """
    frames = min(clip.frame_count, other.frame_count)
    clip, other = clip.cut(0, frames), other.cut(0, frames)
    body, upper = body_view(clip.positions, clip.observed), body_view(other.positions, other.observed)
    pelvis = joint("pelvis")
    positions, observed = body.positions.copy(), clip.observed.copy()
    attached = upper.positions[:, _UPPER_BODY] - upper.positions[:, [pelvis]]
    positions[:, _UPPER_BODY] = positions[:, [pelvis]] + attached
    observed[:, _UPPER_BODY] = other.observed[:, _UPPER_BODY]
    return replace(clip, positions=replace(body, positions=positions).in_world(), observed=observed)


def turn(clip: Clip, angle_deg: float) -> Clip:
    """The clip turned about the world's vertical, from +Z towards +X."""
    angle = np.deg2rad(angle_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]], np.float32)
    return replace(clip, positions=clip.positions @ rotation.T)
