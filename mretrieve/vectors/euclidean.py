"""Points whose Euclidean distances rank vectors as their inner products do, for indexes that know no other distance.

The distance of two vectors of `mretrieve.encoders.encoder.scaled_vectors`, with numbers u and u' and the terms
p = h s - v / s and r = 1 / s of each, adds up to zero for a vector and itself. So it is

    |u - u'|^2 - (p - p') (r - r'),

of which the second part is never negative: p grows with s and r falls. Near a vector it is (dt)^2 for
dt = sqrt(-dp dr) = sqrt(h / r^2 + v) dr, so that the integral t(r) is one more coordinate, exact to the third order of
the difference and never too large (Cauchy and Schwarz). By the numbers alone, one in seven of the 100 nearest of a
million windows is another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .trained import number_columns

#: By how much terms may differ from p r = h - v r^2, of h.
_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class EuclideanMap:
    """Maps stored vectors, or query vectors, to points.

    Attributes:
        numbers: (K,) columns that hold numbers; stored and query vectors have them as x and c x.
        factors: (K,) by which those of stored vectors are multiplied, sqrt(c).
        scales: (T, 5) for each pair of terms: the column of r in stored vectors, that of -c r in query vectors, -1 / c,
            and h and v times 2 c, because points are sqrt(2) times as far apart as vectors.
    """

    numbers: NDArray[np.intp]
    factors: NDArray[np.float32]
    scales: NDArray[np.float64]

    @classmethod
    def fitted(cls, stored: NDArray[np.float32], queries: NDArray[np.float32]) -> EuclideanMap:
        """The map for a space, from a sample of its stored vectors (n, D) and query vectors (n, D) of the same windows.

        Raises:
            ValueError: queries have other numbers than the vectors.
        """
        are_numbers = number_columns(stored, queries)
        numbers = np.flatnonzero(are_numbers)
        own = stored[:, numbers]
        ratios = (own * queries[:, numbers]).sum(axis=0) / np.maximum((own**2).sum(axis=0), 1e-30)
        if not len(numbers) or not (ratios > 0).all():
            raise ValueError("queries have other numbers than the vectors")
        scales = list(_scales(stored.astype(np.float64), queries.astype(np.float64), are_numbers))
        return cls(numbers, np.sqrt(ratios).astype(np.float32), np.array(scales, np.float64).reshape(-1, 5))

    def fits(self, dimension: int, point_dimension: int) -> bool:
        """Whether it gives points of so many numbers for vectors of so many."""
        count = len(self.numbers)
        if self.numbers.ndim != 1 or self.factors.shape != (count,) or self.scales.shape[1:] != (5,):
            return False
        width, columns = count + len(self.scales), [*self.numbers.tolist(), *self._columns.ravel().tolist()]
        return width + width % 2 == point_dimension and all(0 <= each < dimension for each in columns)

    def of_stored(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points (N, E) of stored vectors (N, D)."""
        return self._points(vectors, self.factors, vectors[:, self._columns[0]])

    def of_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The points (N, E) of query vectors (N, D)."""
        return self._points(vectors, self._query_factors, vectors[:, self._columns[1]] * self.scales[:, 2])

    @cached_property
    def _columns(self) -> NDArray[np.intp]:
        return self.scales[:, :2].T.astype(np.intp)

    @cached_property
    def _query_factors(self) -> NDArray[np.float32]:
        return np.reciprocal(self.factors)

    def _points(
        self, vectors: NDArray[np.float32], factors: NDArray[np.float32], scales: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        count, width = len(self.numbers), len(self.numbers) + len(self.scales)
        points = np.zeros((len(vectors), width + width % 2), np.float32)  # quantisers take numbers in pairs
        np.multiply(vectors.take(self.numbers, axis=1), factors, out=points[:, :count])
        if len(self.scales):
            height, variance = self.scales[:, 3], self.scales[:, 4]
            squares = np.maximum(variance * scales * scales, 1e-30 * height)
            points[:, count:width] = np.sqrt(height + squares) - np.sqrt(height) * np.arcsinh(np.sqrt(height / squares))
        return points


def _scales(
    stored: NDArray[np.float64], queries: NDArray[np.float64], are_numbers: NDArray[np.bool_]
) -> Iterator[tuple[float, ...]]:
    """The rows of `EuclideanMap.scales`: neighbouring columns are p, r in stored vectors and -c r, -c p in queries."""
    column = 0
    while column + 1 < len(are_numbers):
        p, r = stored[:, column], stored[:, column + 1]
        crossed = -queries[:, [column + 1, column]]
        column += 1
        if are_numbers[column - 1 : column + 1].any() or not (r > 0).all() or r.min() == r.max():
            continue
        weight = float((crossed[:, 1] / r).mean())
        if weight <= 0 or not np.allclose(crossed, weight * np.stack([p, r], axis=1), rtol=_TOLERANCE):
            continue
        terms = np.stack([np.ones_like(r), -r * r], axis=1)
        (height, variance), *_ = np.linalg.lstsq(terms, p * r, rcond=None)
        if height > 0 and variance > 0 and np.allclose(terms @ [height, variance], p * r, atol=_TOLERANCE * height):
            yield column, column - 1, -1 / weight, 2 * weight * height, 2 * weight * variance
            column += 1
