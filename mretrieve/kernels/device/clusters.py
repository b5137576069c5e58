"""k-means, and search in the nearest of its clusters (an inverted file, IVF; Jegou, Douze, Schmid 2011).

k-means is that of Lloyd (1982). Sums of clusters are taken in whole numbers, which add up to the same in any order, so
that a run can be repeated bit for bit on one device although threads add in an order of their own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .exact import ExactSearch, chunk_size, full_float32

#: Bits of the largest coordinate in a sum of whole numbers; 2^27 rows fit in 63 bits.
_FIXED_POINT_BITS = 35


def k_means(points: Tensor, clusters: int, *, iterations: int = 10, seed: int = 0) -> Tensor:
    """Centroids of points by Lloyd's iteration, from a random sample of them.

    A cluster that lost all its points goes on from one of the points that are farthest from their centroids.

    Args:
        points: (N, E) float32, finite.
        clusters: K, at most N.
        iterations: number of iterations.
        seed: of the sample.

    Returns:
        (K, E) float32.

    Raises:
        ValueError: there are fewer points than clusters.
    """
    if not 1 <= clusters <= len(points):
        raise ValueError(f"{clusters} clusters of {len(points)} points")
    sample = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:clusters]
    centroids = points[sample.to(points.device)].clone()
    scale = 2.0 ** (_FIXED_POINT_BITS - math.frexp(float(points.abs().max()))[1])
    for _ in range(iterations):
        centroids = _moved(points, centroids, scale)
    return centroids


def nearest_centroids(points: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest centroid (N,) int64 of each point (N, E), and the squared distance to it (N,) float32."""
    nearest = torch.empty(len(points), dtype=torch.int64, device=points.device)
    squares = points.new_empty(len(points))
    half_norms = 0.5 * centroids.square().sum(dim=1)
    size = chunk_size(points.device, len(centroids))
    with full_float32():
        for first in range(0, len(points), size):
            chunk = points[first : first + size]
            best = torch.addmm(half_norms, chunk, centroids.T, alpha=-1.0).min(dim=1)
            nearest[first : first + size] = best.indices
            squares[first : first + size] = (chunk.square().sum(dim=1) + 2.0 * best.values).clamp(min=0.0)
    return nearest, squares


def _moved(points: Tensor, centroids: Tensor, scale: float) -> Tensor:
    """The mean of the points that are nearest to each centroid."""
    nearest, squares = nearest_centroids(points, centroids)
    sums = torch.zeros(centroids.shape, dtype=torch.int64, device=points.device)
    size = chunk_size(points.device, 2 * points.shape[1])
    for first in range(0, len(points), size):
        chunk = points[first : first + size].double().mul_(scale).round_().long()
        sums.index_add_(0, nearest[first : first + size], chunk)
    counts = torch.bincount(nearest, minlength=len(centroids))
    moved = (sums.double() / (scale * counts.clamp(min=1)[:, None])).float()
    empty = torch.nonzero(counts == 0).ravel()
    if len(empty):
        moved[empty] = points[squares.sort(descending=True, stable=True).indices[: len(empty)]]
    return moved


class ClusteredSearch:
    """Rows of one space in clusters; a search looks only at the rows of the nearest clusters, and ranks those exactly.

    Clusters may be made of something else than the vectors, because inner products need not be a geometry: such as the
    coordinates whose squared distance an inner product is.
    """

    def __init__(self, search: ExactSearch, centroids: Tensor, clusters: Tensor) -> None:
        """
        Args:
            search: the rows.
            centroids: (K, E) float32.
            clusters: (N,) int64, the cluster of each row.
        """
        self._search = search
        self._centroids = centroids.double()  # so that every device finds the same clusters
        self._rows = clusters.sort(stable=True).indices
        self._counts = torch.bincount(clusters, minlength=len(centroids))
        self._starts = self._counts.cumsum(0) - self._counts

    def best(self, queries: Tensor, probes: Tensor, k: int, probed: int) -> tuple[Tensor, Tensor]:
        """The k rows with the largest inner products among those of the nearest clusters.

        Args:
            queries: (Q, D) float32, compared with rows.
            probes: (Q, E) float32, compared with centroids, by squared distance.
            k: at least 1.
            probed: number of clusters that are looked at, at least 1.

        Returns:
            Products (Q, k) float32 and rows (Q, k) int64, best first, equal products by ascending row; minus infinity
            and -1 where the clusters have fewer rows.
        """
        half_norms = 0.5 * self._centroids.square().sum(dim=1)
        distances = torch.addmm(half_norms, probes.double(), self._centroids.T, alpha=-1.0)
        nearest = distances.topk(min(probed, len(self._centroids)), dim=1, largest=False).indices
        return self._search.best_among(queries, self._members(nearest, k), k)

    def _members(self, clusters: Tensor, least: int) -> Tensor:
        """The rows of some clusters of each query (Q, P), and -1 behind the last: (Q, M), M being `least` or more."""
        counts = self._counts[clusters]
        ends = counts.cumsum(dim=1)
        width = max(least, int(ends[:, -1].amax())) if len(clusters) else least
        places = torch.arange(width, device=clusters.device).expand(len(clusters), -1).contiguous()
        which = torch.searchsorted(ends, places, right=True)
        inside = which < clusters.shape[1]
        which = which.clamp(max=clusters.shape[1] - 1)
        members = places - (ends - counts).gather(1, which) + self._starts[clusters].gather(1, which)
        return torch.where(inside, self._rows[members.clamp(max=len(self._rows) - 1)], -1)
