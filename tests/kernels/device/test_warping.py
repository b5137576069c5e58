"""Warping on a device gives the costs, starts and ends of the CPU's kernels.

Costs agree to 1e-5 of their size: the CPU adds squared differences in float32.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mretrieve.kernels import warping as on_cpu
from mretrieve.kernels.device import warping
from mretrieve.kernels.device.warping import Sequences, dtw_distances, subsequence_matches

torch.set_num_threads(1)
SEEDS = st.integers(0, 2**32 - 1)
Frames = NDArray[np.float32]


def problem(seed: int, kind: str, width: int, longest: int = 60) -> tuple[Frames, list[Frames]]:
    """A query of up to 40 frames and up to 12 sequences: walks, whole numbers that tie, far away, or standing still."""
    random = np.random.default_rng(seed)

    def sequence(length: int) -> Frames:
        noise = random.normal(size=(length, width))
        made = {
            "walk": 0.1 * np.cumsum(noise, axis=0),
            "whole": noise.round(),
            "far": 1000.0 + noise,
            "still": np.broadcast_to(noise[:1].round(), noise.shape),
        }[kind]
        return made.astype(np.float32)

    query = sequence(int(random.integers(1, 40)))
    sequences = [sequence(int(length)) for length in random.integers(1, longest, int(random.integers(0, 12)))]
    return query, [*sequences, query.copy()]


def on_device(query: Frames, sequences: list[Frames]) -> tuple[torch.Tensor, Sequences]:
    return torch.from_numpy(query), Sequences.of(sequences, query.shape[1], "cpu")


KINDS = st.sampled_from(["walk", "whole", "far", "still"])


@given(seed=SEEDS, kind=KINDS, width=st.integers(1, 70))
def test_distances_are_those_of_the_cpu(seed, kind, width):
    query, candidates = problem(seed, kind, width)
    found = dtw_distances(*on_device(query, candidates)).numpy()
    np.testing.assert_allclose(found, on_cpu.dtw_distances(query, candidates), rtol=1e-5, atol=1e-9)
    assert found[-1] == 0.0


@given(seed=SEEDS, kind=KINDS, width=st.integers(1, 70))
def test_subsequence_matches_are_those_of_the_cpu(seed, kind, width):
    query, sequences = problem(seed, kind, width, longest=200)
    found, expected = (
        subsequence_matches(*on_device(query, sequences)),
        on_cpu.subsequence_matches(query, sequences),
    )
    np.testing.assert_allclose(found.costs.numpy(), expected.costs, rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(found.starts.numpy(), expected.starts)
    np.testing.assert_array_equal(found.ends.numpy(), expected.ends)


def test_groups_of_sequences_change_nothing(monkeypatch: pytest.MonkeyPatch):
    query, sequences = problem(1, "walk", 7, longest=150)
    before = dtw_distances(*on_device(query, sequences)), subsequence_matches(*on_device(query, sequences))
    monkeypatch.setattr(warping, "chunk_size", lambda device, numbers: 3)
    assert torch.equal(dtw_distances(*on_device(query, sequences)), before[0])
    after = subsequence_matches(*on_device(query, sequences))
    for name in ("costs", "starts", "ends"):
        assert torch.equal(getattr(after, name), getattr(before[1], name))


def test_sequences_are_packed_end_to_end_however_many_at_a_time(monkeypatch: pytest.MonkeyPatch):
    sequences = [np.full((length, 2), length, np.float32) for length in (3, 1, 40, 2, 2)]
    monkeypatch.setattr(warping, "_PACKED_NUMBERS", 12)
    packed = Sequences.of(sequences, 2, "cpu")
    np.testing.assert_array_equal(packed.frames.numpy(), np.concatenate(sequences))
    assert packed.lengths.tolist() == [3, 1, 40, 2, 2]


def test_values_too_large_to_square_are_infinitely_far():
    query, other = np.full((3, 2), 1e30, np.float32), np.full((4, 2), -1e30, np.float32)
    query[1] = 0.0
    assert torch.isinf(dtw_distances(*on_device(query, [other]))).all()
    match = subsequence_matches(*on_device(query, [other]))
    assert (float(match.costs), int(match.starts), int(match.ends)) == (float("inf"), 0, 0)


def test_no_sequences_have_no_distances():
    query = torch.zeros(5, 2)
    assert dtw_distances(query, Sequences.of([], 2, "cpu")).shape == (0,)
    assert subsequence_matches(query, Sequences.of([], 2, "cpu")).costs.shape == (0,)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_numbers_are_refused(value: float):
    bad = np.zeros((4, 2), np.float32)
    bad[3, 1] = value
    with pytest.raises(ValueError, match="a sequence holds NaN or infinite values"):
        Sequences.of([bad], 2, "cpu")
    with pytest.raises(ValueError, match="the query is"):
        dtw_distances(torch.from_numpy(bad), Sequences.of([np.zeros((4, 2))], 2, "cpu"))


def test_sequences_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="sequence 1 is empty"):
        Sequences.of([np.zeros((4, 2)), np.zeros((0, 2))], 2, "cpu")
    with pytest.raises(ValueError, match=r"sequence 0 has shape \(4, 3\); wanted \(frames, 2\)"):
        Sequences.of([np.zeros((4, 3))], 2, "cpu")
    with pytest.raises(ValueError, match="the query has 3 numbers a frame, the sequences 2"):
        dtw_distances(torch.zeros(4, 3), Sequences.of([np.zeros((4, 2))], 2, "cpu"))
