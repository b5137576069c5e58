"""Dynamic time warping between a query in two dimensions and candidates in three, seen from several directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def reprojection_costs(
    query: NDArray[np.float32],
    axes: NDArray[np.float32],
    candidates: Sequence[NDArray[np.float32]],
    order: NDArray[np.int64],
    anywhere: bool,
    costs: NDArray[np.float32],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> None:
    """Write the cost of the best path of each view, its first candidate frame and the one after its last.

    Args:
        query: (n, J, 2), each frame with mean 0 and norm 1 (or 0).
        axes: (V, 2, 3) to the right and up in the image of each view.
        candidates: (m_i, J, 3) in C order, each frame with mean 0.
        order: indices of the candidates that are compared.
        anywhere: whether a path may begin and end at any candidate frame; else it leads from the first to the last.
        costs: (C, V), the output.
        starts: (C, V), likewise.
        ends: (C, V), likewise.
    """
    for index in order:
        for view in range(len(axes)):
            seen = _seen_from(candidates[index], axes[view])
            costs[index, view], starts[index, view], ends[index, view] = _best_path(query, seen, anywhere)


def _seen_from(candidate: NDArray[np.float32], axes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The candidate's frames (m, J, 2) in one view, each of norm 1."""
    seen = candidate @ axes.T
    norms = np.sqrt(np.maximum((seen * seen).sum(axis=(1, 2)), np.float32(1e-12)))
    return np.ascontiguousarray(seen / norms[:, None, None])


@njit(cache=True, nogil=True)
def _best_path(query: NDArray[Any], candidate: NDArray[Any], anywhere: bool) -> tuple[float, int, int]:
    rows = len(query)
    costs, starts = np.full(rows, np.inf), np.zeros(rows, np.int32)
    best, best_start, best_end = np.inf, 0, 0
    for time in range(len(candidate)):
        diagonal, diagonal_start = 0.0 if anywhere or time == 0 else np.inf, time if anywhere else 0
        above, above_start = np.inf, diagonal_start
        for row in range(rows):
            left, left_start = costs[row], starts[row]
            cheapest, start = diagonal, diagonal_start
            if above < cheapest:
                cheapest, start = above, above_start
            if left < cheapest:
                cheapest, start = left, left_start
            alike = (query[row] * candidate[time]).sum()
            above = cheapest + np.sqrt(max(2.0 - 2.0 * alike, 0.0))
            above_start = start
            diagonal, diagonal_start = left, left_start
            costs[row], starts[row] = above, start
        if (anywhere or time == len(candidate) - 1) and costs[rows - 1] < best:
            best, best_start, best_end = costs[rows - 1], starts[rows - 1], time + 1
    return best, best_start, best_end
