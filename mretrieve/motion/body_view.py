"""Clips seen from the body: heading-normalised views, the path of the root, and the mirror image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..kernels import compiled
from .clip import CANONICAL_FPS, Clip
from .skeleton import JOINT_COUNT, MIRROR, joint

#: Pairs of joints that show where a body faces, and the joint in the middle of each.
_FACING = (
    ((joint("left_hip"), joint("right_hip")), joint("pelvis")),
    ((joint("left_shoulder"), joint("right_shoulder")), joint("neck")),
)
_SMOOTHED_FRAMES = 5


@dataclass(frozen=True, eq=False)
class HeadingView:
    """A clip in the frame of its own body, and the place and heading that this leaves out.

    Attributes:
        positions: (T, 22, 3) metres in the body's frame: +X left, +Y up, +Z forwards.
        heading: (T,) radians about +Y from +Z to where the body faces, continuous over time.
        origin: (T, 3) metres in the world: the point that is zero in `positions`.
    """

    positions: NDArray[np.float32]
    heading: NDArray[np.float32]
    origin: NDArray[np.float32]

    def velocity(self) -> NDArray[np.float32]:
        """Velocity of the origin (T, 3), metres a second, in the body frame: left, up, forwards."""
        if len(self.origin) < 2:
            return np.zeros_like(self.origin)
        return _turned((np.gradient(self.origin, axis=0) * CANONICAL_FPS)[:, None], self.heading)[:, 0]

    def in_world(self) -> NDArray[np.float32]:
        """The positions (..., T, 22, 3) in the world: what `body_view` undoes."""
        return _turned(self.positions, -self.heading) + self.origin[..., None, :]

    def turning(self) -> NDArray[np.float32]:
        """Change of heading (T,), radians a second, positive to the body's left."""
        if len(self.heading) < 2:
            return np.zeros_like(self.heading)
        return np.asarray(np.gradient(self.heading) * CANONICAL_FPS, np.float32)


def body_view(positions: NDArray[np.floating], observed: NDArray[np.bool_] | None = None) -> HeadingView:
    """Positions (T, 22, 3), metres, world, moved and turned about the vertical into each frame's own heading.

    The origin is the middle of the hips in all three axes, so heights count from there; it is the pelvis where a hip is
    not observed. The heading is square to the sum of the vectors from right to left hip and from right to left
    shoulder, without their vertical part, as a mean over 5 frames; of a pair with one joint observed, the vector
    between it and the middle of the body counts twice. In frames where the body lies across none (it lies on its side)
    the last heading is kept.

    A joint counts as observed in all frames or in none, by what most frames say, or origin and heading would jump.
    Where no joint tells the heading, what was filled in for them does.
    """
    positions = np.asarray(positions, np.float32)
    seen = _seen(positions, observed)
    lefts = [factor * (positions[:, left] - positions[:, right]) for left, right, factor in facing_pairs(seen)]
    heading = _heading(np.sum(lefts, axis=0))
    one, other = origin_joints(seen)
    origin = np.asarray(0.5 * (positions[:, one] + positions[:, other]), np.float32)
    return HeadingView(_turned(positions - origin[:, None], heading), heading, origin)


def facing_pairs(seen: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """The vectors whose sum points to the body's left, by the joints (22,) that are seen; see `body_view`.

    Each is (left joint, right joint, factor).
    """
    pairs = []
    for (left, right), middle in _FACING:
        if seen[left] and seen[right]:
            pairs.append((left, right, 1))
        elif seen[middle] and seen[left]:
            pairs.append((left, middle, 2))
        elif seen[middle] and seen[right]:
            pairs.append((middle, right, 2))
    return pairs or [(left, right, 1) for (left, right), _ in _FACING]


def origin_joints(seen: NDArray[np.bool_]) -> tuple[int, int]:
    """The two joints midway between which a body view has its origin, by the joints (22,) that are seen."""
    hips, pelvis = _FACING[0]
    return hips if seen[list(hips)].all() else (pelvis, pelvis)


@dataclass(frozen=True, eq=False)
class Facing:
    """What `body_view` looks at, as kernels take it.

    Attributes:
        sides: (S, 2) the body's left is the sum of factor * (first - second joint).
        factors: (S,) of the sides.
        origin: (2,) the origin is midway between these joints.
    """

    sides: NDArray[np.int32]
    factors: NDArray[np.float32]
    origin: NDArray[np.int32]

    @classmethod
    def by(cls, seen: NDArray[np.bool_]) -> Facing:
        """By the joints (22,) that are seen."""
        return _facing(seen.tobytes())


@lru_cache(256)
def _facing(seen: bytes) -> Facing:
    joints = np.frombuffer(seen, bool)
    pairs = facing_pairs(joints)
    return Facing(
        np.array([pair[:2] for pair in pairs], np.int32),
        np.array([pair[2] for pair in pairs], np.float32),
        np.array(origin_joints(joints), np.int32),
    )


_EVERY_JOINT = np.arange(JOINT_COUNT, dtype=np.int32)
_AS_THEY_ARE = np.ones(JOINT_COUNT, np.float32)


def heading_view(positions: NDArray[np.floating], observed: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """The positions (T, 22, 3) of `body_view`, but for rounding: hips at the origin, facing +Z in every frame."""
    positions = np.ascontiguousarray(positions, np.float32)
    facing = Facing.by(_seen(positions, observed))
    features = np.empty((len(positions), 3 * JOINT_COUNT + 3), np.float32)  # the last three are velocity
    body = facing.sides, facing.factors, facing.origin, _EVERY_JOINT, _AS_THEY_ARE
    compiled.warping_features([positions], *body, 0.0, CANONICAL_FPS, features)
    return features[:, :-3].reshape(-1, JOINT_COUNT, 3)


def _seen(positions: NDArray[np.float32], observed: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """The joints (22,) that most frames show."""
    if observed is None:
        return np.ones(JOINT_COUNT, bool)
    return np.asarray(2 * observed.sum(axis=0) >= len(positions))


def mirror(clip: Clip) -> Clip:
    """The clip as a mirror shows it: X negated, left and right swapped."""
    order = list(MIRROR)
    flipped = clip.positions[:, order] * np.array([-1, 1, 1], np.float32)
    return replace(clip, positions=flipped, observed=clip.observed[:, order])


def _heading(left: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unwrapped heading (T,) of a body whose left is (T, 3), smoothed; frames without one take a neighbour's."""
    across = left[:, [0, 2]].astype(np.float64)
    width = np.sqrt((across**2).sum(axis=1))
    known = width > 0.02
    if not known.any():
        return np.zeros(len(left), np.float32)
    across /= np.maximum(width, 1e-9)[:, None]
    if not known.all():
        nearest = np.maximum.accumulate(np.where(known, np.arange(len(left)), -1))
        across = across[np.where(nearest < 0, np.argmax(known), nearest)]
    half = _SMOOTHED_FRAMES // 2
    padded = np.concatenate([np.repeat(across[:1], half, axis=0), across, np.repeat(across[-1:], half, axis=0)])
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(padded, axis=0)])
    smooth = total[_SMOOTHED_FRAMES:] - total[:-_SMOOTHED_FRAMES]
    # left is +X and forwards +Z at heading zero; turning about +Y takes left (1, 0) to (cos h, -sin h)
    return np.asarray(np.unwrap(np.arctan2(-smooth[:, 1], smooth[:, 0])), np.float32)


def _turned(vectors: NDArray[np.float32], heading: NDArray[np.float32]) -> NDArray[np.float32]:
    """World vectors (..., T, N, 3) in the body frame of each frame's heading (..., T)."""
    cosine, sine = np.cos(heading)[..., None], np.sin(heading)[..., None]
    x, z = vectors[..., 0], vectors[..., 2]
    turned = np.empty(vectors.shape, np.float32)
    turned[..., 0] = cosine * x - sine * z
    turned[..., 1] = vectors[..., 1]
    turned[..., 2] = sine * x + cosine * z
    return turned
