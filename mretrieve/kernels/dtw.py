"""Dynamic time warping of one query against many candidates: distances, the path of one of them, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .dtw_input import frames_like, query_frames, share

#: Candidates that the compiled kernel aligns side by side.
_LANES = 16


class Band(Protocol):
    """Which pairs of frames a path may visit: those whose warp lies between two limits.

    The warp of query frame i and candidate frame j is floor((j + 1) * candidate_scale) - floor((i + 1) * query_scale).
    A scale of length / (length + 1) leaves a sequence's frames as they are, a smaller one compresses them.
    """

    def limits(self, query_length: int, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """(C, 4): the lowest and the highest warp, query_scale and candidate_scale, for candidates of these lengths."""
        ...


@dataclass(frozen=True)
class LengthGapBand:
    """Frames at most `radius` apart, and as far again as the lengths differ on the longer one's side.

    -radius - max(0, n - m) <= j - i <= radius + max(0, m - n): the Sakoe-Chiba band of tslearn
    (sakoe_chiba_radius=radius) and of dtaidistance (window=radius + 1).
    """

    radius: int  # frames

    def __post_init__(self) -> None:
        if self.radius < 0:
            raise ValueError(f"the band's radius is {self.radius}; give 0 or more frames")

    def limits(self, query_length: int, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Band."""
        gaps = lengths - query_length
        lowest, highest = np.minimum(gaps, 0) - self.radius, np.maximum(gaps, 0) + self.radius
        scale = query_length / (query_length + 1)
        return np.stack([lowest, highest, np.full(len(lengths), scale), lengths / (lengths + 1)], axis=1)


@dataclass(frozen=True)
class SlopeBand:
    """Frames at most `fraction` of the shorter length beside the line that joins both ends.

    The longer one's frames are first compressed to the shorter one's count: the Sakoe-Chiba band of aeon
    (window=fraction). Much narrower than LengthGapBand where lengths differ.
    """

    fraction: float  # of the shorter length, 0 to 1

    def __post_init__(self) -> None:
        if not 0.0 <= self.fraction <= 1.0:
            raise ValueError(f"the band's fraction is {self.fraction}; give a part of the length between 0 and 1")

    def limits(self, query_length: int, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """See Band."""
        shorter = np.minimum(lengths, query_length)
        radii = np.floor(self.fraction * shorter)
        # The reciprocal first: so aeon's compiled code rounds, and a pair on the band's edge is in or out as there.
        scales = 1.0 / (query_length + 1) * shorter, 1.0 / (lengths + 1) * shorter
        return np.stack([-radii, radii, *scales], axis=1)


def dtw_distances(
    query: ArrayLike,
    candidates: Sequence[ArrayLike],
    *,
    band: Band | None = None,
    bound: float = np.inf,
    threads: int = 1,
) -> NDArray[np.float64]:
    """The sum of squared Euclidean frame distances along the best warping path, for each candidate.

    This is the square of what tslearn and dtaidistance return, and what aeon returns. Everything is computed in the
    query's type, float32 or float64 (others become float64), and summed along the path in float64. A candidate's
    distance depends on nothing but the query and itself: not on the others, their order or the number of threads.

    Args:
        query: (n, D).
        candidates: (m_i, D) each; views of one array are as good, nothing is copied that is C-contiguous and of the
            query's type.
        band: which frames may be paired; None for all.
        bound: distances above it are given as infinite, and mostly found to be so before a candidate's end.
        threads: how many of them share the candidates.

    Returns:
        (C,), infinite where the distance is above the bound.

    Raises:
        ValueError: a sequence is empty, not two-dimensional, of another D than the query, or holds NaN or infinity.
    """
    frames = query_frames(query)
    arrays = [frames_like(frames, candidate, f"candidate {index}") for index, candidate in enumerate(candidates)]
    distances = np.empty(len(arrays), np.float64)
    lengths = np.array([len(array) for array in arrays], np.int64)
    order = np.argsort(-lengths, kind="stable")
    limits = _limits(band, len(frames), lengths)

    def work(part: NDArray[np.int64]) -> None:
        compiled.dtw_distances(frames, arrays, limits, part, bound, distances)

    # Several parts a thread, because parts differ in work; whole groups of lanes, because half a group costs one.
    part_length = _LANES * max(1, len(arrays) // (_LANES * threads * 4)) if threads > 1 else max(1, len(arrays))
    share([order[start : start + part_length] for start in range(0, len(order), part_length)], work, threads)
    if np.isnan(distances).any():
        raise ValueError(f"candidate {np.flatnonzero(np.isnan(distances))[0]} holds NaN or infinite values")
    return distances


def dtw_path(query: ArrayLike, candidate: ArrayLike, *, band: Band | None = None) -> tuple[NDArray[np.int32], float]:
    """The best warping path and its sum of squared Euclidean frame distances (see dtw_distances).

    Among equally good paths the one that is diagonal longest, seen from the end; then the one that steps in the query.
    Takes n * m bytes.

    Args:
        query: (n, D).
        candidate: (m, D).
        band: which frames may be paired; None for all.

    Returns:
        The path (L, 2): a query frame and a candidate frame each, from (0, 0) to (n - 1, m - 1); and its cost.

    Raises:
        ValueError: as dtw_distances.
    """
    frames = query_frames(query)
    candidate_frames = frames_like(frames, candidate, "the candidate")
    if not np.isfinite(candidate_frames).all():
        raise ValueError("the candidate holds NaN or infinite values")
    limits = _limits(band, len(frames), np.array([len(candidate_frames)], np.int64))
    return compiled.dtw_path(frames, candidate_frames, limits[0])


def path_distance_mm(
    query_positions: NDArray[np.floating],
    candidate_positions: NDArray[np.floating],
    path: NDArray[np.int32],
    joints: NDArray[np.bool_],
) -> float:
    """Mean Euclidean distance of a joint along a warping path, in millimetres.

    Args:
        query_positions: (n, 22, 3), metres.
        candidate_positions: (m, 22, 3), metres, in the same frame of reference.
        path: (L, 2), from dtw_path.
        joints: (22,), True for the joints that count: those observed in both.

    Raises:
        ValueError: no joint counts.
    """
    if not joints.any():
        raise ValueError("the query and the candidate have no observed joint in common")
    apart = query_positions[path[:, 0]][:, joints] - candidate_positions[path[:, 1]][:, joints]
    return float(np.linalg.norm(apart, axis=-1).mean(dtype=np.float64) * 1000.0)


def _limits(band: Band | None, query_length: int, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    if band is None:  # a gap band that holds every pair
        band = LengthGapBand(query_length)
    return band.limits(query_length, lengths)
