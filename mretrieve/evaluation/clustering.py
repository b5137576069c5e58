"""How well distances alone gather the classes: k-means of an embedding, scored by NMI and pairwise F1.

K-means needs coordinates. So that every row of a table is made in the same way, they always come from the distances:
classical multidimensional scaling (Torgerson 1952). For an encoder whose distance is a squared Euclidean one (all
learned ones) that gives back its own embedding, up to a shift, a turn and a scale, and so its own clusters; for other
distances (DTW) the nearest that is Euclidean, without the directions of negative eigenvalue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: K-means starts anew so often; the tightest clusters count.
RESTARTS = 20


@dataclass(frozen=True)
class ClusterScores:
    """How clusters agree with classes, in [0, 1]."""

    nmi: float  # 2 I / (H + H): mutual information over the mean entropy of clusters and of classes
    f1: float  # of pairs "in one cluster" against "of one class" (Song et al. 2016)


def classical_scaling(squared_distances: ArrayLike) -> NDArray[np.float64]:
    """Coordinates (N, E) float64 whose squared Euclidean distances are nearest to squared distances (N, N).

    The asymmetric part and the diagonal do not count. E is the number of positive eigenvalues, largest first. Signs
    are fixed: the largest coordinate of each direction is positive. ValueError for NaN or infinite distances.
    """
    squares = np.array(squared_distances, np.float64)
    if squares.ndim != 2 or squares.shape[0] != squares.shape[1] or not np.isfinite(squares).all():
        raise ValueError(f"distances of shape {squares.shape}; wanted finite ones, (N, N)")
    squares = (squares + squares.T) / 2
    np.fill_diagonal(squares, 0.0)
    centred = squares - squares.mean(axis=0) - squares.mean(axis=1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    kept = np.flatnonzero(values > 1e-9 * max(values.max(initial=0.0), 1e-300))[::-1]
    coordinates = vectors[:, kept] * np.sqrt(values[kept])
    largest = np.abs(coordinates).argmax(axis=0)
    return np.asarray(coordinates * np.sign(coordinates[largest, np.arange(len(kept))]))


def cluster_scores(coordinates: NDArray[np.floating], labels: Sequence[str], seed: int = 0) -> ClusterScores:
    """Scores of k-means of coordinates (N, E) with as many clusters as there are labels; needs scikit-learn."""
    from sklearn.cluster import KMeans

    count = len(set(labels))
    if coordinates.shape[1] == 0:  # all in one place
        return agreement([0] * len(labels), labels)
    clusters = KMeans(count, n_init=RESTARTS, random_state=seed).fit_predict(coordinates)
    return agreement(clusters.tolist(), labels)


def agreement(clusters: Sequence[int], labels: Sequence[str]) -> ClusterScores:
    """NMI and pairwise F1 of clusters and labels of N items."""
    _, rows = np.unique(np.asarray(clusters), return_inverse=True)
    _, columns = np.unique(np.asarray(labels), return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    joint = table / len(rows)
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    information = float((joint[some] * np.log(joint[some] / independent[some])).sum())
    entropy = _entropy(joint.sum(axis=1)) + _entropy(joint.sum(axis=0))
    together, of_cluster, of_class = (
        float((counts * (counts - 1) / 2).sum()) for counts in (table, table.sum(axis=1), table.sum(axis=0))
    )
    # 2 P R / (P + R) with P = together / of_cluster and R = together / of_class
    f1 = 2 * together / (of_cluster + of_class) if of_cluster + of_class > 0 else 1.0
    return ClusterScores(max(0.0, 2 * information / entropy) if entropy > 0 else 1.0, f1)


def _entropy(parts: NDArray[np.float64]) -> float:
    return float(-(parts * np.log(parts)).sum())
