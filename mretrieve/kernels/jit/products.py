"""Inner products of single rows in double precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray


def addressed(arrays: Sequence[NDArray[np.float32]]) -> Sequence[NDArray[np.float32]]:
    """The same arrays, whose addresses `inner_products` need not look up at each call."""
    return arrays


def inner_products(
    arrays: Sequence[NDArray[np.float32]],
    numbers: NDArray[np.int64],
    rows: NDArray[np.int64],
    asked: NDArray[np.int64],
    queries: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Add the inner product of a row and a query to each of P sums.

    Each product is exact, and each sum is added up in the same order everywhere: every eighth product, then the eight
    sums. So equal rows have equal sums, wherever they lie.

    Args:
        arrays: (n, W) each; `addressed` ones are faster.
        numbers: (P,) of the arrays.
        rows: (P,) of the arrays.
        asked: (P,) rows of the queries.
        queries: (Q, W).
        sums: (P,).
    """
    for number, array in enumerate(arrays):
        pairs = np.flatnonzero(numbers == number)
        if len(pairs):
            _inner_products(array, pairs, rows, asked, queries, sums)


@njit(cache=True, nogil=True)
def _inner_products(
    array: NDArray[np.float32],
    pairs: NDArray[np.int64],
    rows: NDArray[np.int64],
    asked: NDArray[np.int64],
    queries: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    lanes = np.empty(8)
    for pair in pairs:
        lanes[:] = 0
        for column in range(array.shape[1]):
            lanes[column % 8] += np.float64(array[rows[pair], column]) * queries[asked[pair], column]
        low, high = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]), (lanes[4] + lanes[5]) + (lanes[6] + lanes[7])
        sums[pair] += low + high
