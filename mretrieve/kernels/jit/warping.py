"""Dynamic time warping, subsequence matching and alignment at a fixed speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def dtw_distances(
    query: NDArray[Any], candidates: Sequence[NDArray[Any]], order: NDArray[np.int64], distances: NDArray[np.float64]
) -> None:
    """Write the distance of each candidate that `order` lists; NaN if its frames are not finite.

    Args:
        query: (n, D) float32 or float64, in C order.
        candidates: (m_i, D) each, of the query's type and in C order.
        order: indices of candidates, similar lengths next to each other, the longest first.
        distances: (C,), the output.
    """
    no_path = np.empty((0, 0), np.uint8)
    for index in order:
        candidate = candidates[index]
        finite = np.isfinite(candidate).all()
        distances[index] = _accumulate(query, candidate, no_path) if finite else np.nan


def dtw_path(query: NDArray[Any], candidate: NDArray[Any]) -> tuple[NDArray[np.int32], float]:
    """The best path (L, 2) from (0, 0) to the last frames of both, and its cost; both are finite."""
    came_from = np.empty((len(query), len(candidate)), np.uint8)
    cost = _accumulate(query, candidate, came_from)
    return _backtrack(came_from), cost


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _squared_distance(left: NDArray[Any], right: NDArray[Any]) -> float:
    total = left.dtype.type(0)
    for feature in range(len(left)):
        total += (left[feature] - right[feature]) ** 2
    return float(total)


@njit(cache=True, nogil=True)
def _accumulate(query: NDArray[Any], candidate: NDArray[Any], came_from: NDArray[np.uint8]) -> float:
    """The cost of the best path; steps go to came_from (n, m) unless it is empty.

    A step is 0 for a diagonal one, 1 for one from the query frame before, 2 for one from the candidate's.
    """
    costs = np.full(len(candidate), np.inf)
    left = np.inf
    for row in range(len(query)):
        diagonal = 0.0 if row == 0 else np.inf
        left = np.inf
        for time in range(len(candidate)):
            above = costs[time]
            best, origin = diagonal, 0
            if above < best:
                best, origin = above, 1
            if left < best:
                best, origin = left, 2
            diagonal = above
            left = best + _squared_distance(query[row], candidate[time])
            costs[time] = left
            if came_from.size:
                came_from[row, time] = origin
    return left


@njit(cache=True, nogil=True)
def _backtrack(came_from: NDArray[np.uint8]) -> NDArray[np.int32]:
    row, time = came_from.shape[0] - 1, came_from.shape[1] - 1
    path = np.empty((row + time + 1, 2), np.int32)
    step = len(path)
    while True:
        step -= 1
        path[step, 0], path[step, 1] = row, time
        if row == 0 and time == 0:
            return path[step:].copy()
        origin = 2 if row == 0 else 1 if time == 0 else int(came_from[row, time])
        row -= origin != 2
        time -= origin != 1


def subsequence_matches(
    query: NDArray[Any],
    sequences: Sequence[NDArray[Any]],
    order: NDArray[np.int64],
    costs: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Write cost, first frame and end of the best match of each sequence that `order` lists.

    Of several best ones the first; (inf, 0, 0) if values are too large to square, a cost of NaN if the sequence is not
    finite. Arrays as in dtw_distances; costs, starts and ends are (S,).
    """
    for index in order:
        end_costs, end_starts = np.full(len(sequences[index]), np.inf), np.zeros(len(sequences[index]), np.int64)
        best = subsequence_ends(query, sequences[index], end_costs, end_starts)
        end = int(end_costs.argmin())
        costs[index], starts[index], ends[index] = best, end_starts[end], end + 1 if np.isfinite(best) else 0


def subsequence_ends(
    query: NDArray[Any], sequence: NDArray[Any], end_costs: NDArray[np.float64], end_starts: NDArray[np.int64]
) -> float:
    """The cost of the best match; NaN if the sequence is not finite.

    Cost and first frame of the best match that ends with each frame go to end_costs and end_starts (m,), which hold
    infinity and 0; infinite costs are not written.
    """
    if not np.isfinite(sequence).all():
        return float("nan")
    _match(query, sequence, end_costs, end_starts)
    return float(end_costs.min())


@njit(cache=True, nogil=True)
def _match(
    query: NDArray[Any], sequence: NDArray[Any], end_costs: NDArray[np.float64], end_starts: NDArray[np.int64]
) -> None:
    costs, starts = np.full(len(query), np.inf), np.zeros(len(query), np.int64)
    for time in range(len(sequence)):
        diagonal, diagonal_start = 0.0, time  # a match begins below a row of zeros
        above, above_start = np.inf, 0
        for row in range(len(query)):
            best, start = diagonal, diagonal_start
            if above < best:
                best, start = above, above_start
            if costs[row] < best:
                best, start = costs[row], starts[row]
            diagonal, diagonal_start = costs[row], starts[row]
            above, above_start = best + _squared_distance(query[row], sequence[time]), start
            costs[row], starts[row] = above, above_start
        if above < np.inf:
            end_costs[time], end_starts[time] = above, above_start


def cheapest_fixed_speeds(
    products: Sequence[NDArray[np.float32]],
    query_squares: NDArray[np.float32],
    squares: NDArray[np.float32],
    frames: NDArray[np.int64],
    speeds: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The cheapest alignment of a query with each of some motions from each start; see `warping.fixed_speed_costs`.

    Args:
        products: (n, m_i) of the frames of the query with those of each motion; overwritten.
        query_squares: (n,) those of the query's frames with themselves.
        squares: (M,) those of the frames of all motions, one motion after the other.
        frames: (n,) positions of the query's frames.
        speeds: (S,) frames of a motion per frame of the query.
    """
    best, ends = np.empty(len(squares), np.float32), np.empty(len(squares), np.int32)
    last = 0
    for own in products:
        first, last = last, last + own.shape[1]
        costs = (np.float32(-2.0) * own + query_squares[:, None]) + squares[first:last]
        best[first:last], ends[first:last] = _cheapest_fixed_speed(costs, frames, speeds)
    return best, ends


@njit(cache=True, nogil=True)
def _cheapest_fixed_speed(
    costs: NDArray[np.float32], frames: NDArray[np.int64], speeds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Of squared distances (n, m) of all pairs of frames."""
    count, length = costs.shape
    best, ends = np.full(length, np.inf, np.float32), np.zeros(length, np.int32)
    for speed in speeds:
        last = int(np.rint(frames[-1] * speed))
        for start in range(length - last):
            total = np.float32(0.0)
            for row in range(count):
                total += costs[row, start + int(np.rint(frames[row] * speed))]
            if total < best[start]:
                best[start] = total
                ends[start] = start + last + 1
    for start in range(length):
        best[start] = max(best[start] / np.float32(count), np.float32(0.0))
    return best, ends
