"""Canonical time warping (Zhou and de la Torre 2009): align two sequences in time and in space by turns.

Dynamic time warping pairs the frames; canonical correlation analysis of the pairs finds a linear map for each sequence,
of unit variance, that brings them nearest to each other; the mapped sequences are warped again, until the path stands
still. tslearn's `ctw` cannot be used: it compares the path with itself (tslearn issue 728), so it stops before its
first map and returns what its `dtw` does. The tests check our warping against its `dtw_path`, the maps against
scikit-learn's CCA.

The analysis of two short sequences finds a perfect correlation in noise where it has as many dimensions as frames:
poses are first projected on the principal directions that hold 90 % of the variance of all sequences, as the paper does
with motion capture, and covariances are regularised.

Compared are the poses themselves along the path, in metres. The distance of the canonical variates would be the other
choice, but a linear map for each pair takes away what tells actions apart: on the training classes of `hdm05-unseen`
it has a mAP of .44 to .55 whatever the ridge, poses along the path .95, DTW .95.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..kernels.warping import dtw_path

#: Every third frame of 30: a pair takes one to two milliseconds at 10 fps.
FRAME_STEP = 3
_ENERGY = 0.9
#: What is added to each variance, as a part of the mean one; chosen of .01, .1, 1 on the same training classes.
_RIDGE = 1.0
_MOST_TURNS = 10
#: From so many pairs on, processes share them.
_SHARED_FROM = 5000

_Sequence = NDArray[np.float64]


def canonical_warping_distances(
    queries: Sequence[NDArray[np.floating]], gallery: Sequence[NDArray[np.floating]]
) -> NDArray[np.float64]:
    """Root mean squared distances (Q, G) along the canonical path, of sequences (n_i, D) and (m_j, D).

    Symmetric, at half the work, where the gallery is the queries. Needs scikit-learn's joblib for many pairs.
    """
    frames = np.concatenate([*queries, *gallery]).astype(np.float64)
    values, directions = np.linalg.eigh(np.cov(frames, rowvar=False))
    parts = np.cumsum(values[::-1]) / values.sum()
    basis = directions[:, ::-1][:, : int(np.searchsorted(parts, _ENERGY)) + 1]
    ours, theirs = (
        [(np.asarray(sequence, np.float64), np.asarray(sequence @ basis, np.float64)) for sequence in sequences]
        for sequences in (queries, gallery)
    )
    symmetric = queries is gallery
    rows: list[_Row] = [(query, theirs[number:] if symmetric else theirs) for number, query in enumerate(ours)]
    table = np.zeros((len(ours), len(theirs)))
    for number, row in enumerate(_each(rows)):
        table[number, len(theirs) - len(row) :] = row
        if symmetric:
            table[number:, number] = row
    return table


def canonical_path(first: _Sequence, second: _Sequence) -> NDArray[np.int32]:
    """The path (L, 2) between sequences (n, D) and (m, D); see dtw_path."""
    path, _ = dtw_path(first, second)
    for _ in range(_MOST_TURNS):
        ours, theirs = canonical_maps(first, second, path, _RIDGE)
        turned, _ = dtw_path(first @ ours, second @ theirs)
        if np.array_equal(turned, path):
            break
        path = turned
    return path


def canonical_maps(
    first: _Sequence, second: _Sequence, path: NDArray[np.int32], ridge: float
) -> tuple[_Sequence, _Sequence]:
    """Maps (D, D) of both sequences on their canonical variates along a path: without a ridge each has variance 1."""
    x, y = first[path[:, 0]], second[path[:, 1]]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    whiten_x, whiten_y = _whitening(x, ridge), _whitening(y, ridge)
    left, _, right = np.linalg.svd(whiten_x.T @ (x.T @ y / len(path)) @ whiten_y)
    return whiten_x @ left, whiten_y @ right.T


def _whitening(frames: _Sequence, ridge: float) -> _Sequence:
    values, directions = np.linalg.eigh(frames.T @ frames / len(frames))
    return np.asarray(directions / np.sqrt(np.maximum(values, 0) + max(ridge * values.mean(), 1e-12)))


_Row = tuple[tuple[_Sequence, _Sequence], list[tuple[_Sequence, _Sequence]]]


def _of_row(row: _Row) -> list[float]:
    """Distances of a sequence from others, all with their projections."""
    (query, projected), others = row
    distances = []
    for other, other_projected in others:
        path = canonical_path(projected, other_projected)
        apart = query[path[:, 0]] - other[path[:, 1]]
        distances.append(float(np.sqrt((apart**2).sum(axis=1).mean())))
    return distances


def _each(rows: list[_Row]) -> list[list[float]]:
    """Distances of each row's sequence from its others."""
    if sum(len(others) for _, others in rows) < _SHARED_FROM:
        return [_of_row(row) for row in rows]
    from joblib import Parallel, delayed  # type: ignore[import-untyped]  # its workers need no `if __name__ == ...`

    shared: list[list[float]] = Parallel(n_jobs=-1, batch_size=4)(delayed(_of_row)(row) for row in rows)
    return shared
