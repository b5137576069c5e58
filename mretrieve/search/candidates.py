"""From vectors to candidates: the nearest rows of the index, separately for whole clips and for windows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..storage.layout import WHOLE
from ..storage.rows import Rows
from ..vectors import Ranking, RowFilter, VectorIndex


@dataclass(frozen=True, eq=False)
class Candidates:
    """Rows of the snapshot's windows, nearest first; equal distances by clip, then by row.

    Attributes:
        rows: (C,) rows of the windows.
        distances: (C,) in the encoder's space, not negative.
        variants: (C,) the variant of the query that was nearest; 0 is the first.
        missing: ids of the shards that were not searched, see `Ranking`.
    """

    rows: NDArray[np.int64]
    distances: NDArray[np.float64]
    variants: NDArray[np.int64]
    missing: frozenset[str] = frozenset()

    @classmethod
    def none(cls) -> Candidates:
        """No candidate."""
        nothing = np.zeros(0)
        return cls(nothing.astype(np.int64), nothing, nothing.astype(np.int64))


@dataclass(frozen=True, eq=False)
class EligibleRows:
    """The rows that may answer a query of some length.

    Attributes:
        wholes: clips as a whole.
        windows: for each length of windows, the clips that answer with windows of that length.
        longer: as a whole, the clips that are longer than the query.
    """

    wholes: RowFilter
    windows: tuple[RowFilter, ...]
    longer: RowFilter


def eligible_rows(
    rows: Rows,
    query_frames: int,
    whole_up_to: float,
    moments_from: float,
    clips: NDArray[np.bool_] | None = None,
    excluded: tuple[int, ...] = (),
) -> EligibleRows:
    """The rows that may answer a query of this length.

    Args:
        rows: of the index.
        query_frames: the query's length.
        whole_up_to: clips up to this many times the query's length answer as a whole; so do clips without windows.
        moments_from: clips from this many times the query's length answer with those of their windows whose length is
            nearest to the query's.
        clips: (C,) clips that may answer at all; None for all.
        excluded: rows of clips that may not.
    """
    ratios = rows.clip_frames.astype(np.float32) / query_frames
    longer, has = ratios >= moments_from, rows.clip_has_windows.T
    lengths = rows.window_lengths.astype(np.float32)
    mismatches = np.maximum(lengths / query_frames, query_frames / lengths)

    def some(length: int, among: NDArray[np.bool_]) -> RowFilter:
        return RowFilter(length, among if clips is None else among & clips, excluded)

    left, answering = longer, {}
    for mismatch in np.unique(mismatches):
        equal = np.flatnonzero(mismatches == mismatch)
        answering.update({number: left & has[number] for number in equal.tolist()})
        left = left & ~has[equal].any(axis=0)
    by_length = [(rows.window_lengths[number], answering[number]) for number in sorted(answering)]
    return EligibleRows(
        wholes=some(WHOLE, (ratios <= whole_up_to) | ~has.any(axis=0)),
        windows=tuple(some(int(length), among) for length, among in by_length if among.any()),
        longer=some(WHOLE, longer),
    )


@dataclass(frozen=True, eq=False)
class Wanted:
    """The candidates that a query asks for.

    Attributes:
        queries: (Q, D), the variants of the query.
        filters: the rows that any of them leaves may answer.
        clips: how many clips are to be reached, if there are as many.
        rows: how many rows are wanted.
        allowed: (N,) rows that may answer at all, of the clips that the filters leave; None for all.
    """

    queries: NDArray[np.float32]
    filters: Sequence[RowFilter]
    clips: int
    rows: int
    allowed: NDArray[np.bool_] | None = None

    @property
    def search(self) -> Hashable:
        """Equal for queries that one search can answer."""
        masks = [(one.length, None if one.clips is None else one.clips.tobytes(), one.excluded) for one in self.filters]
        return self.clips, self.rows, id(self.allowed), tuple(masks)


def candidates_of(index: VectorIndex, window_clip: NDArray[np.int32], wanted: Sequence[Wanted]) -> list[Candidates]:
    """The candidates of several queries; those with equal filters share a search.

    The distance of a row is that of its nearest variant. The best row of each clip is always returned; beyond the
    wanted rows, nothing else is.

    Args:
        index: the vectors.
        window_clip: (N,), the clip of each row.
        wanted: by each query.
    """
    together: dict[Hashable, list[int]] = {}
    for number, one in enumerate(wanted):
        together.setdefault(one.search, []).append(number)
    found = [Candidates.none() for _ in wanted]
    for numbers in together.values():
        first = wanted[numbers[0]]
        queries = [wanted[number].queries for number in numbers]
        nearest = _nearest_of_each(index, window_clip, queries, first)
        for number, candidates in zip(numbers, nearest, strict=True):
            found[number] = candidates
    return found


def _nearest_of_each(
    index: VectorIndex, window_clip: NDArray[np.int32], queries: Sequence[NDArray[np.float32]], wanted: Wanted
) -> list[Candidates]:
    """The candidates of queries (Q_i, D) that want the same; those that reach too few clips are searched deeper."""
    clips, rows = wanted.clips, wanted.rows
    depth = max(4 * clips, rows, 256)
    found = [Candidates.none() for _ in queries]
    left = list(range(len(queries)))
    while left:
        asked = np.concatenate([queries[number] for number in left])
        ranking = _joined([index.search(asked, depth, one) for one in wanted.filters], window_clip, depth, len(asked))
        ends = np.cumsum([len(queries[number]) for number in left]).tolist()
        unfinished = []
        for number, end in zip(left, ends, strict=True):
            own = slice(end - len(queries[number]), end)
            nearest = _merge(Ranking(ranking.products[own], ranking.rows[own]), window_clip, depth, wanted.allowed)
            first = first_of_each(window_clip[nearest.rows])
            if len(first) < clips and ranking.rows.shape[1] == depth:
                unfinished.append(number)
                continue
            keep = np.union1d(first[:clips], np.arange(min(rows, len(nearest.rows))))
            best = nearest.rows[keep], nearest.distances[keep], nearest.variants[keep]
            found[number] = Candidates(*best, ranking.missing)
        left, depth = unfinished, depth * 4
    return found


def first_of_each(groups: NDArray[np.integer]) -> NDArray[np.intp]:
    """Positions, ascending, at which each value stands for the first time."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _joined(rankings: Sequence[Ranking], window_clip: NDArray[np.int32], depth: int, queries: int) -> Ranking:
    """One ranking of `depth` rows from those of several filters; equal products by clip, then by row."""
    if not rankings:
        return Ranking(np.zeros((queries, 0), np.float32), np.zeros((queries, 0), np.int64))
    products = np.concatenate([ranking.products for ranking in rankings], axis=1)
    rows = np.concatenate([ranking.rows for ranking in rankings], axis=1)
    order = np.lexsort((rows, window_clip[rows], -products))[:, :depth]
    missing = frozenset[str]().union(*(ranking.missing for ranking in rankings))
    return Ranking(np.take_along_axis(products, order, axis=1), np.take_along_axis(rows, order, axis=1), missing)


def _merge(
    ranking: Ranking, window_clip: NDArray[np.int32], depth: int, allowed: NDArray[np.bool_] | None
) -> Candidates:
    """One ranking of `depth` rows from those of all variants, without those that may not answer.

    A row keeps the nearest of its distances.

    Each of the rankings is complete to `depth` rows, and so is theirs together, but no further.
    """
    distances = np.maximum(-ranking.products.astype(np.float64).ravel(), 0.0)
    variants = np.indices(ranking.rows.shape)[0].ravel()
    rows = ranking.rows.ravel()
    order = np.lexsort((variants, rows, window_clip[rows], distances))
    order = order[first_of_each(rows[order])][:depth]
    if allowed is not None:
        order = order[allowed[rows[order]]]
    return Candidates(rows[order], distances[order], variants[order])
