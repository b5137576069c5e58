"""Dynamic time warping: the same numbers as the libraries that people trust, whatever the input looks like."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from dtaidistance import dtw_ndim
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.sequences_to_warp import Frames, drawn_sequences

from mretrieve.kernels.warping import dtw_distances, dtw_path


def dtaidistance(query: Frames, candidate: Frames) -> float:
    return float(dtw_ndim.distance_fast(query.astype(np.float64), candidate.astype(np.float64))) ** 2


def plain(query: Frames, candidate: Frames) -> float:
    """The textbook recursion, cell by cell."""
    n, m = len(query), len(candidate)
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    for i, j in itertools.product(range(n), range(m)):
        cost = ((query[i].astype(np.float64) - candidate[j].astype(np.float64)) ** 2).sum()
        total[i + 1, j + 1] = cost + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[n, m])


def poses(rng: np.random.Generator, frame_count: int, features: int = 66) -> NDArray[np.float32]:
    """Smooth curves about a metre from the origin, like joint coordinates at 30 frames per second."""
    phases, rates = rng.uniform(0, 6.3, features), rng.uniform(0.5, 2.0, features)
    times = np.arange(frame_count)[:, None] / 30.0
    return (1.0 + 0.3 * np.sin(6.3 * rates * times + phases)).astype(np.float32)


@st.composite
def sequences(draw: st.DrawFn) -> tuple[Frames, list[Frames]]:
    """A query and candidates, the query among them."""
    frames = drawn_sequences(draw)
    query = frames(40)
    candidates = [frames(40) for _ in range(draw(st.integers(0, 20)))]
    return query, [*candidates, query.copy()]


@settings(max_examples=60)
@given(sequences())
def test_distances_are_those_of_dtaidistance(problem: tuple[Frames, list[Frames]]) -> None:
    query, candidates = problem
    distances = dtw_distances(query, candidates)
    np.testing.assert_allclose(distances, [dtaidistance(query, candidate) for candidate in candidates], rtol=1e-5)


def test_motions_of_a_usual_size_agree_to_seven_digits() -> None:
    rng = np.random.default_rng(1)
    query, candidates = poses(rng, 90), [poses(rng, length) for length in range(60, 151, 3)]
    expected = [dtaidistance(query, candidate) for candidate in candidates]
    np.testing.assert_allclose(dtw_distances(query, candidates), expected, rtol=1e-6)


def test_nearly_equal_motions_far_from_the_origin_keep_their_digits() -> None:
    rng = np.random.default_rng(2)
    query = poses(rng, 90) + np.float32(10.0)
    candidate = query + rng.normal(scale=1e-4, size=query.shape).astype(np.float32)  # a tenth of a millimetre
    np.testing.assert_allclose(dtw_distances(query, [candidate]), [dtaidistance(query, candidate)], rtol=1e-5)
    assert dtw_distances(query, [query])[0] == 0.0


def test_long_takes_agree() -> None:
    rng = np.random.default_rng(3)
    query, candidates = poses(rng, 20, 6), [poses(rng, length, 6) for length in (1, 2, 3000)]
    expected = [dtaidistance(query, candidate) for candidate in candidates]
    np.testing.assert_allclose(dtw_distances(query, candidates), expected, rtol=1e-5)
    long, short = candidates[-1], query
    np.testing.assert_allclose(dtw_distances(long, [short]), [expected[-1]], rtol=1e-5)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (9, 1), (7, 8), (8, 8), (17, 5)])
def test_tiny_sequences_agree_with_the_textbook_recursion(n: int, m: int) -> None:
    rng = np.random.default_rng(n * 100 + m)
    query, candidate = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    assert dtw_distances(query, [candidate])[0] == pytest.approx(plain(query, candidate), rel=1e-12)
    assert dtw_path(query, candidate)[1] == pytest.approx(plain(query, candidate), rel=1e-12)


def test_a_distance_is_the_sum_of_squares_along_the_path() -> None:
    query = np.array([[0.0, 0.0], [3.0, 0.0]])
    candidate = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 4.0]])
    assert dtw_distances(query, [candidate])[0] == 0.0 + 1.0 + 16.0


def test_no_candidates_have_no_distances() -> None:
    distances = dtw_distances(np.zeros((5, 2), np.float32), [])
    assert distances.shape == (0,)
    assert distances.dtype == np.float64


def test_a_distance_depends_on_nothing_but_its_own_two_motions() -> None:
    rng = np.random.default_rng(4)
    query = poses(rng, 50)
    candidates = [poses(rng, length) for length in rng.integers(1, 120, 400)]
    together = dtw_distances(query, candidates)
    alone = np.concatenate([dtw_distances(query, [candidate]) for candidate in candidates])
    backwards = dtw_distances(query, candidates[::-1])[::-1]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together, backwards)
    for threads in (2, 3):
        np.testing.assert_array_equal(together, dtw_distances(query, candidates, threads=threads))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 30), (30, 1), (30, 31), (25, 60), (60, 25)])
def test_a_path_joins_both_ends_by_single_steps_and_costs_the_distance(n: int, m: int) -> None:
    rng = np.random.default_rng(7)
    query, candidate = poses(rng, n), poses(rng, m)
    path, cost = dtw_path(query, candidate)
    assert path.dtype == np.int32
    assert path[0].tolist() == [0, 0]
    assert path[-1].tolist() == [n - 1, m - 1]
    assert {tuple(step) for step in np.diff(path, axis=0).tolist()} <= {(1, 1), (1, 0), (0, 1)}
    differences = query[path[:, 0]].astype(np.float64) - candidate[path[:, 1]]
    assert cost == pytest.approx((differences**2).sum(), rel=1e-5)
    assert cost == pytest.approx(dtw_distances(query, [candidate])[0], rel=1e-5)


def test_a_path_between_equally_good_ones_is_diagonal_as_long_as_it_can() -> None:
    still = np.zeros((4, 2), np.float32)
    assert dtw_path(still, still)[0].tolist() == [[0, 0], [1, 1], [2, 2], [3, 3]]
    assert dtw_path(still, still[:2])[0].tolist() == [[0, 0], [1, 0], [2, 0], [3, 1]]
    assert dtw_path(still[:2], still)[0].tolist() == [[0, 0], [0, 1], [0, 2], [1, 3]]


def test_values_too_large_to_square_are_infinitely_far_and_still_have_a_path() -> None:
    query, candidate = np.full((3, 2), 1e30, np.float32), np.full((4, 2), -1e30, np.float32)
    assert np.isinf(dtw_distances(query, [candidate])).all()
    path, cost = dtw_path(query, candidate)
    assert np.isinf(cost)
    assert path[0].tolist() == [0, 0]


def test_any_layout_and_type_of_numbers_is_read() -> None:
    rng = np.random.default_rng(8)
    whole = rng.integers(-50, 50, (200, 8))
    query, parts = whole[:20, ::2], [whole[30:50, ::2], whole[60:90, 1::2], whole[199:99:-1, ::2]]
    expected = [plain(query, part) for part in parts]
    for dtype in (np.int64, np.float16, np.float32, np.float64, np.dtype(">f4")):
        typed = whole.astype(dtype)
        views = [typed[30:50, ::2], typed[60:90, 1::2], typed[199:99:-1, ::2]]
        np.testing.assert_allclose(dtw_distances(typed[:20, ::2], views), expected, rtol=1e-12)
    np.testing.assert_allclose(
        dtw_distances(query.astype(np.float32), [part.tolist() for part in parts]), expected, rtol=1e-12
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("frame", [0, 50, 99])
def test_a_candidate_with_values_that_are_not_numbers_is_refused_by_its_number(value: float, frame: int) -> None:
    rng = np.random.default_rng(9)
    candidates = [poses(rng, 100) for _ in range(40)]
    candidates[23][frame, 65] = value
    with pytest.raises(ValueError, match="candidate 23 holds NaN or infinite values"):
        dtw_distances(poses(rng, 30), candidates)
    with pytest.raises(ValueError, match="the candidate holds NaN or infinite values"):
        dtw_path(poses(rng, 30), candidates[23])


def test_a_query_with_values_that_are_not_numbers_is_refused() -> None:
    query = np.zeros((4, 2), np.float32)
    query[2, 1] = np.nan
    with pytest.raises(ValueError, match="the query holds NaN or infinite values"):
        dtw_distances(query, [])
    with pytest.raises(ValueError, match="the query holds NaN or infinite values"):
        dtw_path(query, query[:2])


@pytest.mark.parametrize("shape", [(0, 2), (3,), (3, 3), (1, 3, 2)])
def test_a_candidate_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    query = np.zeros((4, 2))
    with pytest.raises(ValueError, match=r"candidate 1 has shape .*; wanted \(frames, 2\) as the query"):
        dtw_distances(query, [query, np.zeros(shape)])


@pytest.mark.parametrize("shape", [(0, 2), (3,), (3, 0), (1, 3, 2)])
def test_a_query_without_frames_or_features_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the query has shape"):
        dtw_distances(np.zeros(shape), [])
