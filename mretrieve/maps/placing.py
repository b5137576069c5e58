"""Where motions that are not in a library belong on its map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..storage.layout import WHOLE
from .library_map import LibraryMap

_NEIGHBOURS = 5
#: Squared distances below this are rounding errors.
_LEAST = 1e-6


def place(drawn: LibraryMap, encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points (M, 2) of motions by their vectors (M, D) in the space of the map.

    A point is the mean of those of the five nearest clips, weighted by the inverse of their squared distances (Shepard,
    1968). It needs no projection, so that it fits maps of every method.
    """
    vectors = drawn.snapshot.vectors(drawn.space, WHOLE)
    squares = np.maximum(-(drawn.encoder.as_queries(encoded) @ vectors.T), _LEAST)
    nearest = np.argsort(squares, axis=1, kind="stable")[:, :_NEIGHBOURS]
    weights = 1 / np.take_along_axis(squares, nearest, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mn,mnd->md", weights, drawn.points[nearest]), np.float32)
