"""From squared distances to points in a plane."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

#: Squared distances (Q, N) from some clips (Q,) to others (N,), by their rows.
Distances = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.floating]]
#: Distances are measured from at most so many clips, and kept in so many dimensions for the methods after PCA.
_LANDMARKS, _DIMENSIONS = 1500, 30
#: Clips whose distances are in memory at a time.
_AT_ONCE = 8192
#: With fewer clips, neighbourhoods say nothing, and PCA alone is used.
_FEWEST = 12
_NEIGHBOURS, _LEAST_DISTANCE, _PERPLEXITY = 15, 0.4, 30
_SEED = 0


def best_method() -> str:
    """The method that is used: "umap" or "tsne" if umap-learn or openTSNE is installed, else "pca"."""
    if find_spec("umap"):
        return "umap"
    return "tsne" if find_spec("openTSNE") else "pca"


def project(distances: Distances, count: int, method: str) -> NDArray[np.float32]:
    """Points (count, 2) float32 within -1 to 1; the same distances give the same points.

    PCA comes first, as classical scaling of the squared distances from landmarks (de Silva and Tenenbaum, 2004), which
    is PCA of the vectors if all clips are landmarks. Then UMAP (McInnes et al., 2018) or t-SNE (van der Maaten and
    Hinton, 2008), which start from its first two components.
    """
    scaled = principal_components(distances, count)
    points: NDArray[np.floating] = scaled[:, :2]
    if count >= _FEWEST and method == "umap":
        points = _umap(scaled)
    elif count >= _FEWEST and method == "tsne":
        points = _tsne(scaled)
    centred = points - (points.min(axis=0) + points.max(axis=0)) / 2
    return np.asarray(centred / max(float(np.abs(centred).max()), 1e-12), np.float32)


def principal_components(distances: Distances, count: int) -> NDArray[np.float64]:
    """Coordinates (count, D) whose Euclidean distances are nearest to the given ones, D from 2 to 30."""
    landmarks = np.unique(np.linspace(0, count - 1, min(count, _LANDMARKS)).round().astype(np.intp))
    between = np.maximum(distances(landmarks, landmarks), 0).astype(np.float64)
    between = (between + between.T) / 2
    means = between.mean(axis=0)
    centred = -(between - means - means[:, None] + means.mean()) / 2
    variances, axes = np.linalg.eigh(centred)
    kept = slice(None, -1 - _DIMENSIONS, -1)
    variances, axes = np.maximum(variances[kept], 0), axes[:, kept]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    axes = axes * np.where(largest < 0, -1, 1)  # the sign of an eigenvector is arbitrary
    usable = variances > 1e-9 * max(float(variances.max(initial=0)), 1e-12)
    scales = np.where(usable, 1 / np.sqrt(np.where(usable, variances, 1)), 0)
    axes *= scales
    found = np.zeros((count, max(2, axes.shape[1])))
    for start in range(0, count, _AT_ONCE):
        rows = np.arange(start, min(count, start + _AT_ONCE))
        squares = np.maximum(distances(landmarks, rows), 0)  # (L, rows)
        found[rows, : axes.shape[1]] = (means[:, None] - squares).T / 2 @ axes
    return found


def _umap(scaled: NDArray[np.float64]) -> NDArray[np.floating]:
    from umap import UMAP

    start = scaled[:, :2] / max(float(scaled[:, :2].std()), 1e-12)  # far apart, kinds without neighbours stay there
    neighbours = min(_NEIGHBOURS, len(scaled) - 1)
    umap = UMAP(n_neighbors=neighbours, min_dist=_LEAST_DISTANCE, init=start, random_state=_SEED, n_jobs=1)
    return np.asarray(umap.fit_transform(scaled))


def _tsne(scaled: NDArray[np.float64]) -> NDArray[np.floating]:
    from openTSNE import TSNE

    start = scaled[:, :2] / max(float(scaled[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(_PERPLEXITY, (len(scaled) - 1) / 3)
    return np.asarray(TSNE(perplexity=perplexity, initialization=start, random_state=_SEED).fit(scaled))
