"""Channels of each frame of a body, and statistics of channels over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .headings import body_velocity, headings

_SAMPLES, _BINS = 32, 6
_QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])


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
    """Channels (sum of T, P + 3 B + rates) of motions, one after the other.

    They are the distances of pairs; unit vectors along bones in the frame of the body's own heading; velocity of the
    origin to the left, up and forwards in that frame and change of heading; speeds of all joints but the first in it.

    Args:
        motions: positions (T, N, 3), C-contiguous, in metres, world, Y up, of at least one frame each.
        sides, side_factors, hips: where the body is and faces, as in `warping_features`.
        joints: (J,) that the channels are made of.
        pairs: (2, P) of places in `joints`.
        bones: (2, B) parents and children, places in `joints`.
        rates: how many of the last 4 + J - 1 channels are wanted: all, the first 4 or 0.
        rate: frames a second.
    """
    body = sides, side_factors, hips, joints, pairs, bones, rate
    wanted = pairs.shape[1] + 3 * bones.shape[1] + rates
    return np.concatenate([_motion_channels(positions, *body)[:, :wanted] for positions in motions])


def map_rows(
    rows: NDArray[np.float32], matrix: NDArray[np.float32], centre: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Rows (N, F) times a matrix, less a centre (K,): (N, K). A row's result does not depend on the other rows.

    Args:
        rows: C-contiguous.
        matrix: (ceil(K / 16), F, 16): a matrix (F, K), filled up with zeros, in blocks of 16 columns.
        centre: what is subtracted from each result.
    """
    mapped = np.empty((len(rows), len(centre)), np.float32)
    _map_rows(rows, matrix, centre, mapped)
    return mapped


@njit(cache=True, nogil=True)
def _map_rows(
    rows: NDArray[np.float32], matrix: NDArray[np.float32], centre: NDArray[np.float32], mapped: NDArray[np.float32]
) -> None:
    for row in range(len(rows)):
        for column in range(len(centre)):
            total = np.float64(0)
            for number in range(rows.shape[1]):
                total += rows[row, number] * matrix[column // 16, number, column % 16]
            mapped[row, column] = total - centre[column]


@njit(cache=True, nogil=True)
def _motion_channels(
    positions: NDArray[np.float32],
    sides: NDArray[np.int32],
    side_factors: NDArray[np.float32],
    hips: NDArray[np.int32],
    joints: NDArray[np.int32],
    pairs: NDArray[np.int32],
    bones: NDArray[np.int32],
    rate: float,
) -> NDArray[np.float32]:
    frames, count, pair_count, bone_count = len(positions), len(joints), pairs.shape[1], bones.shape[1]
    turns, origins = headings(positions, sides, side_factors, hips)
    channels = np.empty((frames, pair_count + 3 * bone_count + 4 + count - 1), np.float32)
    seen, angles = np.empty((frames, count, 3), np.float32), np.empty(frames)
    root = pair_count + 3 * bone_count
    for frame in range(frames):
        cosine, sine = turns[frame]
        angles[frame] = np.arctan2(sine, cosine)
        places = np.empty((count, 3), np.float32)
        for joint in range(count):
            place = positions[frame, joints[joint]] - origins[frame]
            places[joint] = place
            seen[frame, joint, 0] = cosine * place[0] - sine * place[2]
            seen[frame, joint, 1] = place[1]
            seen[frame, joint, 2] = sine * place[0] + cosine * place[2]
        for pair in range(pair_count):
            apart = places[pairs[0, pair]] - places[pairs[1, pair]]
            channels[frame, pair] = np.sqrt(np.sum(apart * apart))
        for bone in range(bone_count):
            along = places[bones[1, bone]] - places[bones[0, bone]]
            length = max(np.sqrt(np.sum(along * along)), np.float32(1e-6))
            column = pair_count + 3 * bone
            channels[frame, column] = (cosine * along[0] - sine * along[2]) / length
            channels[frame, column + 1] = along[1] / length
            channels[frame, column + 2] = (sine * along[0] + cosine * along[2]) / length
        velocity = body_velocity(origins, frame, rate, cosine, sine)
        for axis in range(3):
            channels[frame, root + axis] = velocity[axis]
    for frame in range(frames):
        before, after = max(frame - 1, 0), min(frame + 1, frames - 1)
        step = rate / (after - before) if after > before else 0.0
        turned = 0.0
        for moment in range(before, after):
            angle = angles[moment + 1] - angles[moment]
            turned += angle - 2 * np.pi * np.rint(angle / (2 * np.pi))
        channels[frame, root + 3] = step * turned
        for joint in range(1, count):
            moved = seen[after, joint] - seen[before, joint]
            channels[frame, root + 3 + joint] = step * np.sqrt(np.sum(moved * moved))
    return channels


@njit(cache=True, nogil=True)
def window_statistics(
    channels: NDArray[np.float32], spans: NDArray[np.int64], waves: NDArray[np.float32], waved: int, ordered: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Statistics over time of spans (S, 2) of channels (T, C), C-contiguous and finite.

    Args:
        channels: what is described.
        spans: first frame and end, not empty.
        waves: (32, 12) the linear map from 32 samples to the cosine parts and the sine parts of 6 Fourier bins.
        waved: the first `waved` channels, at most `ordered`, get magnitudes.
        ordered: the first `ordered` channels get quantiles, the others means.

    Returns:
        (S, waved, 6) roots of the magnitudes of the bins, of the difference from the span's first frame, interpolated.
        (S, ordered, 5) signed roots of the quantiles .1, .25, .5, .75 and .9.
        (S, 2, C - ordered) means, and means of the absolute value.
    """
    count, width = len(spans), channels.shape[1]
    magnitudes = np.empty((count, waved, _BINS), np.float32)
    quantiles = np.empty((count, ordered, len(_QUANTILES)), np.float32)
    means = np.zeros((count, 2, width - ordered), np.float32)
    for span in range(count):
        start, end = spans[span]
        last = end - start - 1
        for channel in range(ordered):
            values = channels[start:end, channel].copy()
            if channel < waved:
                sums = np.zeros(2 * _BINS, np.float32)
                for sample in range(1, _SAMPLES):
                    place = sample * (last / (_SAMPLES - 1)) if sample + 1 < _SAMPLES else float(last)
                    low = int(place)
                    high, part = min(low + 1, last), np.float32(place - low)
                    swing = (1 - part) * (values[low] - values[0]) + part * (values[high] - values[0])
                    sums += waves[sample] * swing
                for number in range(_BINS):
                    size = np.sqrt(sums[number] ** 2 + sums[_BINS + number] ** 2)
                    magnitudes[span, channel, number] = np.sqrt(size)
            values.sort()
            for number in range(len(_QUANTILES)):
                place = _QUANTILES[number] * last
                low = int(place)
                high, part = min(low + 1, last), np.float32(place - low)
                value = (1 - part) * values[low] + part * values[high]
                quantiles[span, channel, number] = np.sign(value) * np.sqrt(abs(value))
        for other in range(width - ordered):
            values = channels[start:end, ordered + other]
            means[span, 0, other] = values.sum() / np.float64(last + 1)
            means[span, 1, other] = np.abs(values).sum() / np.float64(last + 1)
    return magnitudes, quantiles, means
