"""k-means and search in its clusters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from mretrieve.kernels.device import clusters
from mretrieve.kernels.device.clusters import ClusteredSearch, k_means, nearest_centroids
from mretrieve.kernels.device.exact import ExactSearch

torch.set_num_threads(1)


def blobs(count: int, per_blob: int, width: int, seed: int = 0) -> Tensor:
    """Points (N, D) around `count` places far apart."""
    generator = torch.Generator().manual_seed(seed)
    places = 100.0 * torch.randn(count, width, generator=generator).repeat(per_blob, 1)
    return places + torch.randn(places.shape, generator=generator)


def test_every_iteration_brings_the_points_nearer_to_their_centroids():
    points = blobs(12, 50, 4)
    sums = [
        float(nearest_centroids(points, k_means(points, 12, iterations=iterations))[1].double().sum())
        for iterations in range(8)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] < 0.5 * sums[0]


def test_distances_to_the_nearest_centroids_are_those_of_brute_force():
    points = torch.randn(700, 9, generator=torch.Generator().manual_seed(1))
    centroids = points[:40]
    nearest, squares = nearest_centroids(points, centroids)
    expected = torch.cdist(points.double(), centroids.double()).square().min(dim=1)
    assert torch.equal(nearest, expected.indices)
    torch.testing.assert_close(squares.double(), expected.values, rtol=1e-4, atol=1e-4)


def test_each_centroid_is_the_mean_of_its_points_when_nothing_moves_any_more():
    points = blobs(5, 40, 3, seed=2)
    centroids = k_means(points, 5, iterations=30)
    nearest, _ = nearest_centroids(points, centroids)
    means = torch.stack([points[nearest == cluster].double().mean(dim=0) for cluster in range(5)])
    torch.testing.assert_close(centroids.double(), means, rtol=1e-6, atol=1e-6)


def test_a_run_can_be_repeated_and_its_seed_decides(monkeypatch: pytest.MonkeyPatch):
    points = torch.randn(2000, 8, generator=torch.Generator().manual_seed(3))
    first = k_means(points, 30, seed=1)
    assert torch.equal(first, k_means(points, 30, seed=1))
    assert not torch.equal(first, k_means(points, 30, seed=2))
    shuffled = torch.randperm(len(points), generator=torch.Generator().manual_seed(4))
    scale = 2.0**20
    moved = clusters._moved(points, first, scale)
    assert torch.equal(moved, clusters._moved(points[shuffled], first, scale))  # in whatever order threads add
    monkeypatch.setattr(clusters, "chunk_size", lambda device, numbers: 77)
    assert torch.equal(moved, clusters._moved(points, first, scale))


def test_a_cluster_without_points_goes_on_from_the_farthest_point():
    points = torch.cat([torch.zeros(20, 2), torch.full((1, 2), 50.0)])
    moved = clusters._moved(points, torch.tensor([[0.0, 0.0], [-900.0, 0.0]]), 2.0**20)
    assert moved[1].tolist() == [50.0, 50.0]


def test_as_many_clusters_as_points_and_no_more():
    points = torch.arange(12.0).view(6, 2)
    assert torch.equal(k_means(points, 6).sort(dim=0).values, points)
    with pytest.raises(ValueError, match="7 clusters of 6 points"):
        k_means(points, 7)


@pytest.fixture(scope="module")
def rows() -> tuple[ExactSearch, ClusteredSearch, Tensor]:
    """Whole numbers, so that products tie, in 20 clusters."""
    vectors = torch.from_numpy(np.random.default_rng(5).integers(-2, 3, (900, 6)).astype(np.float32))
    search = ExactSearch(vectors)
    centroids = k_means(vectors, 20)
    return search, ClusteredSearch(search, centroids, nearest_centroids(vectors, centroids)[0]), vectors


@pytest.mark.parametrize("k", [1, 50, 900])
def test_all_clusters_together_give_the_exact_answer(rows: tuple[ExactSearch, ClusteredSearch, Tensor], k: int):
    exact, clustered, vectors = rows
    for found, expected in zip(
        clustered.best(vectors[:9], vectors[:9], k, 20), exact.best(vectors[:9], k), strict=True
    ):
        assert torch.equal(found, expected)


def test_some_clusters_give_the_exact_answer_among_their_rows(rows: tuple[ExactSearch, ClusteredSearch, Tensor]):
    exact, clustered, vectors = rows
    queries = vectors[:5]
    nearest, _ = nearest_centroids(vectors, clustered._centroids.float())
    distances = torch.cdist(queries.double(), clustered._centroids)
    products, found = clustered.best(queries, queries, 10, 3)
    for query in range(5):
        lists = distances[query].argsort()[:3]
        inside = torch.nonzero(torch.isin(nearest, lists)).ravel()
        expected = exact.best(queries[query][None], 10, inside)
        assert torch.equal(found[query], expected[1][0])
        assert torch.equal(products[query], expected[0][0])


def test_clusters_with_fewer_than_k_rows_leave_places_empty(rows: tuple[ExactSearch, ClusteredSearch, Tensor]):
    _, clustered, vectors = rows
    products, found = clustered.best(vectors[:2], vectors[:2], 900, 1)
    inside = found >= 0
    assert 0 < int(inside.sum(dim=1).max()) < 900
    assert torch.equal(inside, products > -torch.inf)
    assert not bool((inside[:, 1:] & ~inside[:, :-1]).any())  # the empty places are the last ones


def test_no_queries_have_no_answer(rows: tuple[ExactSearch, ClusteredSearch, Tensor]):
    answer = rows[1].best(torch.zeros(0, 6), torch.zeros(0, 6), 5, 2)
    assert [tuple(each.shape) for each in answer] == [(0, 5), (0, 5)]
