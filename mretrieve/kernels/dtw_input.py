"""What the warping kernels share outside the kernels: the input they take, and the threads that share the work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
