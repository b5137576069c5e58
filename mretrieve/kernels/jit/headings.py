"""Where a body is and faces in each frame, as `body_view` finds it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def headings(
    positions: NDArray[np.float32],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Cosine and sine (T, 2) of the heading, and the origin (T, 3); for the arguments see `warping_features`."""
    frames, known, first = len(positions), False, 0
    turns, origins = np.zeros((frames, 2)), np.empty((frames, 3), np.float32)
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
    means = np.empty((frames, 2))
    for frame in range(frames):
        across = np.zeros(2)
        for near in range(frame - 2, frame + 3):  # the mean heading of five frames
            across += turns[min(max(near, 0), frames - 1)]
        size = np.sqrt(across[0] ** 2 + across[1] ** 2)
        means[frame, 0], means[frame, 1] = (across[0] / size, -across[1] / size) if size > 0 else (1.0, 0.0)
    return means, origins


@njit(cache=True, nogil=True)
def body_velocity(
    origins: NDArray[np.float32], frame: int, rate: float, cosine: float, sine: float
) -> tuple[float, float, float]:
    """The velocity of the origin in the body's frame: left, up, forwards, per second."""
    before, after = max(frame - 1, 0), min(frame + 1, len(origins) - 1)
    speed = (origins[after] - origins[before]) * (rate / (after - before) if after > before else 0.0)
    return cosine * speed[0] - sine * speed[2], speed[1], sine * speed[0] + cosine * speed[2]
