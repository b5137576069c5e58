"""Smoothing draws a vector towards its neighbours in the gallery, of which it is not one itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mretrieve.encoders import WindowEncoder
from mretrieve.search.smoothing import SmoothedIndex, blended

#: Points x on a line as (x, x^2, 1), so that the product with (2q, -1, -q^2) is the negative squared distance.
GALLERY = np.array([(x, x * x, 1.0) for x in (0.0, 1.0, 3.0, 4.0, 9.0, 11.0, 20.0, 30.0)], np.float32)


class Line:
    """Encodes points on a line, and remembers what was blended."""

    neighbours: NDArray[np.float32]

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        x = vectors[:, :1]
        return np.hstack([2 * x, -np.ones_like(x), -x * x])

    def blend(self, members: NDArray[np.float32], weights: NDArray[np.float64]) -> NDArray[np.float32]:
        self.neighbours = members[:, 1:, 0]
        return members[:, 0]


def test_a_clip_of_the_gallery_is_not_its_own_neighbour():
    line = Line()
    blended(cast(WindowEncoder, line), GALLERY, GALLERY, own=np.arange(len(GALLERY)))
    assert not (line.neighbours == GALLERY[:, :1]).any()
    assert line.neighbours[0].tolist() == [1, 3, 4, 9, 11]


def test_a_query_is_not_drawn_towards_its_own_clip():
    line = Line()
    index = SimpleNamespace(_gallery=GALLERY, _clips=np.arange(len(GALLERY)), _encoder=line)
    for own, neighbours in (((), [3, 4, 1, 0, 9]), ((2,), [4, 1, 0, 9, 11])):
        SmoothedIndex.query(cast(SmoothedIndex, index), GALLERY[2:3], own)
        assert line.neighbours[0].tolist() == neighbours
