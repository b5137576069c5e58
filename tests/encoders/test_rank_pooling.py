"""Rank pooling: a vector that tells the order of frames."""

from __future__ import annotations

import numpy as np

from mretrieve.encoders.rank_pooling import rank_pooled


def walk(seed: int, frames: int = 60) -> np.ndarray:
    """Features that drift: a random path in 8 dimensions."""
    return np.cumsum(np.random.default_rng(seed).standard_normal((frames, 8)), axis=0) / np.sqrt(frames)


def test_the_means_up_to_each_frame_are_ranked_in_time():
    features = walk(0)
    means = np.cumsum(features, axis=0) / np.arange(1, 61)[:, None]
    scores = means @ rank_pooled(features)
    order = np.argsort(np.argsort(scores))
    assert np.corrcoef(order, np.arange(60))[0, 1] > 0.95


def test_it_has_length_one_and_does_not_depend_on_the_size_of_features():
    features = walk(1)
    assert abs(np.linalg.norm(rank_pooled(features)) - 1) < 1e-6
    np.testing.assert_allclose(rank_pooled(3.0 * features), rank_pooled(features), atol=1e-5)


def test_the_same_frames_in_the_other_order_are_another_vector():
    features = walk(2)
    assert rank_pooled(features) @ rank_pooled(features[::-1]) < 0.9


def test_one_frame_and_equal_frames_have_a_vector():
    assert np.isfinite(rank_pooled(walk(3)[:1])).all()
    assert np.isfinite(rank_pooled(np.zeros((4, 8)))).all()
