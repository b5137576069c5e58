"""The kernels as compiled from C when the package was built. ImportError if the installation had no compiler.

The functions are those of `mretrieve.kernels.jit`, which documents them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from ctypes import addressof, c_char, c_double, c_float, c_int64, c_void_p
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "addressed",
    "body_channels",
    "cheapest_fixed_speeds",
    "code_shortlists",
    "distances_between",
    "dtw_distances",
    "dtw_path",
    "facing_signs",
    "floor_signs",
    "forward_kinematics",
    "inner_products",
    "map_rows",
    "reprojection_costs",
    "resample_frames",
    "rough_products",
    "scan_frames",
    "scan_rows",
    "shortlist_ranker",
    "subsequence_matches",
    "warping_features",
    "window_statistics",
]

#: Of the C source.
_LANES, _RUNS, _AXES = 16, 6, 6


def _address(array: NDArray[Any]) -> int:
    """Of an array in C order; numpy's `ctypes.data` takes four times as long."""
    if array.flags.writeable and array.size:  # which ctypes requires
        return addressof(c_char.from_buffer(array.data))
    return array.ctypes.data


class _Array:
    """The type of an argument that is an array in C order; numpy's `ndpointer` takes ten times as long."""

    def __init__(self, dtype: str) -> None:
        self._dtype = np.dtype(dtype)

    def from_param(self, array: NDArray[Any]) -> c_void_p:
        if array.dtype != self._dtype or not array.flags.c_contiguous:
            raise TypeError(f"an array of {self._dtype} in C order is needed, not one of {array.dtype}")
        return c_void_p(_address(array))


_REALS = {np.dtype(name): _Array(name) for name in ("float32", "float64")}
_float32, _float64 = _REALS.values()
_bool, _uint8, _int16, _int32, _int64, _uint64, _pointers = map(
    _Array, ("bool", "uint8", "int16", "int32", "int64", "uint64", "uintp")
)


#: Of the compiled libraries that these declarations fit: `kernel_version` in native.h.
_VERSION = 12


def _library(name: str) -> ctypes.CDLL:
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name(name + suffix)
        if path.is_file():
            try:
                library = ctypes.CDLL(str(path))
                if library.kernel_version() == _VERSION:
                    return library
            except (OSError, AttributeError) as error:
                raise ImportError(str(error)) from error
            raise ImportError(f"{path} was compiled from another version; install the package again")
    raise ImportError(f"the kernels of {name} are not compiled")


def _function(library: ctypes.CDLL, name: str, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    function = getattr(library, name)
    function.argtypes, function.restype = arguments, result
    return function


def _of_both_types(name: str, *arguments: Any, result: Any = ctypes.c_int) -> dict[np.dtype[Any], Any]:
    """The function for float32 and the one for float64; `...` stands for an argument that is an array of that type."""
    return {
        dtype: _function(
            _fused, f"{name}_{dtype}", *(reals if each is ... else each for each in arguments), result=result
        )
        for dtype, reals in _REALS.items()
    }


_Arrays = TypeVar("_Arrays", bound=NDArray[Any] | None)

_fused, _exact = _library("fused"), _library("exact")
_sequences = _pointers, _int64, _int64, c_int64  # addresses, lengths, order
_dtw_distances = _of_both_types("dtw_distances", ..., c_int64, c_int64, c_int64, *_sequences, _float64)
_dtw_path = _of_both_types(
    "dtw_path", ..., c_int64, ..., c_int64, c_int64, ..., _float64, _uint8, _int32, _int64, result=c_double
)
_subsequence_matches = _of_both_types(
    "subsequence_matches", ..., c_int64, c_int64, *_sequences, _float64, _int64, _int64
)
_paths = _float32, _int32, _int32  # costs, starts, ends
_reprojection_costs = _function(
    _fused, "reprojection_costs", _float32, c_int64, c_int64, _float32, c_int64, *_sequences, ctypes.c_int, *_paths
)
_coded = _uint8, _float32, _float32, _float32, c_int64, c_int64, c_int64, c_void_p, c_void_p
_code_queries = _int16, _float32, _float32, _float32, _float32, c_int64
_shortlists = c_int64, _float32, c_int64, _int32, _float32, _int64
_code_shortlists = _function(_fused, "code_shortlists", *_coded, *_code_queries, *_shortlists, result=None)
_scanned = c_void_p, c_void_p, _int64, c_int64, _float32, c_int64, c_int64  # arrays, chosen rows, starts, queries
_rough_products = _function(_fused, "rough_products", *_scanned, _float32, result=None)
_body = _pointers, _int64, c_int64, c_int64, _int32, _float32, c_int64, _int32, _int32, _float32, c_int64
_warping_features = _function(
    _fused, "warping_features", *_body, c_float, c_float, _float64, _float32, _float32, result=None
)
_channels = _pointers, _int64, c_int64, c_int64, _int32, _float32, c_int64, _int32, _int32, c_int64, _int32, c_int64
_body_channels = _function(_fused, "body_channels", *_channels, _int32, c_int64, c_int64, c_float, _float32)
_map_rows = _function(
    _fused, "map_rows", _float32, c_int64, c_int64, _float32, _float32, c_int64, _float32, result=None
)
_statistics = _float32, c_int64, c_int64, _float32, _float32, _float32
_window_statistics = _function(_fused, "window_statistics", _float32, c_int64, _int64, c_int64, *_statistics)
_facing_signs = _function(_fused, "facing_signs", _float32, c_int64, c_int64, _int32, _float64, result=None)
_carried = _float32, _float32, c_int64, c_int64, _int32, c_int64, _float32, _bool
_floor_signs = _function(_fused, "floor_signs", *_carried, c_float, _float32, _float32, _float32, _float64, result=None)
_distances_between = _function(
    _fused, "distances_between", _float32, c_int64, c_int64, _int32, c_int64, _float64, result=None
)
_rig = _int32, _bool, _float32, _float32, _bool, _float32, _int64, _int32
_forward_kinematics = _function(_fused, "forward_kinematics", *_rig, _float64, _float32, c_int64, c_int64, c_int64)
_text = _uint8, c_int64, c_int64
_scan_rows = _function(_exact, "scan_rows", *_text, c_int64, _float64, c_int64, _int64)
_layout = _uint64, _uint64, _uint64, _int64
_scan_frames = _function(_exact, "scan_frames", *_text, *_layout, _int64, c_int64, _float64, c_int64, c_int64, _int64)
_resampling = c_int64, c_int64, c_double, c_int64, c_int64, _float64, _float64, _float32, c_int64
_resample_frames = _function(_exact, "resample_frames", _float32, *_resampling, result=None)
_pairs = _pointers, _int64, _int64, _int64, c_int64  # arrays, numbers, rows, asked
_inner_products = _function(_exact, "inner_products", *_pairs, _float64, c_int64, _float64, result=None)
_blocks = c_void_p, c_void_p, c_void_p, c_int64  # arrays, chosen rows, starts
_lists = c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_int64, c_int64  # rows, shortlists, queries, k
_rank_shortlists = _function(_exact, "rank_shortlists", *_blocks, *_lists, c_void_p, c_void_p)
_squares = _float32, _float32, _int64, c_int64  # of the query and the motions; frames of the query
_fixed_speeds = *_squares, _float64, c_int64, _int64, _float32, _int32
_cheapest_fixed_speeds = _function(
    _exact, "cheapest_fixed_speeds", _pointers, _int64, c_int64, *_fixed_speeds, result=None
)


def _in_memory(
    sequences: Sequence[NDArray[Any]], order: NDArray[np.int64]
) -> tuple[NDArray[np.uintp], NDArray[np.int64], NDArray[np.int64], int]:
    """Addresses and lengths (C,) of the sequences, which are in C order; `order` and its length.

    Only those that `order` lists are looked up, because threads that share the sequences take turns at that.
    """
    addresses, lengths = np.empty(len(sequences), np.uintp), np.empty(len(sequences), np.int64)
    listed = [sequences[index] for index in order.tolist()]
    addresses[order] = [_address(sequence) for sequence in listed]
    lengths[order] = [len(sequence) for sequence in listed]
    return addresses, lengths, order, len(order)


def _addresses_and_lengths(motions: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.uintp], NDArray[np.int64]]:
    """Of motions, which are in C order."""
    addresses = np.array([_address(motion) for motion in motions], np.uintp)
    return addresses, np.array([len(motion) for motion in motions], np.int64)


def _in_blocks(query: NDArray[Any], size: int) -> NDArray[Any]:
    """The query (n, D) as (blocks, D, size), the last block filled up with zeros."""
    blocks = np.zeros((-(-len(query) // size) * size, query.shape[1]), query.dtype)
    blocks[: len(query)] = query
    return np.ascontiguousarray(blocks.reshape(-1, size, query.shape[1]).transpose(0, 2, 1))


def _check_memory(failed: int) -> None:
    if failed:
        raise MemoryError


def dtw_distances(
    query: NDArray[Any], candidates: Sequence[NDArray[Any]], order: NDArray[np.int64], distances: NDArray[np.float64]
) -> None:
    blocks = _in_blocks(query, _RUNS)
    size = len(blocks), query.shape[1], len(query)
    _check_memory(_dtw_distances[query.dtype](blocks, *size, *_in_memory(candidates, order), distances))


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
    listed = _in_memory(sequences, order)
    _check_memory(_subsequence_matches[query.dtype](_in_blocks(query, _LANES), *size, *listed, costs, starts, ends))


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
    listed = _in_memory(candidates, order)
    _check_memory(_reprojection_costs(by_joint, rows, joints, lanes, groups, *listed, anywhere, *results))
    for wanted, result in zip((costs, starts, ends), results, strict=True):
        wanted[order] = result[order, : len(axes)]


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
    filters = None if clips is None else _address(clips), None if allowed is None else _address(allowed)
    coded = codes, scales, errors, others, *codes.shape, len(others), *filters
    wanted = queries, other_queries, units, norms, slacks, len(queries)
    _code_shortlists(*coded, *wanted, smallest.shape[1], smallest, found.shape[1], found, bounds, counts)


class _Addressed(list[Any]):
    """Arrays, or None, and their addresses, of which None has 0."""

    def __init__(self, arrays: Sequence[NDArray[Any] | None]) -> None:
        super().__init__(arrays)
        self.addresses = np.array([0 if each is None else _address(each) for each in arrays], np.uintp)
        self.address = _address(self.addresses)


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
        self._pointers = arrays.address, chosen.address, _address(starts), len(arrays), _address(rows)

    def __call__(
        self,
        shortlists: NDArray[np.int64],
        queries: NDArray[np.float32],
        products: NDArray[np.float32],
        found: NDArray[np.int64],
    ) -> bool:
        # Pointers are passed as numbers: to check the types of arrays takes longer than to rank a short shortlist.
        size = *shortlists.shape, _address(queries), queries.shape[1], products.shape[1]
        finite = _rank_shortlists(*self._pointers, _address(shortlists), *size, _address(products), _address(found))
        _check_memory(finite < 0)
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


def cheapest_fixed_speeds(
    products: Sequence[NDArray[np.float32]],
    query_squares: NDArray[np.float32],
    squares: NDArray[np.float32],
    frames: NDArray[np.int64],
    speeds: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    addresses = np.array([_address(each) for each in products], np.uintp)
    lengths = np.array([each.shape[1] for each in products], np.int64)
    best, ends = np.empty(len(squares), np.float32), np.empty(len(squares), np.int32)
    asked = query_squares, squares, frames, len(frames), speeds, len(speeds), np.empty(len(frames), np.int64)
    _cheapest_fixed_speeds(addresses, lengths, len(products), *asked, best, ends)
    return best, ends


def warping_features(
    motions: Sequence[NDArray[np.float32]],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
    joints: NDArray[np.int32],
    factors: NDArray[np.float32],
    velocity_factor: float,
    rate: float,
    features: NDArray[np.float32],
) -> None:
    addresses, lengths = _addresses_and_lengths(motions)
    turns, origins = np.empty((lengths.max(), 2)), np.empty((lengths.max(), 3), np.float32)
    facing = sides, side_factors, len(sides), hips
    taken = joints, factors, len(joints), velocity_factor, rate
    bodies = addresses, lengths, len(motions), motions[0].shape[1]
    _warping_features(*bodies, *facing, *taken, turns, origins, features)


def body_channels(
    motions: Sequence[NDArray[np.float32]],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
    joints: NDArray[np.int32],
    pairs: NDArray[np.int32],
    bones: NDArray[np.int32],
    rates: int,
    rate: float,
) -> NDArray[np.float32]:
    addresses, lengths = _addresses_and_lengths(motions)
    pair_count, bone_count = pairs.shape[1], bones.shape[1]
    channels = np.empty((lengths.sum(), pair_count + 3 * bone_count + rates), np.float32)
    bodies = addresses, lengths, len(motions), motions[0].shape[1]
    facing = sides, side_factors, len(sides), hips
    taken = joints, len(joints), pairs, pair_count, bones, bone_count, rates
    _check_memory(_body_channels(*bodies, *facing, *taken, rate, channels))
    return channels


def map_rows(
    rows: NDArray[np.float32], matrix: NDArray[np.float32], centre: NDArray[np.float32]
) -> NDArray[np.float32]:
    mapped = np.empty((len(rows), len(centre)), np.float32)
    _map_rows(rows, *rows.shape, matrix, centre, len(centre), mapped)
    return mapped


def window_statistics(
    channels: NDArray[np.float32],
    spans: NDArray[np.int64],
    waves: NDArray[np.float32],
    waved: int,
    ordered: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    count, width = len(spans), channels.shape[1]
    magnitudes, quantiles = np.empty((count, waved, 6), np.float32), np.empty((count, ordered, 5), np.float32)
    means = np.empty((count, 2, width - ordered), np.float32)
    results = magnitudes, quantiles, means
    _check_memory(_window_statistics(channels, width, spans, count, waves, waved, ordered, *results))
    return results


def facing_signs(poses: NDArray[np.float32], places: NDArray[np.int32]) -> NDArray[np.float64]:
    signs = np.empty(6)
    _facing_signs(poses, *poses.shape[:2], places, signs)
    return signs


def floor_signs(
    here: NDArray[np.float32],
    later: NDArray[np.float32],
    joints: NDArray[np.int32],
    flesh: NDArray[np.float32],
    head: NDArray[np.bool_],
    step_s: float,
    limits: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    frames, body, _ = here.shape
    results = np.empty((6, frames), np.float32), np.empty(frames, np.float32), np.empty((6, 4))
    _floor_signs(here, later, frames, body, joints, len(joints), flesh, head, step_s, limits, *results)
    return results


def distances_between(poses: NDArray[np.float32], ends: NDArray[np.int32]) -> NDArray[np.float64]:
    distances = np.empty((len(poses), len(ends)))
    _distances_between(poses, *poses.shape[:2], ends, len(ends), distances)
    return distances


def forward_kinematics(
    parents: NDArray[np.int32],
    is_parent: NDArray[np.bool_],
    offsets: NDArray[np.float32],
    turns: NDArray[np.float32],
    is_turned: NDArray[np.bool_],
    axes: NDArray[np.float32],
    channel_ends: NDArray[np.int64],
    kinds: NDArray[np.int32],
    channels: NDArray[np.float64],
    positions: NDArray[np.float32],
) -> None:
    rig = parents, is_parent, offsets, turns, is_turned, axes, channel_ends, kinds
    _check_memory(_forward_kinematics(*rig, channels, positions, len(channels), len(parents), len(kinds)))


def resample_frames(samples: NDArray[np.float32], step: float, lobes: int, wanted: int) -> NDArray[np.float32]:
    count, width = samples.shape
    reach = int(np.ceil(lobes * max(step, 1.0)))
    room, result = (np.empty(2 * reach + 1), np.empty(width)), np.empty((wanted, width), np.float32)
    _resample_frames(samples, count, width, step, lobes, reach, *room, result, wanted)
    return result


def scan_rows(
    text: NDArray[np.uint8],
    stop: int,
    mark: int,
    row_length: int,
    values: NDArray[np.float64],
    state: NDArray[np.int64],
) -> int:
    return int(_scan_rows(text, stop, mark, row_length, values, values.size, state))


def scan_frames(
    text: NDArray[np.uint8],
    stop: int,
    mark: int,
    layout: tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]],
    column_ends: NDArray[np.int64],
    values: NDArray[np.float64],
    state: NDArray[np.int64],
) -> int:
    return int(_scan_frames(text, stop, mark, *layout, column_ends, len(column_ends), values, *values.shape, state))
