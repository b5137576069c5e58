"""Where a take is cut: the whole clip, and overlapping windows over longer ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mretrieve.index import WindowSettings
from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.spans import overlapping_spans

#: Two-second windows: the length of one action, and of the query that looks for it in a long take.
DEFAULT_WINDOWS = WindowSettings(length_s=2.0, hop_s=0.5)

#: A clip is cut only where it is this many times longer than a window: below, its windows would repeat the whole.
CUT_FROM_LENGTHS = 1.5


def cut_windows(frame_count: int, settings: WindowSettings) -> NDArray[np.int32]:
    """Start and end (exclusive) of each window of a clip, in canonical frames: (W, 2).

    The first row is the whole clip. Of a clip longer than CUT_FROM_LENGTHS windows the others follow, `hop_s` apart,
    the last one flush with the end, so that every frame lies in a window and every moment at most half a hop from one.
    """
    length = max(1, round(settings.length_s * CANONICAL_FPS))
    hop = max(1, round(settings.hop_s * CANONICAL_FPS))
    rows = [[0, frame_count]]
    if frame_count > CUT_FROM_LENGTHS * length:
        rows += overlapping_spans(0, frame_count, length, hop).tolist()
    return np.array(rows, np.int32)
