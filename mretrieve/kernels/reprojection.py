"""Reprojection: a motion in two dimensions compared with motions in three, as each of several views would show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import compiled
from .warping import share


@dataclass(frozen=True, eq=False)
class ReprojectionPaths:
    """The best warping path in each of V views of each of C candidates."""

    costs: NDArray[np.float32]  # (C, V), sums along the path of distances between frames of norm 1
    starts: NDArray[np.int32]  # (C, V), the first candidate frame of the path
    ends: NDArray[np.int32]  # (C, V), one past its last


def reprojection_paths(
    query: ArrayLike, axes: ArrayLike, candidates: Sequence[ArrayLike], *, anywhere: bool = False, threads: int = 1
) -> ReprojectionPaths:
    """Align a motion in two dimensions with motions in three, as seen in each of several orthographic views.

    Every frame is moved to mean 0 and scaled to norm 1 in the image, so that neither place nor size count. The distance
    of two frames is the Euclidean one between all their points together; the path's cost is the sum of its distances.
    Of two equally good ways to a cell the diagonal step is taken, then the step in the query, then that in the
    candidate. What a candidate costs depends on nothing but the query, the view and itself.

    Args:
        query: (n, J, 2), x to the right, y up.
        axes: (V, 2, 3) unit vectors to the right and up in the image of each view.
        candidates: (m_i, J, 3) each.
        anywhere: whether a path may begin and end at any candidate frame; else it leads from the first to the last.
        threads: how many of them share the candidates.

    Raises:
        ValueError: a motion is empty, of another number of joints than the query, or holds NaN or infinity.
    """
    frames = _centred(query, "the query", 2)
    norms = np.sqrt(np.square(frames).sum(axis=(1, 2), keepdims=True))
    frames /= np.maximum(norms, np.float32(1e-6))
    arrays = [_centred(candidate, f"candidate {index}", 3) for index, candidate in enumerate(candidates)]
    for index, array in enumerate(arrays):
        if array.shape[1] != frames.shape[1]:
            raise ValueError(f"candidate {index} has {array.shape[1]} joints, the query {frames.shape[1]}")
    views = np.ascontiguousarray(axes, np.float32)
    if views.ndim != 3 or views.shape[1:] != (2, 3) or not len(views):
        raise ValueError(f"the axes have shape {views.shape}; wanted (views, 2, 3)")
    shape = len(arrays), len(views)
    costs, starts, ends = np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.int32)

    def work(part: NDArray[np.int64]) -> None:
        compiled.reprojection_costs(frames, views, arrays, part, anywhere, costs, starts, ends)

    order = np.argsort([-len(array) for array in arrays], kind="stable").astype(np.int64)
    share(np.array_split(order, max(1, min(threads * 8 if threads > 1 else 1, len(order)))), work, threads)
    return ReprojectionPaths(costs, starts, ends)


def _centred(frames: ArrayLike, name: str, dimensions: int) -> NDArray[np.float32]:
    """A copy (T, J, dimensions) in C order in which the mean of every frame is 0."""
    array = np.asarray(frames, np.float32)
    if array.ndim != 3 or array.shape[2] != dimensions or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}; wanted (frames, joints, {dimensions}), at least one of each")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    return np.ascontiguousarray(array - array.mean(axis=1, keepdims=True))
