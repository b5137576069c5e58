"""Which frames of a motion are looked at if a few are enough."""

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
