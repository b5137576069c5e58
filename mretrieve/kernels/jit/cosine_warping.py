"""Warping over a table of costs that is known already."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def warp_costs(costs: NDArray[np.float32], ends: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cost and length of the cheapest path with each candidate.

    Of equally good steps the diagonal one is taken, then the one in the query, as in `warping`.

    Args:
        costs: (n, M) of each query frame with the frames of all candidates, side by side.
        ends: (C,) columns at which the candidates end.

    Returns:
        (C,) sums of costs along the paths, (C,) numbers of their steps.
    """
    sums, lengths = np.empty(len(ends)), np.empty(len(ends), np.int64)
    first = 0
    for candidate in range(len(ends)):
        count = ends[candidate] - first
        below, below_length = np.full(count, np.inf), np.zeros(count, np.int64)  # of the query frame before
        left, left_length = np.inf, 0
        for row in range(costs.shape[0]):
            diagonal, diagonal_length = 0.0 if row == 0 else np.inf, 0
            left = np.inf
            for time in range(count):
                best, length = diagonal, diagonal_length
                if below[time] < best:
                    best, length = below[time], below_length[time]
                if left < best:
                    best, length = left, left_length
                diagonal, diagonal_length = below[time], below_length[time]
                left, left_length = best + costs[row, first + time], length + 1
                below[time], below_length[time] = left, left_length
        sums[candidate], lengths[candidate] = left, left_length
        first = ends[candidate]
    return sums, lengths
