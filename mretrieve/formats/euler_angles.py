"""Euler angles of rotation matrices, about any three different axes in any order: what rotation channels hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: From this sine of the middle angle on, rounding decides what the other two are.
_LOCKED = 1 - 1e-13


def euler_angles(rotations: NDArray[np.float64], axes: tuple[int, int, int]) -> NDArray[np.float64]:
    """Angles (..., 3) in radians of rotations (..., 3, 3) = R(first axis) @ R(second) @ R(third), column vectors.

    `axes` are 0, 1, 2 for X, Y, Z, each once. The middle angle is within a quarter turn of zero; where it is one, the
    others turn about one axis, and the third angle is zero.
    """
    first, second, third = axes
    sign = 1.0 if (second - first) % 3 == 1 else -1.0
    sine = np.clip(sign * rotations[..., first, third], -1.0, 1.0)
    locked = np.abs(sine) > _LOCKED
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
