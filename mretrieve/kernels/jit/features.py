"""Features for time warping: joint positions in the body's frame, and the velocity of its root."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .headings import body_velocity, headings


def warping_features(
    motions: Sequence[NDArray[np.float32]],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
    joints: NDArray[np.int32],
    factors: NDArray[np.float32],
    velocity_factor: float,
    rate: float,
    features: NDArray[np.float32],
) -> None:
    """Fill in the features of motions (T_i, N, 3), C-contiguous, in metres, world, Y up, one after the other.

    Args:
        motions: at least one.
        sides: (S, 2) pairs of joints.
        side_factors: (S,) the body's left is the sum of factor * (first - second joint of a pair). If its horizontal
            part is shorter than 2 cm, the last heading is kept.
        hips: (2,) the origin is the middle of these two joints.
        joints: (J,) whose positions, in the frame of the body's own heading, are taken.
        factors: (J,) of these positions.
        velocity_factor: of the signed root of the origin's velocity in that frame.
        rate: frames a second.
        features: (sum of T_i, 3 J + 3), what is filled in.
    """
    start = 0
    for motion in motions:
        own = features[start : start + len(motion)]
        _motion_features(motion, sides, side_factors, hips, joints, factors, velocity_factor, rate, own)
        start += len(motion)


@njit(cache=True, nogil=True)
def _motion_features(
    positions: NDArray[np.float32],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
    joints: NDArray[np.int32],
    factors: NDArray[np.float32],
    velocity_factor: float,
    rate: float,
    features: NDArray[np.float32],
) -> None:
    frames, count = len(positions), len(joints)
    turns, origins = headings(positions, sides, side_factors, hips)
    for frame in range(frames):
        cosine, sine = turns[frame]
        for joint in range(count):
            place = positions[frame, joints[joint]] - origins[frame]
            features[frame, 3 * joint] = factors[joint] * (cosine * place[0] - sine * place[2])
            features[frame, 3 * joint + 1] = factors[joint] * place[1]
            features[frame, 3 * joint + 2] = factors[joint] * (sine * place[0] + cosine * place[2])
        velocity = body_velocity(origins, frame, rate, cosine, sine)
        for axis in range(3):
            features[frame, 3 * count + axis] = velocity_factor * np.sign(velocity[axis]) * np.sqrt(abs(velocity[axis]))
