"""Numbers that are scanned from text."""

from __future__ import annotations

from ctypes import c_int64

import numpy as np
from numpy.typing import NDArray

from .calling import EXACT, FLOAT64, INT64, UINT8, UINT64, declared

_text = UINT8, c_int64, c_int64
_scan_rows = declared(EXACT, "scan_rows", *_text, c_int64, FLOAT64, c_int64, INT64)
_layout = UINT64, UINT64, UINT64, INT64
_scan_frames = declared(EXACT, "scan_frames", *_text, *_layout, INT64, c_int64, FLOAT64, c_int64, c_int64, INT64)


def scan_rows(
    text: NDArray[np.uint8],
    stop: int,
    mark: int,
    row_length: int,
    values: NDArray[np.float64],
    state: NDArray[np.int64],
) -> int:
    return int(_scan_rows(text, stop, mark, row_length, values, values.size, state))


def scan_frames(
    text: NDArray[np.uint8],
    stop: int,
    mark: int,
    layout: tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]],
    column_ends: NDArray[np.int64],
    values: NDArray[np.float64],
    state: NDArray[np.int64],
) -> int:
    return int(_scan_frames(text, stop, mark, *layout, column_ends, len(column_ends), values, *values.shape, state))
