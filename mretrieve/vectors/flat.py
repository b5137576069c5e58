"""Exact search over plain arrays, the kind `flat`; every approximate kind is measured against it.

A first pass in float32 over mapped vectors finds every row that can be among the best, given the largest rounding
error that it can have made. Only those rows are computed again, in float64, and ranked by the result rounded to
float32, equal products by ascending row. So equal vectors tie exactly, and a ranking does not depend on the layout of
the shards, on the number of queries in a batch, or on the kernel of the first pass.

Several spaces are searched together as if each row's vectors in all of them were one: their inner products are added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from ..storage.rows import VectorBlock
from ..storage.snapshot import Snapshot
from .interface import Ranking, RowFilter
from .products import ExactProducts, space_parts

#: From this many queries, one matrix product is faster than one pass per query.
MATRIX_FROM_QUERIES = 12

#: If at most one row in this many is wanted, those rows are copied from the map; otherwise all products are computed
#: and the unwanted ones are dropped.
COPY_BELOW_ONE_IN = 2

_CHUNK_ROWS = 8192
_CHUNK_PRODUCTS = 1 << 24


class FlatIndex:
    """The windows of a snapshot in one space, or in several side by side, searched exactly."""

    kind = "flat"

    def __init__(
        self, snapshot: Snapshot, spaces: Sequence[str], without: Mapping[int, Collection[str]] | None = None
    ) -> None:
        """
        Args:
            snapshot: that is searched.
            spaces: the space, or several.
            without: for lengths of windows, ids of shards that are left out.
        """
        self._snapshot = snapshot
        self._without = without or {}
        self._spaces = tuple(spaces)
        self._dimension = snapshot.dimension(spaces)
        self._blocks: dict[int, list[tuple[VectorBlock, NDArray[np.int32]]]] = {}

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex; exact for any filter."""
        queries = self.checked(queries, k)
        with self.damage_reported():
            return best_rows(queries, self._filtered(rows), k)

    def checked(self, queries: NDArray[np.float32], k: int) -> NDArray[np.float32]:
        """The queries in C order. ValueError if the arguments do not fit the spaces."""
        if queries.ndim != 2 or queries.shape[1] != self._dimension or k < 1 or not np.isfinite(queries).all():
            raise ValueError(f"k is {k}, queries {queries.shape} or not finite; needed: (Q, {self._dimension})")
        return np.ascontiguousarray(queries, np.float32)

    def has_windows(self, length: int) -> bool:
        """Whether there are any of a length in frames."""
        return bool(self._blocks_of(length))

    @contextmanager
    def damage_reported(self) -> Iterator[None]:
        """Raise IndexStateError if a product is not a finite number."""
        try:
            yield
        except FloatingPointError:
            files = ", ".join(map(str, self._snapshot.vector_files(self._spaces)[:3]))
            raise IndexStateError(f"{files}: vectors are not finite numbers; run `mretrieve verify`") from None

    def _filtered(self, rows: RowFilter) -> list[VectorBlock]:
        """The blocks of a length, less the rows that the filter leaves out."""
        blocks = self._blocks_of(rows.length)
        allowed = rows.allowed_clips(self._snapshot.rows.clip_count)
        if allowed is None:
            return [block for block, _ in blocks]
        filtered = [(block, allowed[clips]) for block, clips in blocks]
        return [block if keep.all() else block.subset(keep) for block, keep in filtered if keep.any()]

    def _blocks_of(self, length: int) -> list[tuple[VectorBlock, NDArray[np.int32]]]:
        """The blocks of a length, with the clips of their rows."""
        if length not in self._blocks:
            blocks = self._snapshot.vector_blocks(self._spaces, length, self._without.get(length, ()))
            clips = self._snapshot.rows.window_clip
            self._blocks[length] = [(block, clips[block.rows]) for block in blocks]
        return self._blocks[length]


def best_rows(queries: NDArray[np.float32], blocks: Sequence[VectorBlock], k: int) -> Ranking:
    """The k rows of the blocks with the largest inner products.

    Shape: queries (Q, D), D the sum over the spaces.

    Raises:
        DamagedShardError: vectors are not what was written.
        FloatingPointError: a product is not a finite number.
    """
    for block in blocks:
        block.check()
    k = min(k, sum(len(block.rows) for block in blocks))
    best = Ranking(np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64))
    if not k:
        return best
    rows = np.concatenate([block.rows for block in blocks])
    # |float32 sum - sum| <= D ulps of the sum of magnitudes (in any order of adding), and 4 for rounding to float32.
    errors = (queries.shape[1] + 4) * 2.0**-24 * _largest_magnitudes(queries, blocks)
    compared = ExactProducts(blocks)
    at_once = max(1, _CHUNK_PRODUCTS // len(rows))
    for first in range(0, len(queries), at_once):
        several = queries[first : first + at_once]
        if len(queries) < MATRIX_FROM_QUERIES:
            rough = compared.roughly(several)
        else:
            rough = np.concatenate([_products_of_block(several, block) for block in blocks], axis=1)
        if not np.isfinite(rough).all():
            raise FloatingPointError("an inner product is not a finite number")
        for number, (query, products) in enumerate(zip(several, rough, strict=True), start=first):
            kth = float(np.partition(products, len(rows) - k)[len(rows) - k])
            candidates = np.flatnonzero(products >= kth - 2.0 * errors[number])
            exact = compared.of(query[None], np.zeros(len(candidates), np.int64), candidates)
            order = np.lexsort((rows[candidates], -exact))[:k]
            best.products[number], best.rows[number] = exact[order], rows[candidates[order]]
    return best


def _largest_magnitudes(queries: NDArray[np.float32], blocks: Sequence[VectorBlock]) -> NDArray[np.float64]:
    """No less than the sum of magnitudes in any inner product of a query (Cauchy-Schwarz in each space): (Q,)."""
    wide = queries.astype(np.float64)
    norms = np.stack([np.linalg.norm(wide[:, part], axis=1) for part in space_parts(blocks[0])], axis=1)
    return np.asarray((norms @ np.array([block.largest_norms for block in blocks]).T).max(axis=1))


def _products_of_block(queries: NDArray[np.float32], block: VectorBlock) -> NDArray[np.float32]:
    """Inner products of many queries with the rows of a block that take part, in float32, added over its spaces."""
    asked = [queries[:, part] for part in space_parts(block)]
    total = _products_of_space(asked[0], block.vectors[0], block.chosen)
    for own, vectors in zip(asked[1:], block.vectors[1:], strict=True):
        total += _products_of_space(own, vectors, block.chosen)
    return total


def _products_of_space(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], chosen: NDArray[np.intp] | None
) -> NDArray[np.float32]:
    if chosen is None:
        return queries @ vectors.T
    if len(chosen) * COPY_BELOW_ONE_IN > len(vectors):
        return (queries @ vectors.T)[:, chosen]
    out = np.empty((len(queries), len(chosen)), np.float32)
    for first in range(0, len(chosen), _CHUNK_ROWS):
        chunk = vectors[chosen[first : first + _CHUNK_ROWS]]
        out[:, first : first + len(chunk)] = queries @ chunk.T
    return out
