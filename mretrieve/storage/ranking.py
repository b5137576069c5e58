"""Exact search: the k rows with the largest inner product, the same whatever way they were stored or asked for.

A first pass in float32 over mapped vectors finds every row that can be among the best, given the largest rounding
error that it can have made. Only those rows are computed again, in float64, and ranked by the result rounded to
float32, equal products by ascending row. So equal vectors tie exactly, and an answer does not depend on how rows lie in
shards, on how many queries are asked at once, or on which kernel made the first pass.

Several spaces are searched together as if each row's vectors of all of them were one: their inner products are added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

#: From so many bytes of vectors on faiss makes the first pass, if it is there: a quarter faster, but 25 ms to load.
FAISS_FROM_BYTES = 256 << 20

#: From so many queries at once on a matrix product is faster than a pass for each.
MATRIX_FROM_QUERIES = 4

#: Where at most one row in so many is wanted, those are copied out of the map; else all are computed and some dropped.
COPY_BELOW_ONE_IN = 4

_CHUNK_ROWS = 8192
_CHUNK_PRODUCTS = 1 << 24


Products = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Block:
    """Rows of one array of vectors, or of arrays side by side, that take part in a search."""

    vectors: tuple[NDArray[np.float32], ...]  # (n, D) of each space, all that the arrays hold
    chosen: NDArray[np.intp] | None  # (m,) which of them take part; None for all
    rows: NDArray[np.int64]  # (m,) what they are called in the answer
    largest_norms: tuple[float, ...]  # of each space's vectors


def best_rows(
    queries: NDArray[np.float32], blocks: Sequence[Block], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k rows with the largest inner products.

    Shape: queries (Q, D), D the sum over the spaces; returns products (Q, k') and rows (Q, k'), best first, equal
    products by ascending row, where k' is k or the number of rows that take part.

    Raises:
        FloatingPointError: a product is not a finite number.
    """
    rows = np.concatenate([np.zeros(0, np.int64), *(block.rows for block in blocks)])
    k = min(k, len(rows))
    best = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
    if not k:
        return best
    # |float32 sum - sum| <= D ulps of the sum of magnitudes (in any order of adding), and 4 for rounding to float32.
    errors = (queries.shape[1] + 4) * 2.0**-24 * _largest_magnitudes(queries, blocks)
    first_pass = _first_pass(len(queries), blocks)
    at_once = max(1, _CHUNK_PRODUCTS // len(rows))
    for first in range(0, len(queries), at_once):
        several = queries[first : first + at_once]
        rough = np.concatenate([_products_of_block(several, block, first_pass) for block in blocks], axis=1)
        if not np.isfinite(rough).all():
            raise FloatingPointError("an inner product is not a finite number")
        for number, (query, products) in enumerate(zip(several, rough, strict=True), start=first):
            kth = float(np.partition(products, len(rows) - k)[len(rows) - k])
            candidates = np.flatnonzero(products >= kth - 2.0 * errors[number])
            exact = _exact_products(query, blocks, candidates)
            order = np.lexsort((rows[candidates], -exact))[:k]
            best[0][number], best[1][number] = exact[order], rows[candidates[order]]
    return best


def _largest_magnitudes(queries: NDArray[np.float32], blocks: Sequence[Block]) -> NDArray[np.float64]:
    """No less than the sum of magnitudes in any inner product of a query (Cauchy-Schwarz in each space): (Q,)."""
    wide = queries.astype(np.float64)
    norms = np.stack([np.linalg.norm(wide[:, part], axis=1) for part in _parts(blocks[0])], axis=1)
    return np.asarray((norms @ np.array([block.largest_norms for block in blocks]).T).max(axis=1))


def _parts(block: Block) -> list[slice]:
    """Where in a query each space's numbers are."""
    ends = np.cumsum([vectors.shape[1] for vectors in block.vectors]).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def gathered(blocks: Sequence[Block], positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The vectors at ascending positions among all rows of the blocks: (positions, D)."""
    bounds = np.cumsum([0, *(len(block.rows) for block in blocks)])
    cuts = np.searchsorted(positions, bounds)
    found = []
    for block, bound, first, last in zip(blocks, bounds, cuts, cuts[1:], strict=False):
        if first < last:
            inside = positions[first:last] - bound
            rows = inside if block.chosen is None else block.chosen[inside]
            found.append(np.concatenate([vectors[rows] for vectors in block.vectors], axis=1))
    return np.concatenate(found)


def _exact_products(
    query: NDArray[np.float32], blocks: Sequence[Block], positions: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Correctly rounded inner products; each depends on its own vector only, so that equal vectors tie."""
    wide = query.astype(np.float64)
    exact = np.empty(len(positions), np.float32)
    for first in range(0, len(positions), _CHUNK_ROWS):
        chunk = gathered(blocks, positions[first : first + _CHUNK_ROWS])
        exact[first : first + len(chunk)] = (chunk * wide).sum(axis=1)
    return exact


def _products_of_block(queries: NDArray[np.float32], block: Block, products: Products) -> NDArray[np.float32]:
    """Inner products with the rows of a block that take part, in float32, added over its spaces: (Q, m)."""
    asked = [queries[:, part] for part in _parts(block)]
    total = _products_of_space(asked[0], block.vectors[0], block.chosen, products)
    for own, vectors in zip(asked[1:], block.vectors[1:], strict=True):
        total += _products_of_space(own, vectors, block.chosen, products)
    return total


def _products_of_space(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], chosen: NDArray[np.intp] | None, products: Products
) -> NDArray[np.float32]:
    if chosen is None:
        return products(queries, vectors)
    if len(chosen) * COPY_BELOW_ONE_IN > len(vectors):
        return products(queries, vectors)[:, chosen]
    out = np.empty((len(queries), len(chosen)), np.float32)
    for first in range(0, len(chosen), _CHUNK_ROWS):
        chunk = vectors[chosen[first : first + _CHUNK_ROWS]]
        out[:, first : first + len(chunk)] = products(queries, chunk)
    return out


def _first_pass(query_count: int, blocks: Sequence[Block]) -> Products:
    """The fastest way to inner products (Q, n) in float32 of queries (Q, D) with vectors (n, D).

    For few queries all are single-threaded: two threads are slower where memory is the limit.
    """
    if query_count >= MATRIX_FROM_QUERIES:
        return lambda queries, vectors: queries @ vectors.T
    if sum(vectors.nbytes for block in blocks for vectors in block.vectors) >= FAISS_FROM_BYTES and find_spec("faiss"):
        return _faiss_products
    return lambda queries, vectors: np.stack([np.einsum("nd,d->n", vectors, query) for query in queries])


def _faiss_products(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    import faiss

    products = np.empty((len(queries), len(vectors)), np.float32)
    for query, row in zip(queries, products, strict=True):
        pointers = map(faiss.swig_ptr, (row, query, vectors))
        faiss.fvec_inner_products_ny(*pointers, vectors.shape[1], len(vectors))  # type: ignore[attr-defined]
    return products
