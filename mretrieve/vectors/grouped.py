"""Search through vector indexes, each over a group of shards, and exactly in the shards that none of them has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..storage.records import VectorIndexRecord
from ..storage.snapshot import Snapshot
from .flat import FlatIndex, best_rows, exact_products
from .interface import Ranking, RowFilter
from .trained import Entries, TrainedIndex

#: If a filter leaves at most this share of the rows, they are compared exactly.
NARROW = 0.05


class GroupedIndex:
    """A `VectorIndex` over one space of a snapshot. Rows that a vector index finds are compared and ranked exactly."""

    def __init__(self, snapshot: Snapshot, groups: Sequence[Group]) -> None:
        (space,) = {group.record.space for group in groups}
        self.kind = ",".join(sorted({group.record.kind for group in groups}))
        self._rows = snapshot.rows
        self._groups: dict[int, list[Group]] = {}
        for group in groups:
            self._groups.setdefault(group.record.length, []).append(group)
        covered: dict[int, set[str]] = {}
        for group in groups:
            covered.setdefault(group.record.length, set()).update(group.record.shards)
        self._flat = FlatIndex(snapshot, [space], covered)

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex."""
        rest = self._flat.search(queries, k, rows)  # checks the arguments
        groups = self._groups.get(rows.length, ())
        allowed = rows.allowed_clips(self._rows.clip_count) if groups else None
        queries = np.ascontiguousarray(queries, np.float32)
        with self._flat.damage_reported():
            return merged([rest, *(group.search(queries, k, allowed) for group in groups)], k)


class Group:
    """A vector index and the vectors that it was made of.

    Attributes:
        record: of the index.
    """

    def __init__(self, snapshot: Snapshot, record: VectorIndexRecord, index: TrainedIndex) -> None:
        self.record = record
        self._index = index
        self._clips = snapshot.rows.window_clip
        self._blocks = snapshot.indexed_blocks(record.space, record.length, record.shards)
        self._rows = np.concatenate([block.rows for block in self._blocks])
        live = self._rows[self._rows >= 0]
        self._live_count = len(live)
        self._clip_counts = np.bincount(self._clips[live], minlength=snapshot.rows.clip_count)

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> Ranking:
        """The k nearest rows of clips that may answer, (C,); None for all. FloatingPointError: see `best_rows`."""
        count = self._live_count if allowed is None else int(self._clip_counts[allowed].sum())
        entries = Entries(self._rows, self._clips, allowed, count)
        if count <= max(k, NARROW * len(self._rows)):
            return self.exactly(queries, k, entries)
        rankings = [
            self.exactly(query[None], k, entries) if found is None else self._ranked(query, found, k)
            for query, found in zip(queries, self._index.shortlist(queries, k, entries), strict=True)
        ]
        products = np.concatenate([ranking.products for ranking in rankings])
        return Ranking(products, np.concatenate([ranking.rows for ranking in rankings]))

    def _ranked(self, query: NDArray[np.float32], found: NDArray[np.int64], k: int) -> Ranking:
        products, rows = exact_products(query, self._blocks, found), self._rows[found]
        if not np.isfinite(products).all():
            raise FloatingPointError("an inner product is not a finite number")
        order = np.lexsort((rows, -products))[:k]
        return Ranking(products[None, order], rows[None, order])

    def exactly(self, queries: NDArray[np.float32], k: int, entries: Entries) -> Ranking:
        keep = entries.may_answer()
        ends = np.cumsum([len(block.rows) for block in self._blocks])
        parts = zip(self._blocks, np.split(keep, ends[:-1]), strict=True)
        return best_rows(queries, [block.subset(part) for block, part in parts if part.any()], k)


def merged(rankings: Sequence[Ranking], k: int) -> Ranking:
    """The k best of several rankings of the same queries, none of which have a row in common."""
    if len(rankings) == 1:
        return rankings[0]
    products = np.concatenate([ranking.products for ranking in rankings], axis=1)
    rows = np.concatenate([ranking.rows for ranking in rankings], axis=1)
    order = np.lexsort((rows, -products), axis=1)[:, :k]
    return Ranking(np.take_along_axis(products, order, axis=1), np.take_along_axis(rows, order, axis=1))
