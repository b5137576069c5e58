"""Features for time warping: joint positions in the body's frame, and the velocity of its root."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray


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
    turns, known, first = np.zeros((frames, 2)), False, 0
    origins = np.empty((frames, 3), np.float32)
    for frame in range(frames):
        x, z = np.float32(0), np.float32(0)
        for side in range(len(sides)):
            left, right = positions[frame, sides[side, 0]], positions[frame, sides[side, 1]]
            x += side_factors[side] * (left[0] - right[0])
            z += side_factors[side] * (left[2] - right[2])
        width = np.sqrt(np.float64(x) * x + np.float64(z) * z)
        if width > 0.02:
            if not known:
                known, first = True, frame
            turns[frame, 0], turns[frame, 1] = x / width, z / width
        elif known:
            turns[frame] = turns[frame - 1]
        for axis in range(3):
            middle = positions[frame, hips[0], axis] + positions[frame, hips[1], axis]
            origins[frame, axis] = np.float32(0.5) * middle
    turns[:first] = turns[first]
    for frame in range(frames):
        across = np.zeros(2)
        for near in range(frame - 2, frame + 3):  # the mean heading of five frames
            across += turns[min(max(near, 0), frames - 1)]
        size = np.sqrt(across[0] ** 2 + across[1] ** 2)
        cosine, sine = (across[0] / size, -across[1] / size) if size > 0 else (1.0, 0.0)
        for joint in range(count):
            place = positions[frame, joints[joint]] - origins[frame]
            features[frame, 3 * joint] = factors[joint] * (cosine * place[0] - sine * place[2])
            features[frame, 3 * joint + 1] = factors[joint] * place[1]
            features[frame, 3 * joint + 2] = factors[joint] * (sine * place[0] + cosine * place[2])
        before, after = max(frame - 1, 0), min(frame + 1, frames - 1)
        speed = (origins[after] - origins[before]) * (rate / (after - before) if after > before else 0.0)
        velocity = (cosine * speed[0] - sine * speed[2], speed[1], sine * speed[0] + cosine * speed[2])
        for axis in range(3):
            features[frame, 3 * count + axis] = velocity_factor * np.sign(velocity[axis]) * np.sqrt(abs(velocity[axis]))
