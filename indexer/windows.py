"""Where a take is cut: the whole clip, and overlapping windows over longer ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.spans import overlapping_spans
from mretrieve.storage import WindowSettings

#: The lengths of a gesture, an action and a few actions: of half a second to a dozen, every query has a length near
#: its own. Half a length apart is enough to find a moment by (benchmarks/localisation.py prints what others would be).
DEFAULT_WINDOWS = WindowSettings(lengths_s=(1.0, 2.0, 4.0), hop_share=0.5)

#: A clip is cut only where it is this many times longer than a window: below, its windows would repeat the whole.
CUT_FROM_LENGTHS = 1.5


def cut_windows(frame_count: int, settings: WindowSettings) -> NDArray[np.int32]:
    """Start and end (exclusive) of each window of a clip, in canonical frames: (W, 2).

    The first row is the whole clip. Of a clip longer than CUT_FROM_LENGTHS windows of a length those windows follow, a
    share of their length apart, the last one flush with the end: every frame lies in one of each length, and every
    moment at most half a hop from one. The short ones come first.
    """
    rows = [[0, frame_count]]
    for length_s in settings.lengths_s:
        length = max(1, round(length_s * CANONICAL_FPS))
        if frame_count > CUT_FROM_LENGTHS * length:
            hop = max(1, round(length_s * settings.hop_share * CANONICAL_FPS))
            rows += overlapping_spans(0, frame_count, length, hop).tolist()
    return np.array(rows, np.int32)
