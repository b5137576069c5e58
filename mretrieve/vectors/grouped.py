"""Search through vector indexes, each over a group of shards, and exactly in the shards that none of them has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..storage.records import VectorIndexRecord
from ..storage.snapshot import Snapshot
from .flat import FlatIndex, best_rows
from .interface import Ranking, RowFilter
from .products import ExactProducts
from .trained import Entries, TrainedIndex

#: If a filter leaves at most this share of the rows, they are compared exactly.
NARROW = 0.05
#: A sort key behind all others.
_LAST = np.uint64(2**64 - 1)


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
            found = [rest, *(group.search(queries, k, allowed) for group in groups)]
        return merged([ranking for ranking in found if ranking.rows.size] or [rest], k)


class Group:
    """A vector index and the vectors that it was made of.

    Attributes:
        record: of the index.
    """

    def __init__(self, snapshot: Snapshot, record: VectorIndexRecord, index: TrainedIndex) -> None:
        self.record = record
        self._index = index
        self._blocks = snapshot.indexed_blocks(record.space, record.length, record.shards)
        self._rows = np.concatenate([block.rows for block in self._blocks])
        self._compared = ExactProducts(self._blocks)
        self._clips = np.where(self._rows >= 0, snapshot.rows.window_clip[self._rows], np.int32(-1))
        self._live_count = int(np.count_nonzero(self._rows >= 0))
        self._clip_counts = np.bincount(self._clips + 1, minlength=snapshot.rows.clip_count + 1)[1:]

    def search(self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None) -> Ranking:
        """The k nearest rows of clips that may answer, (C,); None for all. FloatingPointError: see `best_rows`."""
        count = self._live_count if allowed is None else int(self._clip_counts[allowed].sum())
        entries = Entries(self._clips, allowed, count)
        if count <= max(k, NARROW * len(self._rows)):
            return self.exactly(queries, k, entries)
        shortlists = self._index.shortlist(queries, k, entries)
        found = [shortlist for shortlist in shortlists if shortlist is not None]
        if len(found) == len(queries):
            return self._ranked(queries, k, found)
        rankings = [
            self.exactly(query[None], k, entries) if own is None else self._ranked(query[None], k, [own])
            for query, own in zip(queries, shortlists, strict=True)
        ]
        products = np.concatenate([ranking.products for ranking in rankings])
        return Ranking(products, np.concatenate([ranking.rows for ranking in rankings]))

    def _ranked(self, queries: NDArray[np.float32], k: int, shortlists: Sequence[NDArray[np.int64]]) -> Ranking:
        """The k nearest entries of the shortlist of each query; each has at least k."""
        lengths = np.array([len(shortlist) for shortlist in shortlists])
        positions, asked = np.concatenate(shortlists), np.repeat(np.arange(len(shortlists)), lengths)
        products = self._compared.of(queries, asked, positions)
        keys = np.full((len(shortlists), lengths.max()), _LAST)
        keys[np.arange(keys.shape[1]) < lengths[:, None]] = _sort_keys(products, self._rows[positions])
        keys.sort(axis=1)
        return _from_sort_keys(keys[:, :k])

    def exactly(self, queries: NDArray[np.float32], k: int, entries: Entries) -> Ranking:
        """The k nearest of the entries that may answer, without the index. FloatingPointError: see `best_rows`."""
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


def _sort_keys(products: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Numbers that ascend as products descend, and with equal products as rows ascend; rows are below 2^32.

    Sorting them takes a tenth of the time of sorting by two keys.
    """
    return (_flipped((products + np.float32(0)).view(np.uint32)).astype(np.uint64) << np.uint64(32)) | rows.view(
        np.uint64
    )


def _flipped(bits: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """From the bits of floats to integers that descend as the floats ascend, and back."""
    return bits ^ (((bits >> np.uint32(31)) - np.uint32(1)) & np.uint32(2**31 - 1))


def _from_sort_keys(keys: NDArray[np.uint64]) -> Ranking:
    """The products and rows that sort keys were made of."""
    bits = (keys >> np.uint64(32)).astype(np.uint32)
    return Ranking(_flipped(bits).view(np.float32), (keys & np.uint64(2**32 - 1)).astype(np.int64))
