"""Some frames of a motion instead of all, and medians over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread_frames(frame_count: int, most: int) -> NDArray[np.intp]:
    """Ascending indices of up to `most` frames (2 or more), evenly spread from the first to the last."""
    if frame_count <= most:
        return np.arange(frame_count)
    frames = (np.arange(most) * ((frame_count - 1) / (most - 1))).astype(np.intp)
    frames[-1] = frame_count - 1
    return frames


def medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians (K,) over frames of values (T, K), NaN without frames; `np.median` takes five times as long for a few."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered = np.sort(values, axis=0)
    return np.asarray((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)
