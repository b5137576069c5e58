"""Points whose Euclidean distances rank vectors as inner products do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mretrieve.encoders.encoder import query_vectors, scaled_vectors, stored_vectors
from mretrieve.vectors.euclidean import EuclideanMap

WIDTH = 15


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Two parts of one space, of different weights and variances."""
    chance = np.random.default_rng(seed)
    sizes = np.exp(0.5 * chance.standard_normal((2, count, 1)))
    parts = (sizes * chance.standard_normal((2, count, WIDTH))).astype(np.float32)
    weighted = zip(parts, (0.3, 0.7), (20.0, 40.0), strict=True)
    return np.concatenate(
        [
            np.sqrt(np.float32(share)) * scaled_vectors(each, (each**2).sum(axis=1), variance)
            for each, share, variance in weighted
        ],
        axis=1,
    )


def as_queries(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([query_vectors(part) for part in np.split(stored, 2, axis=1)], axis=1)


def squared_distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(((one[:, None].astype(np.float64) - other[None]) ** 2).sum(axis=2))


def test_a_window_has_the_same_point_as_a_query():
    stored = vectors(200)
    fitted = EuclideanMap.fitted(stored, as_queries(stored))
    np.testing.assert_allclose(fitted.of_queries(as_queries(stored)), fitted.of_stored(stored), atol=1e-5)


def test_points_are_as_far_apart_as_near_vectors_and_never_farther():
    stored = vectors(400)
    fitted = EuclideanMap.fitted(stored, as_queries(stored))
    distances = -2 * (as_queries(stored).astype(np.float64) @ stored.T)
    found = squared_distances(fitted.of_queries(as_queries(stored)), fitted.of_stored(stored))
    assert (found <= distances + 1e-5).all()
    near = distances < 1
    assert near.mean() > 0.1
    np.testing.assert_allclose(found[near], distances[near], rtol=0.02, atol=1e-5)


def test_the_nearest_points_are_the_nearest_vectors_which_by_the_numbers_alone_they_are_not():
    stored, asked = vectors(20_000), as_queries(vectors(20, seed=1))
    fitted = EuclideanMap.fitted(stored[:1000], as_queries(stored[:1000]))
    without = EuclideanMap(fitted.numbers, fitted.factors, np.zeros((0, 5)))
    exact = np.argsort(-(asked.astype(np.float64) @ stored.T), axis=1)[:, :100]

    def recall(by: EuclideanMap) -> float:
        near = np.argsort(squared_distances(by.of_queries(asked), by.of_stored(stored)), axis=1)[:, :100]
        return float(np.mean([np.isin(own, best).mean() for own, best in zip(near, exact, strict=True)]))

    assert recall(fitted) > 0.98 > 0.95 > recall(without)


def test_vectors_whose_terms_are_no_scale_are_mapped_by_their_numbers():
    chance = np.random.default_rng(0)
    stored = stored_vectors(chance.standard_normal((100, WIDTH)).astype(np.float32))
    fitted = EuclideanMap.fitted(stored, query_vectors(stored))
    assert len(fitted.scales) == 0
    assert fitted.of_stored(stored).shape == (100, WIDTH + 1)  # in pairs


def test_queries_that_have_other_numbers_than_the_vectors_are_refused():
    stored = -np.ones((10, 4), np.float32)
    with pytest.raises(ValueError, match="other numbers"):
        EuclideanMap.fitted(stored, np.ones((10, 4), np.float32))
