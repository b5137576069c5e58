"""Where takes are cut."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.indexer.ingest import cut_windows
from mretrieve.storage.records import WindowSettings

TWO_SECONDS = WindowSettings(lengths_s=(2.0,), hop_share=0.25)


@pytest.mark.parametrize("frames", [1, 59, 60, 61, 90])
def test_a_short_clip_is_one_window(frames: int):
    assert cut_windows(frames, TWO_SECONDS).tolist() == [[0, frames]]


@pytest.mark.parametrize("frames", [91, 104, 105, 106, 1000, 5401])
def test_a_long_clip_is_whole_and_cut_so_that_each_moment_is_near_a_window(frames: int):
    whole, *cuts = cut_windows(frames, TWO_SECONDS).tolist()
    assert whole == [0, frames]
    assert all(end - start == 60 for start, end in cuts)
    starts = np.array([start for start, _ in cuts])
    assert starts[0] == 0 and cuts[-1][1] == frames
    assert (np.diff(starts) > 0).all() and (np.diff(starts) <= 15).all()


def test_each_length_that_a_clip_is_long_enough_for_gets_its_windows():
    settings = WindowSettings(lengths_s=(1.0, 2.0, 4.0), hop_share=0.5)
    assert cut_windows(91, settings).tolist() == [
        *([0, 91], [0, 30], [15, 45], [30, 60], [45, 75], [60, 90], [61, 91]),
        *([0, 60], [30, 90], [31, 91]),
    ]
    whole, *cuts = cut_windows(181, settings).tolist()
    assert whole == [0, 181]
    assert [end - start for start, end in cuts] == 12 * [30] + 6 * [60] + 3 * [120]


@pytest.mark.parametrize(
    ("lengths_s", "hop_share"),
    [((), 0.5), ((2.0, 1.0), 0.5), ((1.0, 1.0), 0.5), ((0.0,), 0.5), ((1.0,), 0.0), ((1.0,), 2.0)],
)
def test_windows_that_would_miss_or_repeat_something_are_no_settings(lengths_s: tuple[float, ...], hop_share: float):
    with pytest.raises(ValueError, match="windows of"):
        WindowSettings(lengths_s, hop_share)
