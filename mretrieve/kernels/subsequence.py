"""Subsequence dynamic time warping: where in a long sequence a whole query lies, frame by frame.

Begin and end are open: the query's first frame may meet any frame of the sequence, its last one any later frame. What
lies between is a usual warping path (steps of one frame in either or both), and costs what dtw_distances says: the sum
of squared Euclidean frame distances. After M. Müller, Information Retrieval for Music and Motion, 2007, section 4.4.

Where several matches cost the same, the one that ends first is given. Of two equally good ways to a cell the diagonal
step is taken, then the step in the query, then the one in the sequence: so a stretch of equal frames is matched at
the query's own speed where it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .dtw_input import frames_like, query_frames, share


@dataclass(frozen=True, eq=False)
class Matches:
    """The best match of a query in each of S sequences: frames starts[i] to ends[i] of sequence i."""

    costs: NDArray[np.float64]  # (S,), sums of squared distances along the path
    starts: NDArray[np.int64]  # (S,), the first frame; 0 where the cost is infinite
    ends: NDArray[np.int64]  # (S,), one past the last frame; 0 where the cost is infinite


def subsequence_matches(query: ArrayLike, sequences: Sequence[ArrayLike], *, threads: int = 1) -> Matches:
    """The cheapest match of the whole query with any part of each sequence.

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
