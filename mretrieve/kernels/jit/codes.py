"""Search among 8-bit codes: rows that can be among the nearest, by inner products with proven bounds."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def code_shortlists(
    codes: NDArray[np.uint8],
    scales: NDArray[np.float32],
    errors: NDArray[np.float32],
    others: NDArray[np.float32],
    clips: NDArray[np.int32] | None,
    allowed: NDArray[np.bool_] | None,
    queries: NDArray[np.int16],
    other_queries: NDArray[np.float32],
    units: NDArray[np.float32],
    norms: NDArray[np.float32],
    slacks: NDArray[np.float32],
    smallest: NDArray[np.float32],
    found: NDArray[np.int32],
    bounds: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    """The rows whose inner product with a query may be one of the k largest.

    A row's product is `unit * scale * sum(query * (code - 128)) + sum(other_query * other)`, up to `norm * error` and
    half of `slack`. Rows whose upper bound is below the kth largest lower bound, by more than `slack`, are left out.
    Later rows raise that limit, so that a caller has to leave out again.

    Args:
        codes: (n, W), 255 * sum(|query|) must be below 2^31.
        scales: (n,) of the codes.
        errors: (n,) of the rows as coded.
        others: (E, n) numbers that are not coded.
        clips: (n,) the clips of the rows, -1 for rows that may not answer; None if all rows may.
        allowed: (C,) which clips may answer; None for all.
        queries: (Q, W).
        other_queries: (Q, E).
        units: (Q,) of the queries.
        norms: (Q,) factors of the rows' errors.
        slacks: (Q,).
        smallest: (Q, k) room for the largest lower bounds, filled with -inf; the first is the smallest in the end.
        found: (Q, capacity) room for the rows.
        bounds: (Q, capacity) room for their upper bounds.
        counts: (Q,) zeros; in the end the number of rows, or the capacity if there may be more.
    """
    clips = np.zeros(0, np.int32) if clips is None else clips
    allowed = np.zeros(0, np.bool_) if allowed is None else allowed
    shortlists = smallest, found, bounds, counts
    _code_shortlists(
        codes, scales, errors, others, clips, allowed, queries, other_queries, units, norms, slacks, *shortlists
    )


@njit(cache=True, nogil=True)
def _code_shortlists(
    codes: NDArray[np.uint8],
    scales: NDArray[np.float32],
    errors: NDArray[np.float32],
    others: NDArray[np.float32],
    clips: NDArray[np.int32],
    allowed: NDArray[np.bool_],
    queries: NDArray[np.int16],
    other_queries: NDArray[np.float32],
    units: NDArray[np.float32],
    norms: NDArray[np.float32],
    slacks: NDArray[np.float32],
    smallest: NDArray[np.float32],
    found: NDArray[np.int32],
    bounds: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    capacity = found.shape[1]
    for query in range(len(queries)):
        heap = smallest[query]
        for row in range(len(codes)):
            if len(clips) and (clips[row] < 0 or (len(allowed) and not allowed[clips[row]])):
                continue
            total = np.int32(0)
            for column in range(codes.shape[1]):
                total += np.int32(queries[query, column]) * (np.int32(codes[row, column]) - np.int32(128))
            upper = np.float32(total) * (units[query] * scales[row])
            for other in range(len(others)):
                upper += other_queries[query, other] * others[other, row]
            error = norms[query] * errors[row]
            upper += error
            if not upper >= heap[0] - slacks[query]:
                continue
            if upper - 2 * error > heap[0]:
                _replace_smallest(heap, upper - 2 * error)
            if counts[query] >= capacity:
                continue
            found[query, counts[query]], bounds[query, counts[query]] = row, upper
            counts[query] += 1
            if counts[query] == capacity:  # forget those that are too far by now
                kept = 0
                for index in range(capacity):
                    if not bounds[query, index] < heap[0] - slacks[query]:
                        found[query, kept], bounds[query, kept] = found[query, index], bounds[query, index]
                        kept += 1
                counts[query] = kept


@njit(cache=True, nogil=True)
def _replace_smallest(heap: NDArray[np.float32], value: float) -> None:
    """Put a value in the place of the smallest of a heap, which is its first."""
    place = 0
    while 2 * place + 1 < len(heap):
        child = 2 * place + 1
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value
