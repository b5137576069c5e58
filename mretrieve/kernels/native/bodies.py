"""What bodies do: their joints in space, what describes their motion, and signs of axes and sides."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_double, c_float, c_int64

import numpy as np
from numpy.typing import NDArray

from .calling import (
    BOOL,
    EXACT,
    FLOAT32,
    FLOAT64,
    FUSED,
    INT32,
    INT64,
    POINTERS,
    addresses_and_lengths,
    check_memory,
    declared,
)

_body = POINTERS, INT64, c_int64, c_int64, INT32, FLOAT32, c_int64, INT32, INT32, FLOAT32, c_int64
_warping_features = declared(
    FUSED, "warping_features", *_body, c_float, c_float, FLOAT64, FLOAT32, FLOAT32, result=None
)
_channels = POINTERS, INT64, c_int64, c_int64, INT32, FLOAT32, c_int64, INT32, INT32, c_int64, INT32, c_int64
_body_channels = declared(FUSED, "body_channels", *_channels, INT32, c_int64, c_int64, c_float, FLOAT32)
_statistics = FLOAT32, c_int64, c_int64, FLOAT32, FLOAT32, FLOAT32
_window_statistics = declared(FUSED, "window_statistics", FLOAT32, c_int64, INT64, c_int64, *_statistics)
_facing_signs = declared(FUSED, "facing_signs", FLOAT32, c_int64, c_int64, INT32, FLOAT64, result=None)
_carried = FLOAT32, FLOAT32, c_int64, c_int64, INT32, c_int64, FLOAT32, BOOL
_floor_signs = declared(FUSED, "floor_signs", *_carried, c_float, FLOAT32, FLOAT32, FLOAT32, FLOAT64, result=None)
_distances_between = declared(
    FUSED, "distances_between", FLOAT32, c_int64, c_int64, INT32, c_int64, FLOAT64, result=None
)
_rig = INT32, BOOL, FLOAT32, FLOAT32, BOOL, FLOAT32, INT64, INT32
_forward_kinematics = declared(FUSED, "forward_kinematics", *_rig, FLOAT64, FLOAT32, c_int64, c_int64, c_int64)
_resampling = c_int64, c_int64, c_double, c_int64, c_int64, FLOAT64, FLOAT64, FLOAT32, c_int64
_resample_frames = declared(EXACT, "resample_frames", FLOAT32, *_resampling, result=None)


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
    addresses, lengths = addresses_and_lengths(motions)
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
    addresses, lengths = addresses_and_lengths(motions)
    pair_count, bone_count = pairs.shape[1], bones.shape[1]
    channels = np.empty((lengths.sum(), pair_count + 3 * bone_count + rates), np.float32)
    bodies = addresses, lengths, len(motions), motions[0].shape[1]
    facing = sides, side_factors, len(sides), hips
    taken = joints, len(joints), pairs, pair_count, bones, bone_count, rates
    check_memory(_body_channels(*bodies, *facing, *taken, rate, channels))
    return channels


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
    check_memory(_window_statistics(channels, width, spans, count, waves, waved, ordered, *results))
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
    check_memory(_forward_kinematics(*rig, channels, positions, len(channels), len(parents), len(kinds)))


def resample_frames(samples: NDArray[np.float32], step: float, lobes: int, wanted: int) -> NDArray[np.float32]:
    count, width = samples.shape
    reach = int(np.ceil(lobes * max(step, 1.0)))
    room, result = (np.empty(2 * reach + 1), np.empty(width)), np.empty((wanted, width), np.float32)
    _resample_frames(samples, count, width, step, lobes, reach, *room, result, wanted)
    return result
