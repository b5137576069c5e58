"""Rotation matrices of whole tracks: about an axis, about three in turn, and along a bone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..motion.rotations import rotation_about
from .curves import Floats


def about(axis: str, angle: ArrayLike) -> Floats:
    """Rotations (..., 3, 3) about "x", "y" or "z" by `angle` (...) radians, column vectors."""
    return rotation_about("xyz".index(axis), np.asarray(angle, float))


def turned(pitch_yaw_roll: Floats) -> Floats:
    """Rotations (T, 3, 3) of (T, 3) radians: pitch forward, yaw to the left, roll to the right, yaw outermost."""
    pitch, yaw, roll = np.moveaxis(pitch_yaw_roll, -1, 0)
    return about("y", yaw) @ about("x", pitch) @ about("z", roll)


def apply(rotations: Floats, vectors: Floats) -> Floats:
    """Rotate vectors: (..., 3, 3) and (..., 3) to (..., 3)."""
    return np.asarray((rotations @ vectors[..., None])[..., 0])


def unit(vectors: Floats) -> Floats:
    """Vectors (..., 3) brought to length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
