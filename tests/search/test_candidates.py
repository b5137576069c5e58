"""Candidates are what brute force over all rows would give, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from mretrieve.search.candidates import Wanted, competing_rows, nearest_moments


@dataclass(frozen=True, eq=False)
class Takes:
    """What candidates ask of a snapshot: takes of 60 s, each a whole-clip row and windows of 2 s, a second apart."""

    count: int

    @property
    def rows_of_a_take(self) -> int:
        return 60

    @property
    def window_clip(self) -> NDArray[np.int32]:
        return np.repeat(np.arange(self.count, dtype=np.int32), self.rows_of_a_take)

    @property
    def window_start(self) -> NDArray[np.int32]:
        return np.tile(np.array([0, *range(0, 59 * 30, 30)], np.int32), self.count)

    @property
    def window_end(self) -> NDArray[np.int32]:
        return np.tile(np.array([1800, *range(60, 59 * 30 + 60, 30)], np.int32), self.count)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("wanted_count", [1, 10, 37, 40])
def test_with_a_mirror_the_nearest_moments_are_those_of_brute_force(seed: int, wanted_count: int):
    takes = Takes(40)
    random = np.random.default_rng(seed)
    # a take's windows are alike, so that one take can fill a whole list, and the mirror prefers other takes
    near = random.uniform(0.1, 1.0, (2, takes.count)) ** 3
    products = -(np.repeat(near, takes.rows_of_a_take, axis=1) + random.uniform(0, 0.01, (2, 40 * 60)))

    def search(
        queries: NDArray[np.float32], k: int, windows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        allowed = np.flatnonzero(windows)
        order = np.argsort(-products[:, allowed], axis=1, kind="stable")[:, :k]
        return np.take_along_axis(products[:, allowed], order, axis=1).astype(np.float32), allowed[order]

    found = nearest_moments(takes, search, np.zeros((2, 1), np.float32), Wanted(wanted_count, 60))  # type: ignore[arg-type]
    distances = np.where(competing_rows(takes, 60), -products, np.inf)  # type: ignore[arg-type]
    of_take = distances.reshape(2, takes.count, -1).min(axis=2)
    expected = np.argsort(of_take.min(axis=0), kind="stable")[:wanted_count]
    assert takes.window_clip[found.rows].tolist() == expected.tolist()
    assert found.mirrored.tolist() == (of_take[1] < of_take[0])[expected].tolist()
