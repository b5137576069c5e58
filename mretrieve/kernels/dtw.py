"""Dynamic time warping of one query against many candidates: distances, and the path of one of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .dtw_input import frames_like, query_frames, share

#: Candidates that the compiled kernel aligns side by side.
_LANES = 16


def dtw_distances(query: ArrayLike, candidates: Sequence[ArrayLike], *, threads: int = 1) -> NDArray[np.float64]:
    """The sum of squared Euclidean frame distances along the best warping path, for each candidate.

    This is the square of what tslearn and dtaidistance return, and what aeon returns. Everything is computed in the
    query's type, float32 or float64 (others become float64), and summed along the path in float64. A candidate's
    distance depends on nothing but the query and itself: not on the others, their order or the number of threads.

    Args:
        query: (n, D).
        candidates: (m_i, D) each; views of one array are as good, nothing is copied that is C-contiguous and of the
            query's type.
        threads: how many of them share the candidates.

    Returns:
        (C,), infinite where values are too large to square.

    Raises:
        ValueError: a sequence is empty, not two-dimensional, of another D than the query, or holds NaN or infinity.
    """
    frames = query_frames(query)
    arrays = [frames_like(frames, candidate, f"candidate {index}") for index, candidate in enumerate(candidates)]
    distances = np.empty(len(arrays), np.float64)
    lengths = np.array([len(array) for array in arrays], np.int64)
    order = np.argsort(-lengths, kind="stable")

    def work(part: NDArray[np.int64]) -> None:
        compiled.dtw_distances(frames, arrays, part, distances)

    # Several parts a thread, because parts differ in work; whole groups of lanes, because half a group costs one.
    part_length = _LANES * max(1, len(arrays) // (_LANES * threads * 4)) if threads > 1 else max(1, len(arrays))
    share([order[start : start + part_length] for start in range(0, len(order), part_length)], work, threads)
    if np.isnan(distances).any():
        raise ValueError(f"candidate {np.flatnonzero(np.isnan(distances))[0]} holds NaN or infinite values")
    return distances


def dtw_path(query: ArrayLike, candidate: ArrayLike) -> tuple[NDArray[np.int32], float]:
    """The best warping path and its sum of squared Euclidean frame distances (see dtw_distances).

    Among equally good paths the one that is diagonal longest, seen from the end; then the one that steps in the query.
    Takes n * m bytes.

    Args:
        query: (n, D).
        candidate: (m, D).

    Returns:
        The path (L, 2): a query frame and a candidate frame each, from (0, 0) to (n - 1, m - 1); and its cost.

    Raises:
        ValueError: as dtw_distances.
    """
    frames = query_frames(query)
    candidate_frames = frames_like(frames, candidate, "the candidate")
    if not np.isfinite(candidate_frames).all():
        raise ValueError("the candidate holds NaN or infinite values")
    return compiled.dtw_path(frames, candidate_frames)
