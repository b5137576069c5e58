"""Overlapping spans of frames: windows and pieces over a longer stretch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def overlapping_spans(start: int, end: int, length: int, hop: int) -> NDArray[np.int64]:
    """Spans (S, 2) of `length` frames in [start, end), `hop` apart, the last one flush with the end.

    If the stretch is not longer than `length`, the stretch itself. They cover every frame if hop <= length.
    """
    last = end - length
    if last <= start:
        return np.array([[start, end]], np.int64)
    starts = np.array([*range(start, last, hop), last], np.int64)
    return np.stack([starts, starts + length], axis=1)
