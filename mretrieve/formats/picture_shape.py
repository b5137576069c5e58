"""Coordinates that are fractions of a picture's width and height, brought to one unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Fractions lie here, even of bodies that are partly outside of the picture; pixels of a body do not.
_LARGEST_FRACTION = 3.0
_ASSUMED = (16.0, 9.0)


def in_one_unit(
    points: NDArray[np.float32], size: tuple[float, float] | None
) -> tuple[NDArray[np.float32], tuple[float, float] | None, tuple[str, ...]]:
    """Points (N, J, 3), x, y and confidence, in pixels if they are fractions; the size of the picture; and remarks."""
    sure = points[(points[..., 2] > 0) & np.isfinite(points).all(axis=2)][:, :2]
    if not len(sure) or np.quantile(np.abs(sure), 0.9) > _LARGEST_FRACTION:
        return points, size, ()
    repairs: tuple[str, ...] = ()
    if size is None:
        size = _ASSUMED
        repairs = ("picture: its size is not in the file, taken to be 16:9",)
    return points * np.array([*size, 1], np.float32), size, repairs
