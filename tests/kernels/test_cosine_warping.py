"""Warping by the cosines of frames: the paths of `dtw_path` on unit vectors, their sums and their lengths."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mretrieve.kernels.warping import cosine_warping, dtw_path


def frames(seed: int, count: int, features: int = 8) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, features)).astype(np.float32)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_sum_and_length_are_those_of_the_warping_path_of_unit_vectors():
    query, candidates = frames(0, 17), [frames(seed, count) for seed, count in ((1, 1), (2, 30), (3, 17), (4, 9))]
    found = cosine_warping(query, candidates)
    for number, candidate in enumerate(candidates):
        path, cost = dtw_path(unit(query), unit(candidate))
        assert found.lengths[number] == len(path)
        assert found.sums[number] == pytest.approx(cost / 2, rel=1e-4)
        cosines = (unit(query)[path[:, 0]] * unit(candidate)[path[:, 1]]).sum(axis=1)
        assert found.means[number] == pytest.approx(1 - cosines.mean(), rel=1e-4)


def test_the_size_of_vectors_does_not_count():
    query, candidate = frames(0, 10), frames(1, 12)
    assert np.allclose(cosine_warping(7 * query, [0.01 * candidate]).sums, cosine_warping(query, [candidate]).sums)


def test_the_sum_of_cosines_prefers_long_paths_and_the_mean_does_not():
    query = frames(0, 20)
    same, alike_but_longer = query.copy(), np.repeat(query + 0.3 * frames(1, 20), 3, axis=0)
    found = cosine_warping(query, [same, alike_but_longer])
    cosines = found.lengths - found.sums
    assert cosines[1] > cosines[0]  # equation 7 as printed puts the worse one first
    assert found.means[0] == pytest.approx(0, abs=1e-6)
    assert found.means[0] < found.means[1]


def test_a_frame_of_zeros_has_cosine_zero():
    assert cosine_warping(np.zeros((3, 2)), [np.ones((3, 2))]).means.tolist() == [1.0]


def test_there_may_be_no_candidates():
    assert cosine_warping(frames(0, 3), []).means.shape == (0,)


def test_what_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        cosine_warping(frames(0, 3), [np.full((3, 8), np.nan)])
