"""Search through vector indexes, each over a group of shards, and exactly in the shards that none of them has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..storage.records import VectorIndexRecord
from ..storage.snapshot import Snapshot
from .flat import FlatIndex, best_rows
from .interface import Ranking, RowFilter
from .products import RankedShortlists
from .trained import Entries, TrainedIndex

#: If a filter leaves at most this share of the rows, they are compared exactly.
NARROW = 0.1


class GroupedIndex:
    """A `VectorIndex` over one space of a snapshot. Rows that a vector index finds are compared and ranked exactly."""

    def __init__(
        self, snapshot: Snapshot, groups: Sequence[Group], without: Mapping[int, Collection[str]] | None = None
    ) -> None:
        """
        Args:
            snapshot: that is searched.
            groups: at least one, all of one space.
            without: for lengths of windows, ids of shards that are left out.
        """
        (space,) = {group.record.space for group in groups}
        self.kind = ",".join(sorted({group.record.kind for group in groups}))
        self._rows = snapshot.rows
        self._groups: dict[int, list[Group]] = {}
        for group in groups:
            self._groups.setdefault(group.record.length, []).append(group)
        covered = {length: set(shards) for length, shards in (without or {}).items()}
        for group in groups:
            covered.setdefault(group.record.length, set()).update(group.record.shards)
        self._flat = FlatIndex(snapshot, [space], covered)

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex."""
        queries = self._flat.checked(queries, k)
        groups = self._groups.get(rows.length, ())
        allowed = rows.allowed_clips(self._rows.clip_count)
        with self._flat.damage_reported():
            found = [group.search(queries, k, allowed) for group in groups]
        if not found or self._flat.has_windows(rows.length):
            found.append(self._flat.search(queries, k, rows))
        return merged([ranking for ranking in found if ranking.rows.size] or found[:1], k)


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
        scattered = snapshot.indexed_blocks(record.space, record.length, record.shards, scattered=True)
        self._ranked = RankedShortlists(scattered, self._rows)
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
        if shortlists.shape[1] < k or shortlists.min() < -1 or shortlists.max() >= len(self._rows):
            return self.exactly(queries, k, entries)
        enough = shortlists[:, k - 1] >= 0
        if enough.all():
            return self._ranked.of(queries, k, shortlists)
        rankings = [
            self._ranked.of(queries[row : row + 1], k, shortlists[row : row + 1])
            if enough[row]
            else self.exactly(queries[row : row + 1], k, entries)
            for row in range(len(queries))
        ]
        products = np.concatenate([ranking.products for ranking in rankings])
        return Ranking(products, np.concatenate([ranking.rows for ranking in rankings]))

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
    missing = frozenset[str]().union(*(ranking.missing for ranking in rankings))
    return Ranking(np.take_along_axis(products, order, axis=1), np.take_along_axis(rows, order, axis=1), missing)
