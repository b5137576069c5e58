"""The Triton kernel, in Triton's interpreter, aligns as the plain torch code does."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from mretrieve.kernels.device import warping

os.environ["TRITON_INTERPRET"] = "1"  # read when Triton is imported
pytest.importorskip("triton", reason="comes with torch for CUDA only")
from mretrieve.kernels.device import triton_warping

torch.set_num_threads(1)


def problem(kind: str) -> tuple[torch.Tensor, warping.Sequences]:
    """A query and 37 sequences, more than a warp has threads; the query is a part of some."""
    random = np.random.default_rng(len(kind))
    query = np.cumsum(random.normal(size=(9, 3)), axis=0).astype(np.float32)
    sequences = [np.cumsum(random.normal(size=(length, 3)), axis=0) for length in random.integers(1, 12, 37)]
    sequences[5] = np.concatenate([sequences[5], query, sequences[5], query])
    sequences[20] = query
    if kind == "ties":
        query, sequences = np.sign(query), [np.sign(sequence) for sequence in sequences]
    if kind == "far":
        query, sequences = query + np.float32(1e4), [sequence + 1e4 for sequence in sequences]
    if kind == "too large":
        sequences[3] = np.full((4, 3), 1e30)
    return torch.from_numpy(query), warping.Sequences.of(sequences, 3, "cpu")


@pytest.mark.parametrize("at_once", [10**6, 150])
@pytest.mark.parametrize("kind", ["walk", "ties", "far", "too large"])
def test_distances_and_matches_are_those_of_plain_torch(kind: str, at_once: int, monkeypatch: pytest.MonkeyPatch):
    query, sequences = problem(kind)
    distances = warping.dtw_distances(query, sequences)
    matches = warping.subsequence_matches(query, sequences)
    monkeypatch.setattr(triton_warping, "chunk_size", lambda device, numbers: at_once)
    found = triton_warping.align(query, sequences.frames, sequences.lengths, anywhere=False)
    torch.testing.assert_close(found[0], distances, rtol=1e-6, atol=1e-9)
    costs, starts, ends = triton_warping.align(query, sequences.frames, sequences.lengths, anywhere=True)
    torch.testing.assert_close(costs, matches.costs, rtol=1e-6, atol=1e-9)
    assert torch.equal(starts, matches.starts)
    assert torch.equal(ends, matches.ends)


def test_no_sequences_have_no_costs():
    costs, _, _ = triton_warping.align(torch.zeros(2, 3), torch.zeros(0, 3), np.zeros(0, np.int64), anywhere=True)
    assert costs.shape == (0,)
