"""Rotation matrices from and to axis angles, Euler angles and rotation vectors, for column vectors.

SciPy's `Rotation` does the same. Importing it takes longer than a whole query, and reading a file must not need it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: If the sine of the middle Euler angle is larger, rounding decides what the other two are.
_GIMBAL_LOCK = 1 - 1e-13


def unit_vectors(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """Vectors (..., 3) of length 1; those shorter than 1e-9 keep their direction and stay short."""
    lengths = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return np.asarray(vectors / np.maximum(lengths, 1e-9)[..., None])


def rotation_about(axis: int, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) about X, Y or Z (axis 0, 1, 2) by angles (...) in radians."""
    rotations = np.zeros((*angles.shape, 3, 3))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    rotations[..., axis, axis] = 1
    rotations[..., second, second] = rotations[..., third, third] = np.cos(angles)
    rotations[..., third, second] = np.sin(angles)
    rotations[..., second, third] = -rotations[..., third, second]
    return rotations


def euler_angles(rotations: NDArray[np.float64], axes: tuple[int, int, int]) -> NDArray[np.float64]:
    """Angles (..., 3) in radians of rotations (..., 3, 3) = R(first axis) @ R(second) @ R(third).

    `axes` are 0, 1, 2 for X, Y, Z, each once. The middle angle is within a quarter turn of zero. At a quarter turn the
    other two rotate about the same axis, and the third angle is zero.
    """
    first, second, third = axes
    sign = 1.0 if (second - first) % 3 == 1 else -1.0
    sine = np.clip(sign * rotations[..., first, third], -1.0, 1.0)
    locked = np.abs(sine) > _GIMBAL_LOCK
    return np.stack(
        [
            np.where(
                locked,
                np.arctan2(sign * rotations[..., third, second], rotations[..., second, second]),
                np.arctan2(-sign * rotations[..., second, third], rotations[..., third, third]),
            ),
            np.arcsin(sine),
            np.where(locked, 0.0, np.arctan2(-sign * rotations[..., first, second], rotations[..., first, first])),
        ],
        axis=-1,
    )


def from_rotation_vectors(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) of rotation vectors (..., 3) in radians (Rodrigues' formula)."""
    angle = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    axis = vectors / np.maximum(angle, 1e-12)
    sine, cosine = np.sin(angle), np.cos(angle)
    rotations: NDArray[np.float64] = axis[..., :, None] * ((1 - cosine) * axis)[..., None, :]
    for first in range(3):
        second, third = (first + 1) % 3, (first + 2) % 3
        rotations[..., first, first] += cosine[..., 0]
        rotations[..., third, second] += sine[..., 0] * axis[..., first]
        rotations[..., second, third] -= sine[..., 0] * axis[..., first]
    return rotations


def from_quaternions(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) of quaternions (..., 4) x, y, z, w of any length; the identity for those of length 0."""
    lengths = np.linalg.norm(quaternions, axis=-1, keepdims=True)
    none = np.array([0.0, 0.0, 0.0, 1.0])
    x, y, z, w = np.moveaxis(np.where(lengths > 1e-9, quaternions / np.maximum(lengths, 1e-9), none), -1, 0)
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def rotation_vectors(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vectors (..., 3) of rotations (..., 3, 3); their length is the angle in radians, 0 to pi."""
    sine = 0.5 * np.stack(
        [
            rotations[..., 2, 1] - rotations[..., 1, 2],
            rotations[..., 0, 2] - rotations[..., 2, 0],
            rotations[..., 1, 0] - rotations[..., 0, 1],
        ],
        axis=-1,
    )
    length = np.linalg.norm(sine, axis=-1, keepdims=True)
    cosine = 0.5 * (np.trace(rotations, axis1=-2, axis2=-1)[..., None] - 1.0)
    angle = np.arctan2(length, cosine)
    vectors = sine * (angle / np.maximum(length, 1e-300))
    # Near half a turn the sine vanishes; (R + R.T) / 2 - cos is (1 - cos) axis axis.T: its columns are the axis.
    near_half_turn = (cosine < -0.99)[..., 0]
    if near_half_turn.any():
        half = rotations[near_half_turn]
        symmetric = 0.5 * (half + half.swapaxes(-1, -2)) - cosine[near_half_turn][..., None] * np.eye(3)
        longest = np.argmax(np.linalg.norm(symmetric, axis=-2), axis=-1)
        axis = np.take_along_axis(symmetric, longest[:, None, None], axis=-1)[..., 0]
        axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
        axis *= np.where(np.einsum("ni,ni->n", axis, sine[near_half_turn]) < 0, -1.0, 1.0)[:, None]
        vectors[near_half_turn] = axis * angle[near_half_turn]
    return np.asarray(vectors)


def slerp(start: NDArray[np.float64], end: NDArray[np.float64], fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) on the shortest path from `start` to `end`, at `fraction` (..., 1) of it.

    Shoemake, "Animating rotation with quaternion curves" (SIGGRAPH 1985), computed with rotation vectors.
    """
    return start @ from_rotation_vectors(fraction * rotation_vectors(start.swapaxes(-1, -2) @ end))
