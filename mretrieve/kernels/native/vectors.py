"""Passes over vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import c_int64, c_void_p
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .calling import (
    EXACT,
    FLOAT32,
    FLOAT64,
    FUSED,
    INT16,
    INT32,
    INT64,
    POINTERS,
    UINT8,
    address,
    check_memory,
    declared,
)

_Arrays = TypeVar("_Arrays", bound=NDArray[Any] | None)
_coded = UINT8, FLOAT32, FLOAT32, FLOAT32, c_int64, c_int64, c_int64, c_void_p, c_void_p
_code_queries = INT16, FLOAT32, FLOAT32, FLOAT32, FLOAT32, c_int64
_shortlists = c_int64, FLOAT32, c_int64, INT32, FLOAT32, INT64
_code_shortlists = declared(FUSED, "code_shortlists", *_coded, *_code_queries, *_shortlists, result=None)
_scanned = c_void_p, c_void_p, INT64, c_int64, FLOAT32, c_int64, c_int64  # arrays, chosen rows, starts, queries
_rough_products = declared(FUSED, "rough_products", *_scanned, FLOAT32, result=None)
_blocks = c_void_p, c_void_p, c_void_p, c_int64  # arrays, chosen rows, starts
_lists = c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_int64, c_int64  # rows, shortlists, queries, k
_rank_shortlists = declared(EXACT, "rank_shortlists", *_blocks, *_lists, c_void_p, c_void_p)
_pairs = POINTERS, INT64, INT64, INT64, c_int64  # arrays, numbers, rows, asked
_inner_products = declared(EXACT, "inner_products", *_pairs, FLOAT64, c_int64, FLOAT64, result=None)
_map_rows = declared(FUSED, "map_rows", FLOAT32, c_int64, c_int64, FLOAT32, FLOAT32, c_int64, FLOAT32, result=None)


def code_shortlists(
    codes: NDArray[np.uint8],
    scales: NDArray[np.float32],
    errors: NDArray[np.float32],
    others: NDArray[np.float32],
    clips: NDArray[np.int32] | None,
    allowed: NDArray[np.bool_] | None,
    queries: NDArray[np.int16],
    other_queries: NDArray[np.float32],
    units: NDArray[np.float32],
    norms: NDArray[np.float32],
    slacks: NDArray[np.float32],
    smallest: NDArray[np.float32],
    found: NDArray[np.int32],
    bounds: NDArray[np.float32],
    counts: NDArray[np.int64],
) -> None:
    filters = None if clips is None else address(clips), None if allowed is None else address(allowed)
    coded = codes, scales, errors, others, *codes.shape, len(others), *filters
    wanted = queries, other_queries, units, norms, slacks, len(queries)
    _code_shortlists(*coded, *wanted, smallest.shape[1], smallest, found.shape[1], found, bounds, counts)


class _Addressed(list[Any]):
    """Arrays, or None, and their addresses, of which None has 0."""

    def __init__(self, arrays: Sequence[NDArray[Any] | None]) -> None:
        super().__init__(arrays)
        self.addresses = np.array([0 if each is None else address(each) for each in arrays], np.uintp)
        self.address = address(self.addresses)


def addressed(arrays: Sequence[_Arrays]) -> Sequence[_Arrays]:
    return _Addressed(arrays)


def rough_products(
    arrays: Sequence[NDArray[np.float32]],
    chosen: Sequence[NDArray[np.int64] | None],
    starts: NDArray[np.int64],
    queries: NDArray[np.float32],
    products: NDArray[np.float32],
) -> None:
    blocks, maps = (each if isinstance(each, _Addressed) else _Addressed(each) for each in (arrays, chosen))
    _rough_products(blocks.address, maps.address, starts, len(blocks), queries, *queries.shape, products)


class _ShortlistRanker:
    def __init__(
        self, arrays: _Addressed, chosen: _Addressed, starts: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> None:
        self._kept = arrays, chosen, starts, rows
        self._pointers = arrays.address, chosen.address, address(starts), len(arrays), address(rows)

    def __call__(
        self,
        shortlists: NDArray[np.int64],
        queries: NDArray[np.float32],
        products: NDArray[np.float32],
        found: NDArray[np.int64],
    ) -> bool:
        # Pointers are passed as numbers: to check the types of arrays takes longer than to rank a short shortlist.
        size = *shortlists.shape, address(queries), queries.shape[1], products.shape[1]
        finite = _rank_shortlists(*self._pointers, address(shortlists), *size, address(products), address(found))
        check_memory(finite < 0)
        return bool(finite)


def shortlist_ranker(
    arrays: Sequence[NDArray[np.float32]],
    chosen: Sequence[NDArray[np.int64] | None],
    starts: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Callable[[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]], bool]:
    return _ShortlistRanker(_Addressed(arrays), _Addressed(chosen), starts, rows)


def inner_products(
    arrays: Sequence[NDArray[np.float32]],
    numbers: NDArray[np.int64],
    rows: NDArray[np.int64],
    asked: NDArray[np.int64],
    queries: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    addresses = (arrays if isinstance(arrays, _Addressed) else _Addressed(arrays)).addresses
    _inner_products(addresses, numbers, rows, asked, len(sums), queries, queries.shape[1], sums)


def map_rows(
    rows: NDArray[np.float32], matrix: NDArray[np.float32], centre: NDArray[np.float32]
) -> NDArray[np.float32]:
    mapped = np.empty((len(rows), len(centre)), np.float32)
    _map_rows(rows, *rows.shape, matrix, centre, len(centre), mapped)
    return mapped
