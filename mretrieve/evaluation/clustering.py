"""How well distances alone separate the classes: k-means of an embedding, scored by NMI and pairwise F1.

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

#: Number of starts of k-means; the tightest clusters count.
RESTARTS = 20


@dataclass(frozen=True)
class ClusterScores:
    """How clusters agree with classes, in [0, 1].

    Attributes:
        nmi: mutual information over the mean entropy of clusters and of classes.
        f1: F1 of pairs "in one cluster" against "of one class" (Song et al. 2016).
    """

    nmi: float
    f1: float


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
    """NMI and pairwise F1 of clusters and labels of N items; needs scikit-learn."""
    from sklearn.metrics import normalized_mutual_info_score
    from sklearn.metrics.cluster import pair_confusion_matrix

    (_, apart), (split, together) = pair_confusion_matrix(labels, clusters)
    pairs = apart + split + 2 * together
    f1 = 2 * together / pairs if pairs else 1.0  # 2 P R / (P + R)
    return ClusterScores(float(normalized_mutual_info_score(labels, clusters)), float(f1))
