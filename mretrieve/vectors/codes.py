"""The kind `flat-codes`: exact search over 8-bit codes, which are a quarter of the bytes.

Numbers of a vector are coded by 8 bits at a scale of its own, and the norm of the coding error is stored. By Cauchy and
Schwarz, an inner product with the vector differs from one with its code by at most the norm of the query times that of
the error. So few rows can be among the nearest, and these are compared exactly. The terms of a vector that depend on
its norm (see `mretrieve.encoders.encoder`) are not coded: they are large and cancel each other, and their errors would
not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import code_shortlists
from ..storage.files import Bytes
from ..storage.tensors_file import pack_tensors, unpack_tensors
from .trained import Entries, Settings, TrainingSet, VectorKind, nothing_found, number_columns, side_by_side

#: Codes of a vector are filled up to a multiple of this: a vector register.
_WIDTH = 32
#: Largest code, and its zero.
_LARGEST, _ZERO = 127, 128
#: Largest number of a coded query.
_LARGEST_QUERY = 8191
_SAMPLE = 1000
#: Queries that are searched together, and the rows that may be found for each.
_QUERIES, _CAPACITY = 64, 65536


class FlatCodes:
    """See TrainedIndex; the shortlists have all the k nearest."""

    def __init__(self, content: NDArray[np.uint8], settings: Settings) -> None:
        tensors, _ = unpack_tensors(content)
        self._codes, self._scales, self._errors = tensors["codes"], tensors["scales"], tensors["errors"]
        self._others, self._limits = tensors["others"], tensors["limits"]
        self._coded, self._not_coded = (np.flatnonzero(tensors["is_coded"] == flag) for flag in (1, 0))
        rows, width = self._codes.shape
        others = len(self._not_coded), rows
        arrays = self._codes, self._scales, self._errors, self._others
        shapes = zip(arrays, "ufff", ((rows, width), (rows,), (rows,), others), strict=True)
        if width % _WIDTH or len(self._coded) > width or self._limits.shape != (1 + len(self._not_coded),):
            raise ValueError(f"codes of {width} numbers for {len(self._coded)}")
        if any(array.dtype.kind != kind or array.shape != shape for array, kind, shape in shapes):
            raise ValueError("its arrays do not fit each other")
        self._shape = rows, len(tensors["is_coded"])

    def shortlist(self, queries: NDArray[np.float32], k: int, entries: Entries) -> NDArray[np.int64]:
        """See TrainedIndex."""
        if self._shape != (len(entries.clips), queries.shape[1]):
            return nothing_found(queries)
        found: list[NDArray[np.int32]] = []
        for first in range(0, len(queries), _QUERIES):
            found += self._shortlists(queries[first : first + _QUERIES].astype(np.float64), k, entries)
        return side_by_side(found)

    def _shortlists(self, queries: NDArray[np.float64], k: int, entries: Entries) -> list[NDArray[np.int32]]:
        coded, others = queries[:, self._coded], queries[:, self._not_coded]
        width = self._codes.shape[1]
        largest = min(_LARGEST_QUERY, (2**31 - 1) // (255 * width))
        units = np.maximum(np.abs(coded).max(axis=1, initial=0) / largest, 1e-30)
        rounded = np.zeros((len(queries), width), np.int16)
        rounded[:, : coded.shape[1]] = np.rint(coded / units[:, None])
        norms = np.linalg.norm(coded, axis=1)
        slacks = self._slacks(coded, coded - units[:, None] * rounded[:, : coded.shape[1]], others)
        capacity = max(_CAPACITY, 4 * k)
        smallest = np.full((len(queries), k), -np.inf, np.float32)
        found = np.empty((len(queries), capacity), np.int32)
        bounds = np.empty((len(queries), capacity), np.float32)
        counts = np.zeros(len(queries), np.int64)
        float_others, float_units, float_norms, float_slacks = (
            np.ascontiguousarray(each, np.float32) for each in (others, units, norms, slacks)
        )
        code_shortlists(
            *(self._codes, self._scales, self._errors, self._others),
            None if entries.all else entries.clips,
            entries.allowed,
            rounded,
            *(float_others, float_units, float_norms, float_slacks),
            *(smallest, found, bounds, counts),
        )
        limits = smallest[:, :1] - float_slacks[:, None]
        return [
            rows[:0] if count == capacity else np.sort(rows[:count][upper[:count] >= limit])
            for rows, upper, limit, count in zip(found, bounds, limits, counts.tolist(), strict=True)
        ]

    def _slacks(
        self, coded: NDArray[np.float64], rounding: NDArray[np.float64], others: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(Q,) No less than twice the error of a product by codes, the error of the codes themselves not counted.

        That is the rounding of the query, and that of float32: of E + 8 operations on terms no larger than these.
        """
        largest_norm, *largest_others = self._limits.tolist()
        norms = np.linalg.norm(coded, axis=1)
        terms = 3 * norms * largest_norm + np.abs(others) @ np.array(largest_others)
        rounded = np.linalg.norm(rounding, axis=1) * largest_norm
        return np.asarray(2.01 * (rounded + (others.shape[1] + 8) * 2.0**-24 * terms))


def _make(vectors: TrainingSet) -> tuple[Settings, list[Bytes]]:
    sample = vectors.sample(_SAMPLE)
    is_coded = number_columns(sample, vectors.as_queries(sample))
    coded, not_coded = np.flatnonzero(is_coded), np.flatnonzero(~is_coded)
    width = max(1, -(-len(coded) // _WIDTH)) * _WIDTH
    codes = np.full((vectors.count, width), _ZERO, np.uint8)
    scales, errors = np.empty(vectors.count, np.float32), np.empty(vectors.count, np.float32)
    others = np.empty((len(not_coded), vectors.count), np.float32)
    largest, first = 0.0, 0
    for chunk in vectors.chunks():
        part = slice(first, first + len(chunk))
        numbers = chunk[:, coded].astype(np.float64)
        scales[part] = np.maximum(np.abs(numbers).max(axis=1, initial=0) / _LARGEST, 1e-30)
        wide = scales[part, None].astype(np.float64)
        rounded = np.clip(np.rint(numbers / wide), -_LARGEST, _LARGEST)
        codes[part, : len(coded)] = rounded + _ZERO
        errors[part] = np.nextafter(np.linalg.norm(numbers - wide * rounded, axis=1).astype(np.float32), np.inf)
        largest = max(largest, *(float(np.linalg.norm(each, axis=1).max()) for each in (numbers, wide * rounded)))
        others[:, part] = chunk[:, not_coded].T
        first += len(chunk)
    limits = np.array([largest, *np.abs(others).max(axis=1, initial=0)], np.float64)
    tensors: dict[str, NDArray[Any]] = {
        "codes": codes,
        "limits": limits,
        "scales": scales,
        "errors": errors,
        "others": others,
    }
    return {}, pack_tensors({**tensors, "is_coded": is_coded.astype(np.uint8)})


FLAT_CODES = VectorKind("flat-codes", _make, FlatCodes)
