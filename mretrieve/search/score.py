"""The score that users read: the joined distance as a number in [0, 1], higher is more alike."""

from __future__ import annotations

import math


def score_of(distance: float) -> float:
    """1 for the same motion, falling with the distance: exp(-distance), where 1 is the distance of unrelated motions."""
    return math.exp(-max(distance, 0.0))
