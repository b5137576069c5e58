"""Exact inner products of the rows that a search has found.

Products are added up in float64 and rounded to float32; each depends on its own vector only, so that equal vectors tie.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import addressed, inner_products, rough_products, shortlist_ranker
from ..storage.rows import VectorBlock
from .interface import Ranking


class ExactProducts:
    """The rows of blocks, numbered through the blocks, to be multiplied with queries."""

    def __init__(self, blocks: Sequence[VectorBlock]) -> None:
        """At least one block."""
        self._starts = np.cumsum([0, *(len(block.rows) for block in blocks)], dtype=np.int64)
        self._chosen = addressed(chosen_rows(blocks))
        self._spaces = [addressed(arrays) for arrays in zip(*(block.vectors for block in blocks), strict=True)]
        self._parts = space_parts(blocks[0])

    def roughly(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inner products of few queries (Q, D) with all rows, in float32 and in any order of adding: (Q, n)."""
        products = np.zeros((len(queries), self._starts[-1]), np.float32)
        for part, arrays in zip(self._parts, self._spaces, strict=True):
            rough_products(arrays, self._chosen, self._starts, np.ascontiguousarray(queries[:, part]), products)
        return products

    def of(
        self, queries: NDArray[np.float32], asked: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Inner products of pairs of a query and a row, (P,).

        Args:
            queries: (Q, D), D the sum over the spaces.
            asked: (P,) rows of the queries.
            rows: (P,) of the blocks.

        Raises:
            FloatingPointError: a product is not a finite number.
        """
        numbers = np.searchsorted(self._starts, rows, side="right") - 1
        inside = rows - self._starts[numbers]
        for number in np.unique(numbers).tolist():
            if (chosen := self._chosen[number]) is not None:
                own = numbers == number
                inside[own] = chosen[inside[own]]
        sums = np.zeros(len(rows))
        for part, arrays in zip(self._parts, self._spaces, strict=True):
            inner_products(arrays, numbers, inside, asked, queries[:, part].astype(np.float64, order="C"), sums)
        if not np.isfinite(sums).all():
            raise FloatingPointError("an inner product is not a finite number")
        return sums.astype(np.float32)


class RankedShortlists:
    """The rows of blocks of one space, of which shortlists are ranked."""

    def __init__(self, blocks: Sequence[VectorBlock], rows: NDArray[np.int64]) -> None:
        """At least one block; `rows` are those of all of them."""
        starts = np.cumsum([0, *(len(block.rows) for block in blocks)], dtype=np.int64)
        arrays, rows = [block.vectors[0] for block in blocks], np.ascontiguousarray(rows, np.int64)
        self._blocks, self._starts, self._checked = blocks, starts, np.zeros(len(rows), bool)
        self._rank = shortlist_ranker(arrays, chosen_rows(blocks), starts, rows)

    def of(self, queries: NDArray[np.float32], k: int, shortlists: NDArray[np.int64]) -> Ranking:
        """The k nearest of a shortlist for each query.

        Args:
            queries: (Q, D), in C order.
            k: at least 1.
            shortlists: (Q, L) entries of the blocks, in C order, filled up with -1 behind at least k others.

        Raises:
            DamagedShardError: vectors are not what was written.
            FloatingPointError: a product is not a finite number.
        """
        self._check(shortlists)
        ranking = Ranking(np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64))
        if not self._rank(shortlists, queries, ranking.products, ranking.rows):
            raise FloatingPointError("an inner product is not a finite number")
        return ranking

    def _check(self, shortlists: NDArray[np.int64]) -> None:
        """Check the vectors of the entries that were not checked before."""
        unchecked = shortlists[~self._checked[shortlists] & (shortlists >= 0)]
        if not len(unchecked):
            return
        entries = np.unique(unchecked)
        numbers = np.searchsorted(self._starts, entries, side="right") - 1
        cuts = np.flatnonzero(np.diff(numbers, prepend=-1))
        for first, own in zip(cuts, np.split(entries, cuts[1:]), strict=True):
            number = int(numbers[first])
            self._blocks[number].check(own - self._starts[number])
        self._checked[entries] = True


def chosen_rows(blocks: Sequence[VectorBlock]) -> list[NDArray[np.int64] | None]:
    """Which rows of its arrays each block has; None for all."""
    return [None if block.chosen is None else np.ascontiguousarray(block.chosen, np.int64) for block in blocks]


def space_parts(block: VectorBlock) -> list[slice]:
    """Where in a query the numbers of each space of a block are."""
    ends = np.cumsum([vectors.shape[1] for vectors in block.vectors]).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
