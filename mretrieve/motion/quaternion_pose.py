"""Poses as one unit quaternion a bone, and forward kinematics: the pose of a skeleton that is turned by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bones import BONES

#: Directions (17, 3) of BONES in a T-pose: +X left, +Y up, +Z forwards.
REST_DIRECTIONS = np.array(
    [
        [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, 0, 1], [0, 0, 1],
        [0, 1, 0], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [1, 0, 0], [-1, 0, 0], [1, 0, 0], [-1, 0, 0],
    ],
    np.float32,
)  # fmt: skip
#: Quaternions of a pose: that of the root, then those of BONES.
QUATERNION_COUNT = 1 + len(BONES)
#: The quaternion that each of them is relative to, -1 for the root.
QUATERNION_PARENTS: tuple[int, ...] = (
    -1,
    *(next((1 + bone for bone, (_, end) in enumerate(BONES) if end == parent), 0) for parent, _ in BONES),
)
#: Numbers of a pose: the quaternions, and cosine and sine of the heading; none of these is normalised.
NUMBER_COUNT = 4 * QUATERNION_COUNT + 2


def pose_quaternions(numbers: NDArray[np.floating]) -> NDArray[np.float32]:
    """Unit quaternions (..., 18, 4) of a network's numbers (..., 74).

    The root's is turned by the heading, which has numbers of its own: a full turn takes a quaternion q to -q, so a
    network that gives the quaternion alone would jump at some heading.
    """
    quaternions = unit_quaternions(numbers[..., :-2].reshape(*numbers.shape[:-1], QUATERNION_COUNT, 4))
    cosine, sine = np.moveaxis(unit_quaternions(numbers[..., -2:]), -1, 0)
    ahead = cosine >= 0  # half of the angle, from the pair of numbers that are not both small
    half = np.stack([np.where(ahead, 1 + cosine, sine), np.where(ahead, sine, 1 - cosine)], axis=-1)
    heading = np.zeros_like(quaternions[..., 0, :])
    heading[..., [0, 2]] = unit_quaternions(half)
    quaternions[..., 0, :] = quaternion_product(heading, quaternions[..., 0, :])
    return quaternions


def unit_quaternions(quaternions: NDArray[np.floating]) -> NDArray[np.float32]:
    """Quaternions (..., 4), or other vectors, of length 1."""
    lengths = np.sqrt((quaternions**2).sum(axis=-1, keepdims=True))
    return np.asarray(quaternions / np.maximum(lengths, 1e-8), np.float32)


def bone_directions_of(quaternions: NDArray[np.floating]) -> NDArray[np.float32]:
    """Directions (..., 17, 3) of BONES, turned from the T-pose by unit quaternions (..., 18, 4): w, x, y, z.

    The quaternion of a bone turns it, and all that hangs on it, relative to the bone before; that of the root turns the
    body. A quaternion turns the bone that ends in its joint, not those that begin there, because hips, trunk and
    shoulders of real bodies are not rigid triangles.
    """
    world: list[NDArray[np.floating]] = []
    for number, parent in enumerate(QUATERNION_PARENTS):
        own = quaternions[..., number, :]
        world.append(own if parent < 0 else quaternion_product(world[parent], own))
    turned = [turned_vectors(world[1 + bone], rest) for bone, rest in enumerate(REST_DIRECTIONS)]
    return np.asarray(np.stack(turned, axis=-2), np.float32)


def quaternion_product(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.floating]:
    """The product (..., 4) of quaternions (..., 4): the rotation by `second`, then by `first`."""
    scalar, vector = first[..., :1], first[..., 1:]
    other_scalar, other = second[..., :1], second[..., 1:]
    return np.concatenate(
        [
            scalar * other_scalar - (vector * other).sum(axis=-1, keepdims=True),
            scalar * other + other_scalar * vector + np.cross(vector, other),
        ],
        axis=-1,
    )


def turned_vectors(quaternions: NDArray[np.floating], vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Vectors (..., 3), turned by unit quaternions (..., 4)."""
    axis = quaternions[..., 1:]
    twice = 2 * np.cross(axis, np.broadcast_to(vectors, axis.shape))
    return np.asarray(vectors + quaternions[..., :1] * twice + np.cross(axis, twice))
