"""Labelled spans: what a body does during a part of a motion."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelledSpan(NamedTuple):
    """A stretch of a motion with a label.

    Attributes:
        start_s: start in seconds of the file.
        end_s: end in seconds of the file; equal to the start for an event without a duration.
        label: what is done in it.
    """

    start_s: float
    end_s: float
    label: str


def spans_of_codes(
    codes: Sequence[str], fps: float, shortest_s: float, first_frame: int = 0
) -> tuple[LabelledSpan, ...]:
    """The runs of equal codes, one a frame.

    Args:
        codes: (T,), "" for frames without a label.
        fps: frames per second.
        shortest_s: shorter runs are transitions that a table marks with a frame or two, and are left out.
        first_frame: the frame that is at 0 s; what is before it is cut off.
    """
    changes = [0, *(frame for frame in range(1, len(codes)) if codes[frame] != codes[frame - 1]), len(codes)]
    runs = pairwise(changes)
    return tuple(
        LabelledSpan((max(start, first_frame) - first_frame) / fps, (end - first_frame) / fps, codes[start])
        for start, end in runs
        if start < end and codes[start] and end - max(start, first_frame) >= shortest_s * fps
    )


def shares_half(start: float, end: float, starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a moment has the label of each of some spans: (S,).

    It has if both share at least half of the shorter one; an event without a duration must lie in the moment.
    """
    shared = np.minimum(end, ends) - np.maximum(start, starts)
    return (shared >= 0) & (shared >= 0.5 * np.minimum(end - start, ends - starts))
