"""The windows of a clip: all of it, and overlapping ones of fixed lengths if it is long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.spans import overlapping_spans
from mretrieve.storage import WindowSettings

#: The lengths of a gesture, an action and a few actions, so that queries of 0.5 to 12 s find windows of their length.
#: Half a length apart is enough to find a moment (benchmarks/localisation.py compares other settings).
DEFAULT_WINDOWS = WindowSettings(lengths_s=(1.0, 2.0, 4.0), hop_share=0.5)

#: A clip is cut only if it is this many times longer than a window; the windows of a shorter one would repeat it.
CUT_FROM_LENGTHS = 1.5


def cut_windows(frame_count: int, settings: WindowSettings) -> NDArray[np.int32]:
    """Start and end (exclusive) of each window of a clip, in canonical frames: (W, 2).

    The first row is the whole clip. Windows of each length follow if the clip is longer than CUT_FROM_LENGTHS of them,
    shortest first. They start a share of their length apart, and the last one ends with the clip.
    """
    rows = [[0, frame_count]]
    for length_s in settings.lengths_s:
        length = max(1, round(length_s * CANONICAL_FPS))
        if frame_count > CUT_FROM_LENGTHS * length:
            hop = max(1, round(length_s * settings.hop_share * CANONICAL_FPS))
            rows += overlapping_spans(0, frame_count, length, hop).tolist()
    return np.array(rows, np.int32)
