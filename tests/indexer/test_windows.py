"""Where takes are cut."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.index import WindowSettings
from mretrieve.indexer.windows import cut_windows

TWO_SECONDS = WindowSettings(length_s=2.0, hop_s=0.5)


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
