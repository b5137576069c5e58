"""Coordinates that are fractions of a picture's width and height, brought to one unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..motion.canonical.keypoint_view import BONES_M
from ..motion.joint_sets import JointSet

#: All but a tenth of fractions are from 0 to this, even of bodies that are partly outside of the picture. Pixels are
#: larger; coordinates about the body's middle are negative as often as not.
_LARGEST_FRACTION = 3.0
#: The shapes of videos. Of 408 views of 34 clips, at pitches of -10 to 60 degrees and with 2 cm of noise, one was told
#: wrong; the clips had been looked at before.
_WIDE, _HIGH = (16.0, 9.0), (9.0, 16.0)
#: Of 204 views of 34 clips none seemed to be squeezed by more than this, and of the same ones squeezed two thirds did.
_NO_DOUBT = 0.33
#: Bones count as lying across or along the picture from this part of their extent on; of each there must be some.
_ALIGNED, _LEAST_BONES = 0.6, 10


def in_one_unit(
    points: NDArray[np.float32], joint_set: JointSet, size: tuple[float, float] | None
) -> tuple[NDArray[np.float32], tuple[float, float] | None, tuple[str, ...]]:
    """Points (N, J, 3) of x, y and confidence, in pixels if they are fractions; the size of the picture; and remarks.

    Without a size the picture is taken to be 16:9 or 9:16, by the proportions of the body.
    """
    sure = points[(points[..., 2] > 0) & np.isfinite(points).all(axis=2)][:, :2]
    if not len(sure) or np.quantile(sure, 0.1) < 0 or np.quantile(sure, 0.9) > _LARGEST_FRACTION:
        return points, size, ()
    repairs: tuple[str, ...] = ()
    if size is None:
        size = _likelier_shape(points, joint_set)
        shape = f"{size[0]:g}:{size[1]:g}"
        repairs = (f"picture: its size is not in the file, taken to be {shape} by the proportions of the body",)
    return points * np.array([*size, 1], np.float32), size, repairs


def without_squeeze(points: NDArray[np.float32], joint_set: JointSet) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Pixels (N, J, 3) with both axes in one unit, and remarks.

    MoveNet and others look at a video in a square, with bars at two sides. If their fractions of the square have been
    multiplied by the width and height of the video, the body is squeezed along the shorter side. This is undone if
    the proportions of the body leave no doubt.
    """
    as_written = _unevenness(points, joint_set, (1.0, 1.0)).by_direction
    for shape, squeezed in ((_WIDE, "vertically"), (_HIGH, "horizontally")):
        stretch = np.maximum(np.array(shape[::-1]) / np.array(shape), 1)
        stretched = _unevenness(points, joint_set, (stretch[0], stretch[1])).by_direction
        if as_written is not None and stretched is not None and as_written - stretched > _NO_DOUBT:
            remark = (
                f"picture: the body was squeezed {squeezed}, as in a square with bars; stretched to its proportions"
            )
            return points * np.array([*stretch, 1], np.float32), (remark,)
    return points, ()


def _likelier_shape(points: NDArray[np.float32], joint_set: JointSet) -> tuple[float, float]:
    """The shape in which bones that lie across the picture are about as long as those that stand in it.

    If a shape has too few of either, the shape in which the bones of the body differ least from an adult's.
    """
    wide, high = (_unevenness(points, joint_set, shape) for shape in (_WIDE, _HIGH))
    if wide.by_direction is not None and high.by_direction is not None:
        return _HIGH if high.by_direction < wide.by_direction else _WIDE
    return _HIGH if high.by_bone < wide.by_bone else _WIDE


class _Unevenness(NamedTuple):
    by_direction: float | None  # logarithm of how much longer bones are that lie; None if there are too few
    by_bone: float  # deviation of the logarithms of the bones' lengths


def _unevenness(points: NDArray[np.float32], joint_set: JointSet, shape: tuple[float, float]) -> _Unevenness:
    ends = [[joint_set.canonical[end] for end in bone] for bone in BONES_M]
    known = [number for number, bone in enumerate(ends) if None not in bone]
    starts, stops = np.array([ends[number] for number in known], np.intp).reshape(-1, 2).T
    metres = np.array(list(BONES_M.values()))[known]
    with np.errstate(invalid="ignore"):
        bones = (points[:, starts, :2] - points[:, stops, :2]) * np.array(shape)
    lengths = np.linalg.norm(bones, axis=2) / metres
    seen = (points[:, starts, 2] > 0) & (points[:, stops, 2] > 0) & np.isfinite(lengths) & (lengths > 0)
    across = np.abs(bones[..., 0]) / np.maximum(np.abs(bones).sum(axis=2), 1e-12)
    each = [np.log(_length(lengths[seen[:, bone], bone])) for bone in np.flatnonzero(seen.any(axis=0))]
    lying, standing = lengths[seen & (across > _ALIGNED)], lengths[seen & (across < 1 - _ALIGNED)]
    enough = min(len(lying), len(standing)) >= _LEAST_BONES
    return _Unevenness(
        float(np.abs(np.log(_length(lying) / _length(standing)))) if enough else None,
        float(np.std(each)) if each else np.inf,
    )


def _length(lengths: NDArray[np.floating]) -> float:
    """How long bones are if they are seen from the side: most are foreshortened."""
    return float(np.quantile(lengths, 0.9))
