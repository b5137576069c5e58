"""Resampling keeps movement, drops what 30 frames a second cannot hold, and keeps the file's time."""

import numpy as np
import pytest
from support.walking_body import walking

from mretrieve.motion import PARENTS
from mretrieve.motion.canonical.conversion import resample

FASTER = (50.0, 60.0, 90.0, 100.0, 120.0, 240.0)
RATES = (24.0, 25.0, 30000 / 1001, 30.0, *FASTER)


def sine(hertz: float, fps: float, seconds: float = 4.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * fps)) / fps)[:, None]


def strength(samples: np.ndarray) -> float:
    """Root mean square without the ends, 1 for a full sine."""
    return float(np.sqrt(2 * (samples[15:-15] ** 2).mean()))


@pytest.mark.parametrize("fps", RATES)
def test_movement_below_8_hertz_passes(fps):
    for hertz in (0.5, 2.0, 4.0, 8.0 if fps > 28 else 5.0):  # 8 Hz is too near to what 24 frames a second can hold
        new = resample(sine(hertz, fps), fps)
        expected = sine(hertz, 30.0, seconds=10)[: len(new)]
        assert np.abs(new - expected)[15:-15].max() < 0.05


@pytest.mark.parametrize("fps", FASTER)
def test_jitter_above_20_hertz_does_not_come_back_as_slow_movement(fps):
    for hertz in np.arange(22.0, fps / 2, 5.0):
        assert strength(resample(sine(hertz, fps), fps)) < 0.02


@pytest.mark.parametrize("fps", RATES)
def test_a_frame_stands_where_its_time_is_from_the_first_to_the_last(fps):
    old = np.arange(int(5 * fps))[:, None] / fps  # each sample is its own time
    new = resample(old, fps)
    np.testing.assert_allclose(new[:, 0], np.arange(len(new)) / 30.0, atol=2e-3)
    assert old[-1, 0] - 1 / 30 - 0.002 < new[-1, 0] <= old[-1, 0] + 0.002


def test_30_fps_is_left_as_it_is():
    samples = np.random.default_rng(0).normal(size=(100, 6)).astype(np.float32)
    assert np.array_equal(resample(samples, 30.0), samples)
    assert np.array_equal(resample(samples, 1 / 0.0333333), samples)


@pytest.mark.parametrize("fps", (24.0, 25.0, 30000 / 1001, 60.0, 120.0))
def test_bones_keep_their_length_within_a_fiftieth_of_a_percent_at_walking_pace(fps):
    new = resample(walking(int(4 * fps), fps).reshape(int(4 * fps), -1), fps).reshape(-1, 22, 3)
    children = np.arange(1, 22)
    bones = np.linalg.norm(new[:, children] - new[:, np.array(PARENTS)[children]], axis=2)
    assert (np.abs(bones / np.median(bones, axis=0) - 1).mean(axis=0) < 2e-4).all()


@pytest.mark.parametrize("frames", (1, 2, 3))
@pytest.mark.parametrize("fps", (24.0, 120.0))
def test_the_shortest_motions_stay_finite(frames, fps):
    new = resample(np.ones((frames, 4)), fps)
    assert len(new) >= 1
    np.testing.assert_allclose(new, 1.0)
