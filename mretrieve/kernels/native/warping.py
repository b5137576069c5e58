"""Sequences of frames that are aligned."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_double, c_int64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calling import (
    EXACT,
    FLOAT32,
    FLOAT64,
    FUSED,
    INT32,
    INT64,
    POINTERS,
    SEQUENCES,
    UINT8,
    address,
    check_memory,
    declared,
    declared_for_both,
    in_memory,
)

#: Of the C source.
_LANES, _RUNS, _AXES = 16, 6, 6

_dtw_distances = declared_for_both("dtw_distances", ..., c_int64, c_int64, c_int64, *SEQUENCES, FLOAT64)
_dtw_path = declared_for_both(
    "dtw_path", ..., c_int64, ..., c_int64, c_int64, ..., FLOAT64, UINT8, INT32, INT64, result=c_double
)
_subsequence_matches = declared_for_both(
    "subsequence_matches", ..., c_int64, c_int64, *SEQUENCES, FLOAT64, INT64, INT64
)
_paths = FLOAT32, INT32, INT32  # costs, starts, ends
_reprojection_costs = declared(
    FUSED, "reprojection_costs", FLOAT32, c_int64, c_int64, FLOAT32, c_int64, *SEQUENCES, ctypes.c_int, *_paths
)
_squares = FLOAT32, FLOAT32, INT64, c_int64  # of the query and the motions; frames of the query
_fixed_speeds = *_squares, FLOAT64, c_int64, INT64, FLOAT32, INT32
_cheapest_fixed_speeds = declared(EXACT, "cheapest_fixed_speeds", POINTERS, INT64, c_int64, *_fixed_speeds, result=None)


def _in_blocks(query: NDArray[Any], size: int) -> NDArray[Any]:
    """The query (n, D) as (blocks, D, size), the last block filled up with zeros."""
    blocks = np.zeros((-(-len(query) // size) * size, query.shape[1]), query.dtype)
    blocks[: len(query)] = query
    return np.ascontiguousarray(blocks.reshape(-1, size, query.shape[1]).transpose(0, 2, 1))


def dtw_distances(
    query: NDArray[Any], candidates: Sequence[NDArray[Any]], order: NDArray[np.int64], distances: NDArray[np.float64]
) -> None:
    blocks = _in_blocks(query, _RUNS)
    size = len(blocks), query.shape[1], len(query)
    check_memory(_dtw_distances[query.dtype](blocks, *size, *in_memory(candidates, order), distances))


def dtw_path(query: NDArray[Any], candidate: NDArray[Any]) -> tuple[NDArray[np.int32], float]:
    rows, columns = len(query), len(candidate)
    path, length = np.empty((rows + columns - 1, 2), np.int32), np.empty(1, np.int64)
    blocks, filled_up = _in_blocks(query, _LANES), np.zeros((columns + _RUNS, query.shape[1]), query.dtype)
    filled_up[:columns] = candidate
    squares = np.empty((len(blocks), columns, _LANES), query.dtype)
    room = squares, np.empty(columns), np.empty((rows, columns), np.uint8)
    cost = _dtw_path[query.dtype](blocks, rows, filled_up, columns, query.shape[1], *room, path, length)
    return path[len(path) - length[0] :].copy(), cost


def subsequence_matches(
    query: NDArray[Any],
    sequences: Sequence[NDArray[Any]],
    order: NDArray[np.int64],
    costs: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    size = len(query), query.shape[1]
    listed = in_memory(sequences, order)
    check_memory(_subsequence_matches[query.dtype](_in_blocks(query, _LANES), *size, *listed, costs, starts, ends))


def reprojection_costs(
    query: NDArray[np.float32],
    axes: NDArray[np.float32],
    candidates: Sequence[NDArray[np.float32]],
    order: NDArray[np.int64],
    anywhere: bool,
    costs: NDArray[np.float32],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
) -> None:
    rows, joints, _ = query.shape
    groups = -(-len(axes) // _LANES)
    lanes = np.zeros((groups * _LANES, _AXES), np.float32)
    lanes[: len(axes)] = axes.reshape(len(axes), _AXES)
    lanes = np.ascontiguousarray(lanes.reshape(groups, _LANES, _AXES).transpose(0, 2, 1))
    by_joint = np.zeros((joints, 2, -(-rows // _LANES) * _LANES), np.float32)
    by_joint[..., :rows] = query.transpose(1, 2, 0)
    shape = len(candidates), groups * _LANES
    results = np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.int32)
    listed = in_memory(candidates, order)
    check_memory(_reprojection_costs(by_joint, rows, joints, lanes, groups, *listed, anywhere, *results))
    for wanted, result in zip((costs, starts, ends), results, strict=True):
        wanted[order] = result[order, : len(axes)]


def cheapest_fixed_speeds(
    products: Sequence[NDArray[np.float32]],
    query_squares: NDArray[np.float32],
    squares: NDArray[np.float32],
    frames: NDArray[np.int64],
    speeds: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    addresses = np.array([address(each) for each in products], np.uintp)
    lengths = np.array([each.shape[1] for each in products], np.int64)
    best, ends = np.empty(len(squares), np.float32), np.empty(len(squares), np.int32)
    asked = query_squares, squares, frames, len(frames), speeds, len(speeds), np.empty(len(frames), np.int64)
    _cheapest_fixed_speeds(addresses, lengths, len(products), *asked, best, ends)
    return best, ends
