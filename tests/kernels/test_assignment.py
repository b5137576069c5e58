"""Assignments have the largest sum of scores; SciPy is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from mretrieve.kernels.assignment import best_assignment


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_the_sum_is_that_of_scipy(seed: int, rows: int, columns: int, with_ties: bool):
    generator = np.random.default_rng(seed)
    shape = (rows, columns)
    scores = generator.integers(-3, 4, shape).astype(float) if with_ties else generator.normal(size=shape)
    found = best_assignment(scores)
    paired = np.flatnonzero(found >= 0)
    assert len(set(found[paired].tolist())) == len(paired)
    gains = np.maximum(scores, 0.0)
    assert scores[paired, found[paired]].sum() == pytest.approx(gains[linear_sum_assignment(-gains)].sum())


def test_a_row_that_only_loses_is_left_alone():
    assert best_assignment(np.array([[-1.0, -2.0], [3.0, 5.0]])).tolist() == [-1, 1]
