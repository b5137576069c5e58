"""The frames that are looked at if a few are enough."""

import numpy as np
import pytest

from mretrieve.motion.frames import spread_frames


@pytest.mark.parametrize("most", [2, 8, 64])
@pytest.mark.parametrize("frame_count", [1, 2, 7, 8, 9, 63, 64, 65, 100, 927, 100_003])
def test_a_few_frames_are_evenly_spread_from_the_first_to_the_last(frame_count, most):
    frames = spread_frames(frame_count, most)
    steps = np.diff(frames)
    assert len(frames) == min(frame_count, most)
    assert (frames[0], frames[-1]) == (0, frame_count - 1)
    assert (steps >= 1).all()
    assert len(steps) == 0 or np.ptp(steps) <= 1


def test_a_motion_without_frames_has_none_to_look_at():
    assert len(spread_frames(0, 8)) == 0
