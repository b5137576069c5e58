"""Fixed-speed alignment: the query laid over a longer motion at one speed, from every start and at every speed."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def fixed_speed_costs(
    query: NDArray[np.float32], frames: NDArray[np.int64], motion: NDArray[np.float32], speeds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The cheapest fixed-speed alignment from each start.

    Args:
        query: (n, D), the compared frames of the query.
        frames: (n,) their positions in the query, ascending from 0.
        motion: (m, D).
        speeds: (S,) frames of the motion per frame of the query.

    Returns:
        (m,) mean squared distance over the compared frames, infinite if no alignment fits; (m,) its end, exclusive.
    """
    # The product is NumPy's, for numba's takes SciPy's BLAS, which takes a fifth of a second to load.
    costs = np.float32(-2.0) * (query @ motion.T)
    costs += np.einsum("nd,nd->n", query, query)[:, None]
    costs += np.einsum("md,md->m", motion, motion)
    return _cheapest(costs, frames, speeds)


@njit(cache=True, nogil=True)
def _cheapest(
    costs: NDArray[np.float32], frames: NDArray[np.int64], speeds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """See fixed_speed_costs: of the squared distances (n, m) of all pairs of frames."""
    count, length = costs.shape
    best, ends = np.full(length, np.inf, np.float32), np.zeros(length, np.int32)
    sums = np.empty(length, np.float32)
    for speed in speeds:
        last = int(np.rint(frames[-1] * speed))
        starts = length - last
        if starts <= 0:
            continue
        sums[:starts] = 0.0
        for row in range(count):
            offset = int(np.rint(frames[row] * speed))
            shifted = costs[row, offset : offset + starts]  # a view: with the sum as an index LLVM finds no vectors
            for start in range(starts):
                sums[start] += shifted[start]
        for start in range(starts):
            if sums[start] < best[start]:
                best[start] = sums[start]
                ends[start] = start + last + 1
    for start in range(length):
        best[start] = max(best[start] / np.float32(count), np.float32(0.0))
    return best, ends
