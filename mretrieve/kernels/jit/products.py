"""Inner products: of single rows in double precision, of all rows in single precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

_Arrays = TypeVar("_Arrays", bound=NDArray[Any] | None)
#: Of shortlists, queries, and room for products and rows; see `shortlist_ranker`.
Ranker = Callable[[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], bool]


def addressed(arrays: Sequence[_Arrays]) -> Sequence[_Arrays]:
    """The same arrays, whose addresses need not be looked up at each call."""
    return arrays


def rough_products(
    arrays: Sequence[NDArray[np.float32]],
    chosen: Sequence[NDArray[np.int64] | None],
    starts: NDArray[np.int64],
    queries: NDArray[np.float32],
    products: NDArray[np.float32],
) -> None:
    """Add the inner products of queries with the rows of blocks, in float32 and in any order of adding.

    Args:
        arrays: (n, W) of each of B blocks; `addressed` ones are faster.
        chosen: (m,) rows of the array that a block has; None for all.
        starts: (B + 1,) the first of its rows among those of all blocks, and their number, N.
        queries: (Q, W).
        products: (Q, N).
    """
    for array, own, start in zip(arrays, chosen, starts.tolist(), strict=False):
        rows = array if own is None else array[own]
        for query, sums in zip(queries, products, strict=True):
            sums[start : start + len(rows)] += np.einsum("nd,d->n", rows, query)


def shortlist_ranker(
    arrays: Sequence[NDArray[np.float32]],
    chosen: Sequence[NDArray[np.int64] | None],
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Ranker:
    """A function that ranks the rows of shortlists by their inner products; equal products by ascending row.

    Products are those of `inner_products`, rounded to float32.

    Args:
        arrays: (n, W) of each of B blocks.
        chosen: (m,) rows of the array that a block has; None for all.
        starts: (B,) or more, the first position of each block among all positions, ascending.
        rows: (N,) the row that each position stands for.

    Returns:
        A function of shortlists (Q, L), which are positions, filled up with -1 behind at least k others; of queries
        (Q, W); and of room for products (Q, k) and rows (Q, k), best first. It returns whether all products are finite.
    """
    starts = starts[: len(arrays)]

    def rank(
        shortlists: NDArray[np.int64],
        queries: NDArray[np.float32],
        products: NDArray[np.float32],
        found: NDArray[np.int64],
    ) -> bool:
        asked, places = np.nonzero(shortlists >= 0)
        positions = shortlists[asked, places]
        numbers = np.searchsorted(starts, positions, side="right") - 1
        inside = positions - starts[numbers]
        for number, own in enumerate(chosen):
            if own is not None:
                inside[numbers == number] = own[inside[numbers == number]]
        sums = np.zeros(len(positions))
        inner_products(arrays, numbers, inside, asked, queries.astype(np.float64), sums)
        rounded = sums.astype(np.float32)
        for query in range(len(shortlists)):
            own_rows, own_products = rows[positions[asked == query]], rounded[asked == query]
            order = np.lexsort((own_rows, -own_products))[: found.shape[1]]
            products[query], found[query] = own_products[order], own_rows[order]
        return bool(np.isfinite(sums).all())

    return rank


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
