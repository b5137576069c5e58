"""From vectors to candidate moments: the nearest rows of the index, at most one per clip or per stretch of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..index import Snapshot

#: Two moments of one clip are the same answer where they share more than this part of the shorter one.
SAME_MOMENT_OVERLAP = 0.5

#: From this ratio of lengths on a query is looked for inside a clip, below it is compared with the clip as a whole.
LONGER_THAN_THE_QUERY = 4.0


@dataclass(frozen=True, eq=False)
class Candidates:
    """Rows of the snapshot's windows, nearest first; equal distances in the order of clip, then start."""

    rows: NDArray[np.int64]  # (C,) rows of the snapshot's window table
    distances: NDArray[np.float64]  # (C,) distances in the encoder's space, >= 0
    mirrored: NDArray[np.bool_]  # (C,) whether the query's mirror was nearer than the query


@dataclass(frozen=True, eq=False)
class Wanted:
    """What may be a candidate of one query."""

    count: int  # how many moments are wanted
    query_frames: int  # the query's length
    rows: NDArray[np.bool_] | None = None  # (N,) rows that a filter lets pass; None for all
    excluded_clips: tuple[int, ...] = ()  # clip rows that must not answer (the query itself)
    all_moments: bool = False  # several moments of one clip, where they do not overlap


class Search(Protocol):
    """Exact search among the rows of a space: `Snapshot.search` with its space named."""

    def __call__(
        self, queries: NDArray[np.float32], k: int, windows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Inner products and rows (Q, k'), best first, equal products by ascending row."""
        ...


def whole_clip_rows(snapshot: Snapshot) -> NDArray[np.intp]:
    """The first row of each clip, which is the clip as a whole."""
    return np.flatnonzero(np.diff(snapshot.window_clip, prepend=-1))


def competing_rows(
    snapshot: Snapshot, query_frames: int, longer_than_the_query: float = LONGER_THAN_THE_QUERY
) -> NDArray[np.bool_]:
    """Which rows answer a query of this length: of each clip, the whole or its windows (N,).

    The row of the whole clip and its windows describe the same motion at two scales; where both compete, the windows
    only add chance matches (benchmarks/rerank.py prints what they cost). So the whole speaks for a clip until it is
    `longer_than_the_query` times as long as the query; of a longer one, the rows whose length is nearest by ratio.
    """
    lengths = np.maximum(snapshot.window_end - snapshot.window_start, 1).astype(np.float32)
    mismatch = np.maximum(lengths / max(query_frames, 1), max(query_frames, 1) / lengths)
    whole = whole_clip_rows(snapshot)
    best = np.minimum.reduceat(mismatch, whole) if len(whole) else np.zeros(0)
    best[lengths[whole] <= longer_than_the_query * query_frames] = -1.0
    competes = mismatch <= best[snapshot.window_clip]
    competes[whole] |= best < 0
    return np.asarray(competes)


def nearest_moments(snapshot: Snapshot, search: Search, queries: NDArray[np.float32], wanted: Wanted) -> Candidates:
    """Candidates of one query, exact for any count, filter or selectivity.

    Shape: queries (1, D) the query's vector, or (2, D) with its mirror's. Fewer than `wanted.count` come back only
    where the index holds no more.
    """
    ratio = 1.0 if wanted.all_moments else LONGER_THAN_THE_QUERY  # whoever wants all moments wants them short
    allowed = competing_rows(snapshot, wanted.query_frames, ratio)
    if wanted.rows is not None:
        allowed &= wanted.rows
    for clip in wanted.excluded_clips:
        allowed &= snapshot.window_clip != clip
    available = int(allowed.sum())
    depth = min(available, max(4 * wanted.count, 256))
    while depth:
        products, rows = search(queries, depth, allowed)
        found = _merge(products, rows, depth)
        keep = _apart(snapshot, found.rows) if wanted.all_moments else _first_of_each(snapshot.window_clip[found.rows])
        if len(keep) >= wanted.count or depth == available:
            keep = keep[: wanted.count]
            return Candidates(found.rows[keep], found.distances[keep], found.mirrored[keep])
        depth = min(available, 4 * depth)
    nothing = np.zeros(0)
    return Candidates(nothing.astype(np.int64), nothing, nothing.astype(bool))


def shown_rows(
    snapshot: Snapshot, search: Search, queries: NDArray[np.float32], candidates: Candidates, query_frames: int
) -> NDArray[np.int64]:
    """The row to show of each candidate (C,): where in a clip that was compared as a whole the query fits best.

    It is the whole where no window is nearer to the query's length. The ranking stays that of the whole.
    """
    rows = candidates.rows.copy()
    whole = np.zeros(len(snapshot.window_clip), bool)
    whole[whole_clip_rows(snapshot)] = True
    finer = competing_rows(snapshot, query_frames, 1.0) & ~whole
    for version, query in enumerate(queries):
        mine = np.flatnonzero((candidates.mirrored == bool(version)) & whole[rows])
        clips = snapshot.window_clip[rows[mine]]
        allowed = finer & np.isin(snapshot.window_clip, clips)
        if allowed.any():
            found = search(query[None], int(allowed.sum()), allowed)[1][0]
            best = found[_first_of_each(snapshot.window_clip[found])]
            row_of = dict(zip(snapshot.window_clip[best].tolist(), best.tolist(), strict=True))
            rows[mine] = [row_of.get(clip, row) for clip, row in zip(clips.tolist(), rows[mine].tolist(), strict=True)]
    return rows


def _merge(products: NDArray[np.float32], rows: NDArray[np.int64], depth: int) -> Candidates:
    """One ranking of `depth` rows from the query's and its mirror's; a row keeps the nearer of its two distances.

    Each of the two rankings is complete to `depth` rows, and so is theirs together, but no further.
    """
    distances = np.maximum(-products.astype(np.float64).ravel(), 0.0)
    mirrored = np.repeat(np.arange(len(products)) > 0, products.shape[1])
    flat = rows.ravel()
    order = np.lexsort((mirrored, flat, distances))
    order = order[_first_of_each(flat[order])][:depth]
    return Candidates(flat[order], distances[order], mirrored[order])


def _first_of_each(groups: NDArray[np.integer]) -> NDArray[np.intp]:
    """Positions, ascending, at which each value stands for the first time."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _apart(snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.intp]:
    """Positions of the moments that no better moment of the same clip already covers (non-maximum suppression)."""
    kept: dict[int, list[tuple[int, int]]] = {}
    positions = []
    for position, row in enumerate(rows):
        start, end = int(snapshot.window_start[row]), int(snapshot.window_end[row])
        better = kept.setdefault(int(snapshot.window_clip[row]), [])
        if all(
            min(end, other_end) - max(start, other_start)
            <= SAME_MOMENT_OVERLAP * min(end - start, other_end - other_start)
            for other_start, other_end in better
        ):
            better.append((start, end))
            positions.append(position)
    return np.asarray(positions, np.intp)
