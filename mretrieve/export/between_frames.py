"""Poses between the frames of a motion: rotations by slerp, translations linearly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..formats.exponential_map import rotations
from ..formats.rotation_channels import Poses, poses_of
from ..motion import Rig

#: So near to a frame, in frames, is at it.
_AT_FRAME = 1e-6


def poses_at(rig: Rig, channels: NDArray[np.float64], frames: NDArray[np.float64]) -> Poses:
    """The poses of channels (T, C) at the frames (N,), of which the fractions lie between two, 0 to T - 1."""
    before = np.clip(np.floor(frames + _AT_FRAME).astype(np.intp), 0, len(channels) - 1)
    fraction = np.clip(frames - before, 0.0, 1.0)
    turned, moved = poses_of(rig, channels[before])
    between = np.flatnonzero(fraction > _AT_FRAME)
    if len(between):
        after = np.minimum(before[between] + 1, len(channels) - 1)
        turned_next, moved_next = poses_of(rig, channels[after])
        part = fraction[between, None, None]
        moved[between] += part * (moved_next - moved[between])
        turned[between] = slerp(turned[between], turned_next, part)
    return turned, moved


def slerp(start: NDArray[np.float64], end: NDArray[np.float64], fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (..., 3, 3) on the shortest way from `start` to `end`, at `fraction` (..., 1) of it.

    Shoemake, "Animating rotation with quaternion curves" (SIGGRAPH 1985), in rotation vectors.
    """
    return start @ rotations(fraction * rotation_vectors(start.swapaxes(-1, -2) @ end))


def rotation_vectors(turned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation vectors (..., 3), as long as the angle in radians, 0 to pi, of rotations (..., 3, 3)."""
    sine = 0.5 * np.stack(
        [
            turned[..., 2, 1] - turned[..., 1, 2],
            turned[..., 0, 2] - turned[..., 2, 0],
            turned[..., 1, 0] - turned[..., 0, 1],
        ],
        axis=-1,
    )
    length = np.linalg.norm(sine, axis=-1, keepdims=True)
    cosine = 0.5 * (np.trace(turned, axis1=-2, axis2=-1)[..., None] - 1.0)
    angle = np.arctan2(length, cosine)
    vectors = sine * (angle / np.maximum(length, 1e-300))
    # Near half a turn the sine vanishes; there (R + R.T) / 2 - cos is (1 - cos) axis axis.T, with the axis for columns.
    turned_over = (cosine < -0.99)[..., 0]
    if turned_over.any():
        half = turned[turned_over]
        symmetric = 0.5 * (half + half.swapaxes(-1, -2)) - cosine[turned_over][..., None] * np.eye(3)
        longest = np.argmax(np.linalg.norm(symmetric, axis=-2), axis=-1)
        axis = np.take_along_axis(symmetric, longest[:, None, None], axis=-1)[..., 0]
        axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
        axis *= np.where(np.einsum("ni,ni->n", axis, sine[turned_over]) < 0, -1.0, 1.0)[:, None]
        vectors[turned_over] = axis * angle[turned_over]
    return np.asarray(vectors)
