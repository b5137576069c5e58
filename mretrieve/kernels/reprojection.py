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
    query: ArrayLike,
    axes: ArrayLike,
    candidates: Sequence[ArrayLike],
    *,
    weights: ArrayLike | None = None,
    anywhere: bool = False,
    threads: int = 1,
) -> ReprojectionPaths:
    """Align a motion in two dimensions with motions in three, as seen in each of several orthographic views.

    Every frame is moved to weighted mean 0 and scaled to norm 1 in the image, so that neither place nor size count. The
    distance of two frames is the Euclidean one between all their points together, from 0 to 2; the path's cost is the
    sum of its distances.
    Of two equally good ways to a cell the diagonal step is taken, then the step in the query, then that in the
    candidate. What a candidate costs depends on nothing but the query, the view and itself.

    Args:
        query: (n, J, 2), x to the right, y up.
        axes: (V, 2, 3) unit vectors to the right and up in the image of each view, or (C, V, 2, 3) if each candidate is
            seen in views of its own.
        candidates: (m_i, J, 3) each.
        weights: (J,) how much the square of each point's distance counts; None for all the same.
        anywhere: whether a path may begin and end at any candidate frame; else it leads from the first to the last.
        threads: how many of them share the candidates.

    Raises:
        ValueError: a motion is empty, of another number of joints than the query, or holds NaN or infinity.
    """
    points = np.asarray(query)
    shares = np.ones(points.shape[1]) if weights is None else np.asarray(weights, np.float64)
    frames = unit_frames(points, shares)
    arrays = _centred_candidates(candidates, shares)
    views = np.ascontiguousarray(axes, np.float32)
    if (
        views.ndim not in (3, 4)
        or views.shape[-2:] != (2, 3)
        or 0 in views.shape[-3:]
        or views.shape[:-3] not in ((), (len(arrays),))
    ):
        raise ValueError(f"the axes have shape {views.shape}; wanted (views, 2, 3), or that for each candidate")
    shape = len(arrays), views.shape[-3]
    costs, starts, ends = np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.int32)

    def work(part: NDArray[np.int64]) -> None:
        for seen, rows in [(views, part)] if views.ndim == 3 else zip(views[part], part[:, None], strict=True):
            compiled.reprojection_costs(frames, seen, arrays, rows, anywhere, costs, starts, ends)

    order = np.argsort([-len(array) for array in arrays], kind="stable").astype(np.int64)
    share(np.array_split(order, max(1, min(threads * 8 if threads > 1 else 1, len(order)))), work, threads)
    return ReprojectionPaths(costs, starts, ends)


def _centred_candidates(candidates: Sequence[ArrayLike], weights: NDArray[np.floating]) -> list[NDArray[np.float32]]:
    """The candidates as `centred_frames` has them, all in one go, because there are hundreds of short ones."""
    arrays = [np.asarray(candidate, np.float32) for candidate in candidates]
    for number, array in enumerate(arrays):
        _check_shape(array, (len(weights), 3), f"candidate {number}")
    if not arrays:
        return []
    joined = centred_frames(np.concatenate(arrays), weights, 3, "a candidate")
    ends = np.cumsum([len(array) for array in arrays]).tolist()
    return [joined[end - len(array) : end] for end, array in zip(ends, arrays, strict=True)]


def unit_frames(points: ArrayLike, weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Frames (T, J, 2) as they are compared: weighted mean 0, points times the roots of the weights (J,), norm 1.

    The squared distance of two of them, as vectors, is that of `reprojection_paths`. A frame of one place is all 0.
    """
    frames = centred_frames(points, weights, 2, "the query")
    norms = np.sqrt(np.square(frames).sum(axis=(1, 2), keepdims=True))
    return np.asarray(frames / np.maximum(norms, np.float32(1e-6)), np.float32)


def centred_frames(frames: ArrayLike, weights: NDArray[np.floating], dimensions: int, name: str) -> NDArray[np.float32]:
    """A copy (T, J, dimensions) of the frames with weighted mean 0, in C order, times the roots of the weights.

    Raises:
        ValueError: the shape is another, or a value is NaN or infinite.
    """
    array = np.asarray(frames, np.float32)
    _check_shape(array, (len(weights), dimensions), name)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    shares = (weights / weights.sum()).astype(np.float32)
    means = np.einsum("tjc,j->tc", array, shares)
    roots = np.repeat(np.sqrt(weights).astype(np.float32), dimensions)
    flat = (array.reshape(len(array), -1) - np.tile(means, len(weights))) * roots  # rows of 3 would be slow
    return np.ascontiguousarray(flat.reshape(array.shape))


def _check_shape(array: NDArray[np.float32], frame: tuple[int, int], name: str) -> None:
    if array.ndim != 3 or array.shape[1:] != frame or 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}; wanted (frames, {frame[0]}, {frame[1]}), at least one")
