"""From vectors to candidates: the nearest rows of the index, whole clips and windows apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..storage import Snapshot


@dataclass(frozen=True, eq=False)
class Candidates:
    """Rows of the snapshot's windows, nearest first; equal distances in the order of clip, then start."""

    rows: NDArray[np.int64]  # (C,) rows of the snapshot's window table
    distances: NDArray[np.float64]  # (C,) distances in the encoder's space, >= 0
    variants: NDArray[np.int64]  # (C,) which variant of the query was nearest: 0 is the first

    @classmethod
    def none(cls) -> Candidates:
        """No candidate."""
        nothing = np.zeros(0)
        return cls(nothing.astype(np.int64), nothing, nothing.astype(np.int64))


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


def has_windows(snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the clips of these first rows (C,) have windows besides the whole."""
    after = np.minimum(rows + 1, len(snapshot.window_clip) - 1)
    return np.asarray((after > rows) & (snapshot.window_clip[after] == snapshot.window_clip[rows]))


@dataclass(frozen=True, eq=False)
class Competing:
    """Which rows may answer a query of some length: clips as a whole, and windows of clips."""

    wholes: NDArray[np.bool_]  # (N,) the first row of clips that are at most so many times as long as the query
    windows: NDArray[np.bool_]  # (N,) of clips longer than the query, the windows nearest to its length
    longer: NDArray[np.bool_]  # (N,) the first row of clips longer than the query


def competing_rows(snapshot: Snapshot, query_frames: int, whole_up_to: float, moments_from: float) -> Competing:
    """The rows that may answer a query of this length.

    Args:
        snapshot: the index.
        query_frames: the query's length.
        whole_up_to: clips up to so many times as long as the query answer as a whole; so do those without windows.
        moments_from: of clips from so many times on, the windows answer whose length is nearest to the query's.
    """
    lengths = np.maximum(snapshot.window_end - snapshot.window_start, 1).astype(np.float32)
    mismatch = np.maximum(lengths / query_frames, query_frames / lengths)
    first = whole_clip_rows(snapshot)
    whole = np.zeros(len(lengths), bool)
    whole[first] = True
    mismatch[first] = np.inf
    best = np.minimum.reduceat(mismatch, first) if len(first) else np.zeros(0, np.float32)
    ratio = lengths[first] / query_frames
    cut = np.isfinite(best)
    best[ratio < moments_from] = -1.0
    windows = (mismatch <= best[snapshot.window_clip]) & ~whole
    longer = np.zeros(len(lengths), bool)
    longer[first] = ratio >= moments_from
    whole[first] = (ratio <= whole_up_to) | ~cut
    return Competing(whole, windows, longer)


def nearest_rows(
    snapshot: Snapshot, search: Search, queries: NDArray[np.float32], allowed: NDArray[np.bool_], clips: int, rows: int
) -> Candidates:
    """The nearest of the allowed rows, exact for any filter: as many as `rows`, and more until `clips` clips are there.

    Shape: queries (Q, D), the images of one query; a row's distance is that of the image which is nearest to it. Each
    clip's best row is always among those that come back, so that of the rows beyond `rows` only such are kept.
    """
    available = int(allowed.sum())
    depth = min(available, max(4 * clips, rows, 256))
    while depth:
        products, found = search(queries, depth, allowed)
        nearest = _merge(products, found, depth)
        first = first_of_each(snapshot.window_clip[nearest.rows])
        if len(first) >= clips or depth == available:
            keep = np.union1d(first[:clips], np.arange(min(rows, len(nearest.rows))))
            return Candidates(nearest.rows[keep], nearest.distances[keep], nearest.variants[keep])
        depth = min(available, 4 * depth)
    return Candidates.none()


def first_of_each(groups: NDArray[np.integer]) -> NDArray[np.intp]:
    """Positions, ascending, at which each value stands for the first time."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _merge(products: NDArray[np.float32], rows: NDArray[np.int64], depth: int) -> Candidates:
    """One ranking of `depth` rows from those of all images; a row keeps the nearest of its distances.

    Each of the rankings is complete to `depth` rows, and so is theirs together, but no further.
    """
    distances = np.maximum(-products.astype(np.float64).ravel(), 0.0)
    images = np.repeat(np.arange(len(products)), products.shape[1])
    flat = rows.ravel()
    order = np.lexsort((images, flat, distances))
    order = order[first_of_each(flat[order])][:depth]
    return Candidates(flat[order], distances[order], images[order])
