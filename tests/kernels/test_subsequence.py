"""Subsequence warping: the same numbers as the libraries that people trust, and the same start as the textbook."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dtaidistance.subsequence.dtw import subsequence_alignment
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.sequences_to_warp import Frames, drawn_sequences
from tslearn.metrics import dtw_subsequence_path

from mretrieve import canonicalise, read
from mretrieve.kernels.jit.warping import subsequence_ends as plain_ends
from mretrieve.kernels.warping import dtw_distances, subsequence_matches
from mretrieve.motion.body_view import body_view

#: Squared distances are summed over the features in the type of the input.
TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-11}


def dtaidistance_ends(query: Frames, sequence: Frames) -> NDArray[np.float64]:
    """The cost of the best match that ends with each frame, squared as ours (m,)."""
    alignment = subsequence_alignment(query.astype(np.float64), sequence.astype(np.float64), penalty=0, use_c=True)
    return (np.asarray(alignment.matching_function()) * len(query)) ** 2


def tslearn_best(query: Frames, sequence: Frames) -> tuple[float, int]:
    """Cost, squared as ours, and last frame of the best match."""
    path, cost = dtw_subsequence_path(query.astype(np.float64), sequence.astype(np.float64))
    return float(cost) ** 2, int(path[-1][1])


def textbook_ends(query: Frames, sequence: Frames) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Cost and first frame of the best match that ends with each frame, cell by cell."""
    n, m = len(query), len(sequence)
    total, start = np.full((n + 1, m + 1), np.inf), np.zeros((n + 1, m + 1), np.int64)
    total[0], start[0] = 0.0, np.arange(m + 1)
    for row in range(n):
        costs = ((query[row].astype(np.float64) - sequence.astype(np.float64)) ** 2).sum(axis=1)
        for time in range(m):
            ways = [
                (row, time),
                (row, time + 1),
                (row + 1, time),
            ]  # diagonal, a query frame more, a sequence frame more
            way = min(ways, key=lambda cell: total[cell])
            total[row + 1, time + 1], start[row + 1, time + 1] = costs[time] + total[way], start[way]
    return total[n, 1:], start[n, 1:]


def subsequence_ends(query: Frames, sequence: Frames) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The same by the plain kernel."""
    costs, starts = np.full(len(sequence), np.inf), np.zeros(len(sequence), np.int64)
    plain_ends(query, sequence, costs, starts)
    return costs, starts


def walk(rng: np.random.Generator, frame_count: int, features: int = 5, dtype: type = np.float64) -> Frames:
    return rng.normal(size=(frame_count, features)).cumsum(axis=0).astype(dtype)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Frames, Frames]:
    """A query and a sequence."""
    frames = drawn_sequences(draw)
    return frames(40), frames(90)


@settings(max_examples=60)
@given(problems())
def test_costs_and_ends_are_those_of_dtaidistance_and_tslearn(problem: tuple[Frames, Frames]) -> None:
    query, sequence = problem
    tolerance = TOLERANCE[query.dtype]
    costs, _ = subsequence_ends(query, sequence)
    theirs = dtaidistance_ends(query, sequence)
    np.testing.assert_allclose(costs, theirs, rtol=tolerance)
    matches = subsequence_matches(query, [sequence])
    best, last = tslearn_best(query, sequence)
    assert matches.costs[0] == pytest.approx(best, rel=tolerance)
    # Ends of the same cost but for rounding may change places.
    assert theirs[matches.ends[0] - 1] == pytest.approx(theirs.min(), rel=2 * tolerance)
    if np.sum(theirs <= theirs.min() * (1 + 2 * tolerance)) == 1:
        assert matches.ends[0] == theirs.argmin() + 1 == last + 1


@given(problems())
def test_starts_are_those_of_the_textbook(problem: tuple[Frames, Frames]) -> None:
    query, sequence = (frames.astype(np.float64) for frames in problem)
    query, sequence = query.round(), sequence.round()  # sums of integers are exact, so equal ways tie in both
    costs, starts = subsequence_ends(query, sequence)
    expected_costs, expected_starts = textbook_ends(query, sequence)
    np.testing.assert_array_equal(costs, expected_costs)
    np.testing.assert_array_equal(starts, expected_starts)
    matches = subsequence_matches(query, [sequence])
    end = expected_costs.argmin()
    assert (matches.costs[0], matches.starts[0], matches.ends[0]) == (
        expected_costs[end],
        expected_starts[end],
        end + 1,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("query_length", [1, 15, 16, 17, 60, 90])
def test_takes_of_a_usual_size_agree_with_both_libraries(dtype: type, query_length: int) -> None:
    rng = np.random.default_rng(query_length)
    sequence, query = walk(rng, 1500, 66, dtype), walk(rng, query_length, 66, dtype)
    query += sequence[700] - query[0]
    matches = subsequence_matches(query, [sequence])
    best, last = tslearn_best(query, sequence)
    assert matches.costs[0] == pytest.approx(best, rel=TOLERANCE[query.dtype])
    assert matches.ends[0] - 1 == dtaidistance_ends(query, sequence).argmin() == last
    assert matches.starts[0] == textbook_ends(query, sequence)[1][last]


def test_moments_of_a_real_take_are_found_where_both_libraries_find_them(mocap: Path) -> None:
    files = sorted((mocap / "cmu" / "bvh").glob("*.bvh"))[:6]
    takes = []
    for file in files:
        clip = canonicalise(read(file)[0])
        takes.append(body_view(clip.positions, clip.observed).positions.reshape(clip.frame_count, -1))
    query = takes[0][20:80]
    matches = subsequence_matches(query, takes)
    assert (matches.costs[0], matches.starts[0], matches.ends[0]) == (0.0, 20, 80)
    query = query + np.random.default_rng(0).normal(scale=0.01, size=query.shape).astype(np.float32)
    matches = subsequence_matches(query, takes)
    for index, take in enumerate(takes):
        best, last = tslearn_best(query, take)
        assert matches.costs[index] == pytest.approx(best, rel=1e-5)
        assert matches.ends[index] == last + 1 == dtaidistance_ends(query, take).argmin() + 1


def test_a_match_costs_what_the_warping_distance_of_its_frames_is() -> None:
    rng = np.random.default_rng(1)
    query, sequences = walk(rng, 30), [walk(rng, length) for length in (5, 40, 200)]
    matches = subsequence_matches(query, sequences)
    cuts = [frames[a:b] for frames, a, b in zip(sequences, matches.starts, matches.ends, strict=True)]
    np.testing.assert_allclose(matches.costs, dtw_distances(query, cuts), rtol=1e-12)


def test_a_piece_is_found_at_any_constant_speed() -> None:
    times = np.arange(400)[:, None] / 30.0
    take = np.sin(times * np.linspace(1.0, 2.5, 12) + np.arange(12))
    for speed in (0.5, 1.0, 2.0):
        frames = np.round(np.arange(150, 270, speed)).astype(int)
        matches = subsequence_matches(take[frames], [take])
        assert abs(matches.starts[0] - 150) <= 1
        assert abs(matches.ends[0] - 270) <= 2


def test_of_equal_matches_the_one_that_ends_first_is_given() -> None:
    query = np.array([[1.0], [2.0]])
    sequence = np.array([[0.0], [1.0], [2.0], [0.0], [1.0], [2.0], [2.0]])
    matches = subsequence_matches(query, [sequence])
    assert (matches.starts[0], matches.ends[0]) == (1, 3)
    costs, starts = subsequence_ends(query, sequence)
    assert costs.tolist() == [5.0, 1.0, 0.0, 4.0, 1.0, 0.0, 0.0]
    assert (starts[2], starts[5], starts[6]) == (1, 4, 4)


def test_equal_frames_are_matched_at_the_speed_of_the_query() -> None:
    still = np.zeros((10, 3), np.float32)
    _, starts = subsequence_ends(still[:4], still)
    assert starts.tolist() == [0, 0, 0, 0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("threads", [2, 3])
def test_a_match_depends_on_nothing_but_the_query_and_its_own_sequence(threads: int) -> None:
    rng = np.random.default_rng(3)
    query = walk(rng, 33, 7, np.float32)
    sequences = [walk(rng, length, 7, np.float32) for length in rng.integers(1, 300, 150)]
    together = subsequence_matches(query, sequences)
    backwards = subsequence_matches(query, sequences[::-1], threads=threads)
    alone = [subsequence_matches(query, [sequence]) for sequence in sequences]
    for name in ("costs", "starts", "ends"):
        np.testing.assert_array_equal(getattr(together, name), getattr(backwards, name)[::-1])
        np.testing.assert_array_equal(getattr(together, name), np.concatenate([getattr(one, name) for one in alone]))


def test_no_sequences_have_no_matches() -> None:
    matches = subsequence_matches(np.zeros((5, 2), np.float32), [], threads=2)
    assert matches.costs.shape == matches.starts.shape == matches.ends.shape == (0,)


def test_values_too_large_to_square_are_infinitely_far() -> None:
    query, sequence = np.full((3, 2), 1e30, np.float32), np.full((40, 2), -1e30, np.float32)
    matches = subsequence_matches(query, [sequence])
    assert (matches.costs[0], matches.starts[0], matches.ends[0]) == (np.inf, 0, 0)


def test_any_layout_and_type_of_numbers_is_read() -> None:
    rng = np.random.default_rng(5)
    whole = rng.integers(-50, 50, (200, 8))
    query, part = whole[:20, ::2], whole[199:99:-1, ::2]
    expected = textbook_ends(query, part)[0].min()
    for dtype in (np.int64, np.float16, np.float32, np.float64, np.dtype(">f4")):
        typed = whole.astype(dtype)
        assert subsequence_matches(typed[:20, ::2], [typed[199:99:-1, ::2]]).costs[0] == expected
    assert subsequence_matches(query.tolist(), [part.tolist()]).costs[0] == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("frame", [0, 50, 99])
def test_a_sequence_with_values_that_are_not_numbers_is_refused_by_its_number(value: float, frame: int) -> None:
    rng = np.random.default_rng(6)
    sequences = [walk(rng, 100, 6, np.float32) for _ in range(40)]
    sequences[23][frame, 5] = value
    query = walk(rng, 30, 6, np.float32)
    with pytest.raises(ValueError, match="sequence 23 holds NaN or infinite values"):
        subsequence_matches(query, sequences, threads=2)


def test_input_that_cannot_be_matched_is_refused() -> None:
    query = np.zeros((4, 2))
    for shape in ((0, 2), (3,), (3, 3), (1, 3, 2)):
        with pytest.raises(ValueError, match=r"sequence 1 has shape .*; wanted \(frames, 2\) as the query"):
            subsequence_matches(query, [query, np.zeros(shape)])
    for shape in ((0, 2), (3,), (3, 0), (1, 3, 2)):
        with pytest.raises(ValueError, match="the query has shape"):
            subsequence_matches(np.zeros(shape), [])
    with pytest.raises(ValueError, match="the query holds NaN or infinite values"):
        subsequence_matches(np.full((2, 2), np.nan), [])
