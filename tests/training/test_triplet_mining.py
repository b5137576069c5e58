"""Triplets of frames by the similarity of their poses."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.training.triplet_mining import (
    EASY,
    POSITIVE,
    SEMI_HARD,
    mined_triplets,
    negative_range,
    primary_similarities,
    timed_triplets,
)


@pytest.fixture
def swing() -> np.ndarray:
    """Poses (40, 3, 3) of a body whose last joint swings twice."""
    poses = np.zeros((40, 3, 3))
    poses[:, 2, 0] = np.sin(np.linspace(0, 4 * np.pi, 40))
    return poses


def test_primary_similarities_are_mean_joint_distances_divided_by_the_farthest(swing: np.ndarray):
    found = primary_similarities(swing)
    distances = np.array([[np.linalg.norm(a - b, axis=1).mean() for b in swing] for a in swing])
    np.testing.assert_allclose(found, distances / distances.max(axis=1, keepdims=True), atol=1e-6)
    np.testing.assert_allclose(found.max(axis=1), 1.0)


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_positives_and_negatives_lie_in_their_ranges(swing: np.ndarray, progress: float):
    similarities = primary_similarities(swing)
    low, high = negative_range(progress)
    for anchor, positive, negative in mined_triplets(swing, 200, progress, np.random.default_rng(0)):
        assert similarities[anchor, positive] <= POSITIVE
        assert low <= similarities[anchor, negative] <= high or anchor == positive == negative


def test_a_positive_may_be_far_in_time(swing: np.ndarray):
    triplets = mined_triplets(swing, 200, 0.0, np.random.default_rng(0))
    assert np.abs(triplets[:, 0] - triplets[:, 1]).max() > 10


def test_negatives_become_harder():
    assert negative_range(0.0) == EASY
    assert negative_range(1.0) == SEMI_HARD


def test_a_body_that_stands_still_has_no_negatives():
    triplets = mined_triplets(np.zeros((10, 3, 3)), 20, 0.0, np.random.default_rng(0))
    assert (triplets == triplets[:, :1]).all()


def test_by_time_positives_are_near_and_negatives_far():
    triplets = timed_triplets(60, 200, np.random.default_rng(0))
    assert np.abs(triplets[:, 0] - triplets[:, 1]).max() <= 2
    assert np.abs(triplets[:, 0] - triplets[:, 2]).min() >= 15


def test_the_same_generator_draws_the_same(swing: np.ndarray):
    first, again = (mined_triplets(swing, 20, 0.3, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
