"""Candidates are what brute force over all rows would give, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from mretrieve.search.candidates import competing_rows, nearest_rows


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

    allowed = competing_rows(takes, 60, 4.0, 1.5).windows  # type: ignore[arg-type]
    found = nearest_rows(takes, search, np.zeros((2, 1), np.float32), allowed, wanted_count, 0)  # type: ignore[arg-type]
    distances = np.where(allowed, -products, np.inf)
    of_take = distances.reshape(2, takes.count, -1).min(axis=2)
    expected = np.argsort(of_take.min(axis=0), kind="stable")[:wanted_count]
    assert takes.window_clip[found.rows].tolist() == expected.tolist()
    assert found.variants.tolist() == (of_take[1] < of_take[0])[expected].astype(int).tolist()


@pytest.mark.parametrize("rows", [0, 1, 50, 500, 10_000])
def test_of_the_nearest_rows_as_many_as_wanted_and_each_takes_best(rows: int):
    takes = Takes(40)
    distances = np.random.default_rng(rows).permutation(40 * 60) / 1000.0

    def search(
        queries: NDArray[np.float32], k: int, windows: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        order = np.argsort(distances, kind="stable")[:k]
        return -distances[None, order].astype(np.float32), order[None]

    every = np.ones(len(distances), bool)
    found = nearest_rows(takes, search, np.zeros((1, 1), np.float32), every, 10, rows)  # type: ignore[arg-type]
    order = np.argsort(distances, kind="stable")
    best_of_takes = order[np.sort(np.unique(takes.window_clip[order], return_index=True)[1])][:10]
    assert found.rows.tolist() == sorted({*order[:rows], *best_of_takes}, key=lambda row: distances[row])


@pytest.mark.parametrize(
    ("query_frames", "whole_up_to", "moments_from", "wholes", "windows"),
    [
        (60, 4.0, 1.5, False, True),  # a take of 1,800 frames is looked into
        (450, 4.0, 1.5, True, True),  # four times as long: the whole speaks for it, and moments are tried
        (1300, 4.0, 1.5, True, False),  # about as long: there is no moment in it
        (60, np.inf, np.inf, True, False),  # clips as a whole are asked for
        (450, 1.5, 1.5, False, True),  # moments are asked for
        (5000, 1.5, 1.5, True, False),  # what is shorter than the query is a moment as a whole
    ],
)
def test_which_rows_answer_depends_on_how_long_the_query_is(
    query_frames: int, whole_up_to: float, moments_from: float, wholes: bool, windows: bool
):
    takes = Takes(3)
    competing = competing_rows(takes, query_frames, whole_up_to, moments_from)  # type: ignore[arg-type]
    first = np.arange(3) * takes.rows_of_a_take
    assert competing.wholes[first].tolist() == [wholes] * 3
    assert competing.wholes.sum() == 3 * wholes
    assert competing.windows.sum() == 3 * (takes.rows_of_a_take - 1) * windows
    assert not competing.windows[first].any()
