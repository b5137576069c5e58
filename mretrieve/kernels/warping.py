"""Dynamic time warping (DTW): distances, paths, subsequence matches, and alignments at one speed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .compiled import cheapest_fixed_speeds

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


Part = TypeVar("Part")


def query_frames(query: ArrayLike) -> NDArray[Any]:
    """The query (n, D) in C order as float32 or float64; types other than these become float64.

    Raises:
        ValueError: it is empty, not two-dimensional, or holds NaN or infinity.
    """
    frames = np.asarray(query)
    if frames.dtype not in (np.float32, np.float64):
        frames = frames.astype(np.float64)
    if frames.ndim != 2 or 0 in frames.shape:
        raise ValueError(f"the query has shape {frames.shape}; wanted (frames, features), at least one of each")
    if not np.isfinite(frames).all():
        raise ValueError("the query holds NaN or infinite values")
    return np.ascontiguousarray(frames)


def frames_like(query: NDArray[Any], sequence: ArrayLike, name: str) -> NDArray[Any]:
    """The sequence (m, D) in C order and of the query's type; copied only if it is not so already.

    Raises:
        ValueError: it is empty, not two-dimensional, or of another D than the query.
    """
    frames = np.ascontiguousarray(sequence, query.dtype)
    if frames.ndim != 2 or frames.shape[1] != query.shape[1] or not len(frames):
        raise ValueError(f"{name} has shape {frames.shape}; wanted (frames, {query.shape[1]}) as the query")
    return frames


def share(parts: Iterable[Part], work: Callable[[Part], None], threads: int) -> None:
    """Do the work on every part, each part in the thread that asks first; the caller's is one of `threads`."""
    waiting: Iterator[Part] = iter(parts)

    def run() -> None:
        for part in waiting:
            work(part)

    helpers = [_pool(threads - 1).submit(run) for _ in range(threads - 1)]
    run()
    for helper in helpers:
        if not helper.cancel():  # one that has not even begun is not needed any more
            helper.result()


@cache
def _pool(workers: int) -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor  # a hundredth of a second, and most searches need one thread

    return ThreadPoolExecutor(workers, "dtw")  # kept, for a thread takes longer to start than 100 candidates to align


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


@dataclass(frozen=True, eq=False)
class Matches:
    """The best match of a query in each of S sequences: frames starts[i] to ends[i] of sequence i."""

    costs: NDArray[np.float64]  # (S,), sums of squared distances along the path
    starts: NDArray[np.int64]  # (S,), the first frame; 0 where the cost is infinite
    ends: NDArray[np.int64]  # (S,), one past the last frame; 0 where the cost is infinite


def subsequence_matches(query: ArrayLike, sequences: Sequence[ArrayLike], *, threads: int = 1) -> Matches:
    """The cheapest match of the whole query with any part of each sequence.

    The query's first frame may meet any frame of the sequence, and its last one any later frame. Between them lies an
    ordinary warping path, which costs the sum of its squared Euclidean frame distances (M. Müller, Information
    Retrieval for Music and Motion, 2007, section 4.4). Of matches of equal cost the one that ends first is returned.
    Of two equally good ways to a cell the diagonal step is taken, then the step in the query, then the one in the
    sequence, so that a stretch of equal frames is matched at the query's own speed if possible.

    Args:
        query: (n, D).
        sequences: (m_i, D) each.
        threads: how many of them share the sequences.

    Raises:
        ValueError: a sequence is empty, not two-dimensional, of another D than the query, or holds NaN or infinity.
    """
    frames = query_frames(query)
    arrays = [frames_like(frames, sequence, f"sequence {index}") for index, sequence in enumerate(sequences)]
    lengths = np.array([len(array) for array in arrays], np.int64)
    costs = np.empty(len(arrays), np.float64)
    starts, ends = np.zeros_like(lengths), np.zeros_like(lengths)

    def work(part: NDArray[np.int64]) -> None:
        compiled.subsequence_matches(frames, arrays, part, costs, starts, ends)

    # The longest first, so that no thread is left with one at the end; many short ones at a time.
    order = np.argsort(-lengths, kind="stable")
    shares = threads * 8 if threads > 1 else 1
    share(np.array_split(order, max(1, min(shares, len(order)))), work, threads)
    if np.isnan(costs).any():
        raise ValueError(f"sequence {np.flatnonzero(np.isnan(costs))[0]} holds NaN or infinite values")
    return Matches(costs, starts, ends)


@dataclass(frozen=True, eq=False)
class CosineWarping:
    """The best warping paths of a query with each of C candidates.

    Attributes:
        sums: (C,) sum of 1 - cosine along the path.
        lengths: (C,) number of pairs of frames on the path.
    """

    sums: NDArray[np.float64]
    lengths: NDArray[np.int64]

    @property
    def means(self) -> NDArray[np.float64]:
        """(C,) mean of 1 - cosine along the path, from 0 to 2."""
        return self.sums / self.lengths


def cosine_warping(query: ArrayLike, candidates: Sequence[ArrayLike]) -> CosineWarping:
    """The warping paths along which the sum of 1 - cosine between frames is smallest (the paths of `dtw_path`).

    Half the squared distance of two unit vectors is 1 - cosine; a frame that is 0 has cosine 0 with everything. Costs
    are computed in float32 and summed along the path in float64.

    Args:
        query: (n, D).
        candidates: (m_i, D) each.

    Raises:
        ValueError: a sequence is empty, not two-dimensional, of another D than the query, or holds NaN or infinity.
    """
    from .jit.cosine_warping import warp_costs  # without a native form: its callers run a network

    frames = query_frames(np.asarray(query, np.float32))
    arrays = [frames_like(frames, candidate, f"candidate {index}") for index, candidate in enumerate(candidates)]
    if not arrays:
        return CosineWarping(np.empty(0), np.empty(0, np.int64))
    joined = np.concatenate(arrays)
    if not np.isfinite(joined).all():
        raise ValueError("a candidate holds NaN or infinite values")
    ends = np.cumsum([len(array) for array in arrays])
    return CosineWarping(*warp_costs(1 - _unit(frames) @ _unit(joined).T, ends))


def _unit(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(frames / np.maximum(np.linalg.norm(frames, axis=1, keepdims=True), 1e-12), np.float32)


#: Motions whose products with a query are in the processor's cache at a time.
_MULTIPLIED = 16


def fixed_speed_costs(
    query: NDArray[np.float32],
    frames: NDArray[np.int64],
    motions: Sequence[NDArray[np.float32]],
    speeds: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The cheapest fixed-speed alignment from each start in each of some motions, one motion after the other.

    Args:
        query: (n, D), the compared frames of the query.
        frames: (n,) their positions in the query, ascending from 0.
        motions: at least one, (m_i, D) each, M frames together.
        speeds: (S,) frames of a motion per frame of the query.

    Returns:
        (M,) mean squared distance over the compared frames, infinite if no alignment fits; (M,) its end among the
        frames of its motion, exclusive.
    """
    query_squares = np.einsum("nd,nd->n", query, query)
    found = []
    for first in range(0, len(motions), _MULTIPLIED):
        some = motions[first : first + _MULTIPLIED]
        squares = np.concatenate([np.einsum("md,md->m", motion, motion) for motion in some])
        products = [query @ motion.T for motion in some]
        found.append(cheapest_fixed_speeds(products, query_squares, squares, frames, speeds))
    costs, ends = zip(*found, strict=True)
    return np.concatenate(costs), np.concatenate(ends)
