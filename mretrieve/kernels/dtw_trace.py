"""The best warping path between two sequences, by backtracking through the whole table."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _squared_distance(left: NDArray[np.floating], right: NDArray[np.floating]) -> float:
    total = left.dtype.type(0)
    for feature in range(len(left)):
        total += (left[feature] - right[feature]) ** 2
    return float(total)


@njit(cache=True, nogil=True)
def trace(
    query: NDArray[np.floating], candidate: NDArray[np.floating], limits: NDArray[np.float64]
) -> tuple[NDArray[np.int32], float]:
    """The best path (L, 2) from (0, 0) to the last frames of both, and its cost."""
    rows, columns = len(query), len(candidate)
    low, high, query_scale, candidate_scale = limits
    came_from = np.empty((rows, columns), np.uint8)  # 0: diagonal, 1: the query frame before, 2: the candidate's
    above = np.full(columns, np.inf)
    row_costs = np.empty(columns, np.float64)
    for row in range(rows):
        level = int((row + 1) * query_scale)
        diagonal = 0.0 if row == 0 else np.inf
        left = np.inf
        for time in range(columns):
            warp = int((time + 1) * candidate_scale) - level
            best, origin = diagonal, 0
            if above[time] < best:
                best, origin = above[time], 1
            if left < best:
                best, origin = left, 2
            diagonal = above[time]
            left = best + _squared_distance(query[row], candidate[time]) if low <= warp <= high else np.inf
            row_costs[time] = left
            came_from[row, time] = origin
        above, row_costs = row_costs, above
    path = np.empty((rows + columns - 1, 2), np.int32)
    row, time, step = rows - 1, columns - 1, len(path)
    while True:
        step -= 1
        path[step, 0], path[step, 1] = row, time
        if row == 0 and time == 0:
            return path[step:].copy(), above[columns - 1]
        origin = 2 if row == 0 else 1 if time == 0 else int(came_from[row, time])
        row -= origin != 2
        time -= origin != 1
