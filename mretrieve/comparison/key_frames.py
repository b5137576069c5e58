"""The frames of an alignment that matter most: where the two are farthest apart, and where nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment

#: Errors are looked at as means over so many frames: a single frame is noise.
_SMOOTHED_FRAMES = 5


@dataclass(frozen=True)
class KeyFrame:
    """One frame of the query and what answers to it."""

    query_frame: int
    query_s: float  # file time
    other_s: float  # file time in the other's file
    distance_mm: float  # mean of the joints
    part: str  # the part that is farthest apart there
    part_mm: float


def farthest_frames(alignment: Alignment, count: int = 3) -> tuple[KeyFrame, ...]:
    """The frames where the two are farthest apart, worst first; not all of one moment."""
    return _chosen(alignment, -smoothed(alignment.frames_mm, _SMOOTHED_FRAMES), count)


def nearest_frames(alignment: Alignment, count: int = 3) -> tuple[KeyFrame, ...]:
    """The frames where the two are nearest, best first; not all of one moment."""
    return _chosen(alignment, smoothed(alignment.frames_mm, _SMOOTHED_FRAMES), count)


def frames_to_draw(alignment: Alignment, count: int = 6) -> list[int]:
    """Up to `count` query frames in their order: both ends, the farthest and the nearest, others in the widest gaps."""
    last = len(alignment.query_s) - 1
    wanted = [0, last]
    extremes = zip(farthest_frames(alignment, 2), nearest_frames(alignment, 2), strict=False)
    apart = last / (2 * count)
    for frame in [key.query_frame for pair in extremes for key in pair]:
        if len(wanted) < count and min(abs(frame - other) for other in wanted) > apart:
            wanted.append(frame)
    while len(wanted) < count:
        wanted.sort()
        gap = int(np.argmax(np.diff(wanted)))
        middle = (wanted[gap] + wanted[gap + 1]) // 2
        if middle in wanted:
            break
        wanted.append(middle)
    return sorted(set(wanted))


def smoothed(values: NDArray[np.floating], frames: int) -> NDArray[np.float64]:
    """Means (n,) over `frames` neighbours, fewer at the ends and beside NaN; NaN stays NaN."""
    seen = np.isfinite(values)
    window = np.ones(min(frames, len(values)))
    sums = np.convolve(np.where(seen, values, 0.0), window, "same")
    counts = np.convolve(seen, window, "same")
    return np.asarray(np.where(seen, sums / np.maximum(counts, 1), np.nan))


def _chosen(alignment: Alignment, cost: NDArray[np.float64], count: int) -> tuple[KeyFrame, ...]:
    """The `count` lowest of those up to the median, each at least a sixth of the query away from the ones before."""
    cost = np.where(cost <= np.nanmedian(cost), cost, np.inf)
    frames = np.arange(len(cost))
    apart = max(1.0, len(cost) / 6)
    found: list[KeyFrame] = []
    while len(found) < count and np.isfinite(cost).any():
        frame = int(np.argmin(cost))
        found.append(key_frame(alignment, frame))
        cost[np.abs(frames - frame) < apart] = np.inf
    return tuple(found)


def key_frame(alignment: Alignment, frame: int) -> KeyFrame:
    """What there is to say of a query frame in which something is observed in both."""
    parts = {part: float(errors[frame]) for part, errors in alignment.parts_over_time_mm.items()}
    part = max((part for part in parts if np.isfinite(parts[part])), key=lambda part: parts[part])
    return KeyFrame(
        query_frame=frame,
        query_s=float(alignment.query_s[frame]),
        other_s=float(alignment.other_s[frame]),
        distance_mm=float(alignment.frames_mm[frame]),
        part=part,
        part_mm=parts[part],
    )


def evenly_spaced(alignment: Alignment, count: int) -> Sequence[KeyFrame]:
    """Up to `count` frames with something to say, from the first to the last, for a table."""
    known = np.flatnonzero(np.isfinite(alignment.frames_mm))
    places = np.unique(np.linspace(0, len(known) - 1, count).round().astype(int))
    return [key_frame(alignment, int(known[place])) for place in places]
