"""Differentiable forward kinematics, and the camera that films what it gives: `motion/quaternion_pose.py` in torch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ..lifting.body import joint_places
from ..motion.bones import BONES, USED_JOINTS
from ..motion.quaternion_pose import QUATERNION_COUNT, QUATERNION_PARENTS, REST_DIRECTIONS
from ..motion.skeleton import joint

_REST = torch.from_numpy(REST_DIRECTIONS)


def _levels() -> list[list[int]]:
    """The numbers of the quaternions by their depth in the tree."""
    levels = [[0]]
    while children := [number for number, parent in enumerate(QUATERNION_PARENTS) if parent in levels[-1]]:
        levels.append(children)
    return levels


_LEVELS = _levels()
_ORDER = [number for level in _LEVELS for number in level]
_PLACE = [_ORDER.index(number) for number in range(len(_ORDER))]
#: Places of the 18 joints from the middle of the hips by the vectors along the 17 bones: (18, 17).
_FROM_BONES = torch.from_numpy(
    joint_places(np.eye(len(BONES), dtype=np.float32)[..., None].repeat(3, 2), np.ones(len(BONES), np.float32))[
        ..., 0
    ].T
)
_LEFT, _RIGHT = (
    [USED_JOINTS.index(joint(f"{side}_{name}")) for name in ("hip", "shoulder")] for side in ("left", "right")
)


def pose_quaternions(numbers: Tensor) -> Tensor:
    """Unit quaternions (..., 18, 4) of a network's numbers (..., 74)."""
    quaternions = _unit(numbers[..., :-2].reshape(*numbers.shape[:-1], QUATERNION_COUNT, 4))
    cosine, sine = _unit(numbers[..., -2:]).unbind(dim=-1)
    ahead = cosine >= 0
    half = _unit(torch.stack([torch.where(ahead, 1 + cosine, sine), torch.where(ahead, sine, 1 - cosine)], dim=-1))
    still = torch.zeros_like(cosine)
    heading = torch.stack([half[..., 0], still, half[..., 1], still], dim=-1)
    root = quaternion_product(heading, quaternions[..., 0, :])
    return torch.cat([root[..., None, :], quaternions[..., 1:, :]], dim=-2)


def _unit(vectors: Tensor) -> Tensor:
    return nn.functional.normalize(vectors, dim=-1, eps=1e-8)


def bone_directions_of(quaternions: Tensor) -> Tensor:
    """Directions (..., 17, 3) of BONES, turned from the T-pose by unit quaternions (..., 18, 4)."""
    worlds = [quaternions[..., :1, :]]
    for above, level in pairwise(_LEVELS):
        parents = worlds[-1][..., [above.index(QUATERNION_PARENTS[number]) for number in level], :]
        worlds.append(quaternion_product(parents, quaternions[..., level, :]))
    world = torch.cat(worlds, dim=-2)[..., _PLACE, :]
    rest, axis = _REST.to(quaternions.device), world[..., 1:, 1:]
    twice = 2 * torch.cross(axis, rest.expand(axis.shape), dim=-1)
    return rest + world[..., 1:, :1] * twice + torch.cross(axis, twice, dim=-1)


def quaternion_product(first: Tensor, second: Tensor) -> Tensor:
    """The product (..., 4) of quaternions (..., 4)."""
    scalar, vector = first[..., :1], first[..., 1:]
    other_scalar, other = second[..., :1], second[..., 1:]
    return torch.cat(
        [
            scalar * other_scalar - (vector * other).sum(dim=-1, keepdim=True),
            scalar * other + other_scalar * vector + torch.cross(vector, other, dim=-1),
        ],
        dim=-1,
    )


def positions_of(directions: Tensor, lengths: Tensor) -> Tensor:
    """Places (..., 18, 3) from the middle of the hips, by directions (..., 17, 3) and lengths (..., 17) of bones."""
    return torch.einsum("jb,...bc->...jc", _FROM_BONES.to(directions.device), directions * lengths[..., None])


def projected(positions: Tensor, path: Tensor, axes: Tensor, nearness: Tensor) -> Tensor:
    """Places in the image (B, N, J, 2), from the middle of the hips there: `camera.project` of a body on its path.

    Args:
        positions: (B, N, J, 3) from the middle of the hips.
        path: (B, N, 3) of the middle of the hips, from what the camera looks at.
        axes: (B, 3, 3) of the camera, see `Camera.axes`.
        nearness: (B,) one over the distance of the camera; 0 if it is orthographic.
    """
    hips = path[..., None, :]
    seen = torch.einsum("bnjc,bac->bnja", torch.cat([positions + hips, hips], dim=2), axes)
    depth = (1 - nearness[:, None, None, None] * seen[..., 2:]).clamp(min=0.1)
    image = seen[..., :2] / depth
    return image[..., :-1, :] - image[..., -1:, :]


def facing_forwards(positions: Tensor) -> Tensor:
    """Positions (..., 18, 3), the pelvis at the origin, each turned about the vertical to face +Z.

    As `normalised_positions` of `body_view`, but for the smoothing of the heading.
    """
    left = (positions[..., _LEFT, :] - positions[..., _RIGHT, :]).sum(dim=-2)
    cosine, sine = left[..., 0], -left[..., 2]
    length = (cosine.square() + sine.square()).sqrt().clamp(min=1e-6)
    cosine, sine = (cosine / length)[..., None], (sine / length)[..., None]
    x, y, z = (positions - positions[..., :1, :]).unbind(dim=-1)
    return torch.stack([cosine * x - sine * z, y, sine * x + cosine * z], dim=-1)
