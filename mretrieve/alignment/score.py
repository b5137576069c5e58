"""The score that users read: the joined distance as a number in [0, 1], higher is more alike."""

from __future__ import annotations

import math

#: Set by eye on the training sets: of the clips at a score of .81 there, 93 in 100 are of the query's class, at .44 63
#: and at .16 16.
_WIDTH = 0.42


def score_of(distance: float) -> float:
    """1 for the same motion, near 1 for other renditions of it, near 0 for unrelated motions (distance about 1)."""
    return math.exp(-((max(distance, 0.0) / _WIDTH) ** 2))
