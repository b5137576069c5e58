"""Candidates are what brute force over all rows would give, for any filter and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.small_index import row_mask

from mretrieve.search.candidates import Candidates, EligibleRows, Wanted, candidates_of, eligible_rows
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.rows import Rows
from mretrieve.vectors import Ranking, RowFilter


def rows_of(clip_frames: Sequence[int], lengths: Sequence[int], counts: NDArray[np.int64]) -> Rows:
    """Rows of C clips, with `counts` (C, L) windows of each length, all at the start of their clip."""
    clips = np.arange(len(clip_frames), dtype=np.int32)
    owners = [clips, *(np.repeat(clips, column) for column in counts.T)]
    windows = [np.full(len(each), length) for each, length in zip(owners[1:], lengths, strict=True)]
    window_clip = np.concatenate(owners)
    return Rows(
        clips=tuple(map(str, clips)),
        clip_shard=np.zeros_like(clips),
        clip_local=clips,
        clip_first=np.zeros(len(clips), np.int64),
        lengths=np.array([WHOLE, *lengths]),
        bounds=np.cumsum([0, *map(len, owners)]),
        window_clip=window_clip,
        window_start=np.zeros_like(window_clip),
        window_end=np.concatenate([clip_frames, *windows]).astype(np.int32),
        local_windows=(np.arange(len(window_clip)),),
        window_rows=(np.arange(len(window_clip)),),
    )


@dataclass(frozen=True, eq=False)
class GivenProducts:
    """An index whose products are given, (Q, N)."""

    rows: Rows
    products: NDArray[np.float64]
    kind: str = "given"

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        allowed = np.flatnonzero(row_mask(self.rows, [rows]))
        products = self.products[:, allowed].astype(np.float32)
        order = np.argsort(-products, axis=1, kind="stable")[:, :k]
        return Ranking(np.take_along_axis(products, order, axis=1), allowed[order])


def forty_takes() -> Rows:
    """Takes of 60 s with windows of 2 s, a second apart."""
    return rows_of(40 * [1800], [60], np.full((40, 1), 59))


def nearest_rows(
    index: GivenProducts, queries: NDArray[np.float64], filters: Sequence[RowFilter], clips: int, rows: int
) -> Candidates:
    """The candidates of one query."""
    (found,) = candidates_of(index, index.rows.window_clip, [Wanted(queries, filters, clips, rows)])  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("wanted_count", [1, 10, 37, 40])
def test_with_a_mirror_the_nearest_moments_are_those_of_brute_force(seed: int, wanted_count: int):
    takes = forty_takes()
    random = np.random.default_rng(seed)
    # a take's windows are alike, so that one take can fill a whole list, and the mirror prefers other takes
    near = random.uniform(0.1, 1.0, (2, 40)) ** 3
    products = -(near[:, takes.window_clip] + random.uniform(0, 0.01, (2, 40 * 60)))
    windows = eligible_rows(takes, 60, 4.0, 1.5).windows
    found = nearest_rows(GivenProducts(takes, products), np.zeros((2, 1)), windows, wanted_count, 0)
    of_take = -products[:, 40:].reshape(2, 40, 59).max(axis=2)
    expected = np.argsort(of_take.min(axis=0), kind="stable")[:wanted_count]
    assert takes.window_clip[found.rows].tolist() == expected.tolist()
    assert found.variants.tolist() == (of_take[1] < of_take[0])[expected].astype(int).tolist()


@pytest.mark.parametrize("rows", [0, 1, 50, 500, 10_000])
def test_of_the_nearest_rows_as_many_as_wanted_and_each_takes_best(rows: int):
    takes = forty_takes()
    distances = np.random.default_rng(rows).permutation(40 * 60) / 1000.0
    index = GivenProducts(takes, -distances[None])
    found = nearest_rows(index, np.zeros((1, 1)), [RowFilter(WHOLE), RowFilter(60)], 10, rows)
    order = np.argsort(distances, kind="stable")
    best_of_takes = order[np.sort(np.unique(takes.window_clip[order], return_index=True)[1])][:10]
    assert found.rows.tolist() == sorted({*order[:rows], *best_of_takes}, key=lambda row: distances[row])


@given(seed=st.integers(0, 10**6), clips=st.integers(1, 80), rows=st.integers(0, 900))
def test_windows_of_several_lengths_are_ranked_as_one_list(seed: int, clips: int, rows: int):
    """By distance, clip and length; products above 0, which rounding may give, count as distance 0."""
    random = np.random.default_rng(seed)
    takes = rows_of(60 * [900], [30, 60, 120], random.integers(0, 9, (60, 3)))
    products = random.integers(-40, 2, (1, len(takes.window_clip))) / 8.0
    filters = [RowFilter(length, random.random(60) < 0.7) for length in (30, 60, 120)]
    found = nearest_rows(GivenProducts(takes, products), np.zeros((1, 1)), filters, clips, rows)
    allowed = np.flatnonzero(row_mask(takes, filters))
    depth = max(4 * clips, rows, 256)
    ranked = sorted(allowed, key=lambda row: (-products[0, row], takes.window_clip[row], row))
    while len({takes.window_clip[row] for row in ranked[:depth]}) < min(clips, len({*takes.window_clip[allowed]})):
        depth *= 4
    ranked = sorted(ranked[:depth], key=lambda row: (max(-products[0, row], 0), takes.window_clip[row], row))
    firsts = [
        row for place, row in enumerate(ranked) if takes.window_clip[row] not in takes.window_clip[ranked[:place]]
    ]
    kept = {*ranked[:rows], *firsts[:clips]}
    assert found.rows.tolist() == [row for row in ranked if row in kept]


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
    eligible = eligible_rows(forty_takes(), query_frames, whole_up_to, moments_from)
    assert _answering(eligible) == {WHOLE: 40 * [wholes], **({60: 40 * [True]} if windows else {})}


@pytest.mark.parametrize(
    ("query_frames", "expected"),
    [
        (20, {30: [True, True, True, False]}),
        (60, {60: [False, True, True, False], 30: [False, False, False, False]}),
        (
            85,
            {120: [False, False, True, False]},
        ),  # by ratio, 120 is nearer than 60
        (150, {120: [False, False, True, False]}),
    ],
)
def test_each_clip_answers_with_the_nearest_length_that_it_has(query_frames: int, expected: dict[int, list[bool]]):
    takes = rows_of([50, 120, 300, 400], [30, 60, 120], np.array([[2, 0, 0], [7, 3, 0], [19, 9, 4], [0, 0, 0]]))
    windows = _answering(eligible_rows(takes, query_frames, 4.0, 1.5))
    windows.pop(WHOLE)
    assert windows == {length: clips for length, clips in expected.items() if any(clips)}


def test_clips_whose_two_lengths_are_equally_near_answer_with_both():
    takes = rows_of([400, 400], [30, 60, 120], np.array([[9, 0, 9], [9, 9, 9]]))
    windows = _answering(eligible_rows(takes, 60, 4.0, 1.5))
    windows.pop(WHOLE)
    assert windows == {30: [True, False], 60: [False, True], 120: [True, False]}


def test_conditions_and_exclusions_hold_for_all_rows():
    clips = np.arange(40) < 10
    eligible = eligible_rows(forty_takes(), 300, 9.0, 1.5, clips, (3,))
    for rows in (eligible.wholes, *eligible.windows, eligible.longer):
        assert np.flatnonzero(rows.allowed_clips(40)).tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def _answering(eligible: EligibleRows) -> dict[int, list[bool]]:
    """The clips that answer, by length."""
    filters = (eligible.wholes, *eligible.windows)
    return {rows.length: rows.allowed_clips(len(rows.clips)).tolist() for rows in filters}  # type: ignore
