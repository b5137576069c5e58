"""Low-pass and interpolation in one filter."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def resample_frames(samples: NDArray[np.float32], step: float, lobes: int, wanted: int) -> NDArray[np.float32]:
    """Frames (wanted, D), `step` old ones apart, by a Lanczos-windowed sinc of that many lobes on each side.

    samples (T, D). See `resample`.
    """
    count, width = samples.shape
    stretch = max(step, 1.0)
    reach = int(np.ceil(lobes * stretch))
    weights = np.empty(2 * reach + 1)
    result = np.zeros((wanted, width), np.float32)
    row = np.empty(width)
    for new in range(wanted):
        centre = new * step
        nearest = int(np.floor(centre + 0.5))
        total = 0.0
        for tap in range(-reach, reach + 1):
            x = (nearest + tap - centre) / stretch
            weight = 0.0
            if abs(x) < 1e-9:
                weight = 1.0
            elif abs(x) < lobes:
                weight = lobes * np.sin(np.pi * x) * np.sin(np.pi * x / lobes) / (np.pi * x) ** 2
            weights[tap + reach] = weight
            total += weight
        row[:] = 0.0
        for tap in range(-reach, reach + 1):
            weight = weights[tap + reach] / total
            if weight == 0.0:
                continue
            old = nearest + tap
            if 0 <= old < count:
                for column in range(width):
                    row[column] += weight * samples[old, column]
            else:  # point reflection at the end that was passed
                end = 0 if old < 0 else count - 1
                mirrored = min(max(2 * end - old, 0), count - 1)
                for column in range(width):
                    row[column] += weight * (2.0 * samples[end, column] - samples[mirrored, column])
        for column in range(width):
            result[new, column] = row[column]
    return result
