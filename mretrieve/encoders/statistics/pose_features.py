"""What `pose-statistics` keeps of a window: statistics of the channels of its frames."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...motion import CANONICAL_FPS, Clip
from ...motion.body_view import body_view
from ...motion.bones import BONES, USED_JOINTS
from ...motion.skeleton import joint

_JOINT_COUNT = len(USED_JOINTS)
_FIRST, _SECOND = np.triu_indices(_JOINT_COUNT, 1)
_PARENT, _CHILD = np.array(BONES).T

#: Rows of a channel array: 153 distances (m), 17 x 3 bone directions (heading frame), 5 root rates, 17 speeds (m/s).
#: The root's rates are velocity to the left, up and forwards (m/s), turning (rad/s), and up again: height counts twice.
DISTANCES = slice(0, 153)
DIRECTIONS = slice(153, 204)
ROOT = slice(204, 209)
SPEEDS = slice(209, 226)
CHANNEL_COUNT = 226

#: Which used joints each channel is made of, (226, 18).
CHANNEL_JOINTS: NDArray[np.bool_] = np.zeros((CHANNEL_COUNT, _JOINT_COUNT), bool)
CHANNEL_JOINTS[np.arange(153), _FIRST] = CHANNEL_JOINTS[np.arange(153), _SECOND] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_PARENT, 3)] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_CHILD, 3)] = True
CHANNEL_JOINTS[209 + np.arange(17), 1 + np.arange(17)] = True

_CHUNK_FRAMES = 4096  # bounds the memory that long takes need
_FACING = tuple(map(joint, ("left_hip", "right_hip", "left_shoulder", "right_shoulder")))


def pose_channels(clip: Clip) -> NDArray[np.float32]:
    """Channels (226, T) of a clip; a channel that rests on unobserved joints holds what was filled in there."""
    view = body_view(clip.positions, clip.observed)
    # (18, 3, T): time runs along memory
    joints = np.ascontiguousarray(view.positions[:, USED_JOINTS].transpose(1, 2, 0))
    velocity = view.velocity()
    values = np.empty((CHANNEL_COUNT, clip.frame_count), np.float32)
    for start in range(0, clip.frame_count, _CHUNK_FRAMES):
        frames = slice(start, start + _CHUNK_FRAMES)
        part = joints[..., frames]
        values[DISTANCES, frames] = vector_lengths(part[_FIRST] - part[_SECOND])
        bones = part[_CHILD] - part[_PARENT]
        bones /= np.maximum(vector_lengths(bones), 1e-6)[:, None]
        values[DIRECTIONS, frames] = bones.reshape(51, -1)
    values[ROOT] = np.stack([*velocity.T, view.turning(), velocity[:, 1]])
    values[SPEEDS] = vector_lengths(np.gradient(joints[1:], axis=2)) * CANONICAL_FPS if clip.frame_count > 1 else 0.0
    return values


def vector_lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lengths (N, T) of vectors (N, 3, T)."""
    return np.asarray(np.sqrt(np.einsum("nit,nit->nt", vectors, vectors)), np.float32)


_QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
QUANTILE_COUNT = len(_QUANTILES)
_FOURIER_FRAMES, FOURIER_BINS = 32, 6  # a window is brought to 32 samples; bins 1-6 are its slow swings
_STILL_SPEED_M_S = 0.04  # below it, how speed is shared among the joints is noise
_CHUNK = 128  # windows that are sorted at once: bounds memory on long takes

#: Rows of a feature vector, one block after the other.
BLOCKS: dict[str, slice] = {
    "fourier magnitudes of distances": slice(0, 918),
    "quantiles of bone directions": slice(918, 1173),
    "quantiles of distances": slice(1173, 1938),
    "mean root rates": slice(1938, 1943),
    "mean absolute root rates": slice(1943, 1948),
    "relative joint speeds": slice(1948, 1965),
}
FEATURE_COUNT = 1965


def _feature_channels() -> NDArray[np.intp]:
    rows = np.arange(CHANNEL_COUNT)
    return np.concatenate(
        [
            np.repeat(rows[DISTANCES], FOURIER_BINS),
            np.repeat(rows[DIRECTIONS], QUANTILE_COUNT),
            np.repeat(rows[DISTANCES], QUANTILE_COUNT),
            rows[ROOT],
            rows[ROOT],
            rows[SPEEDS],
        ]
    )


#: Which used joints each feature is made of, (1965, 18).
FEATURE_JOINTS: NDArray[np.bool_] = CHANNEL_JOINTS[_feature_channels()]


def window_features(
    channels: NDArray[np.float32], starts: NDArray[np.integer], length: int, joints: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Features (W, 1965) of W windows of one length, from the channels (226, T) of their clip.

    `starts` are their first frames, `joints` (W, 18) says which used joints each window has; features of the others
    are undefined (FEATURE_JOINTS tells which). The signed root of every statistic is taken: it evens out their tails.
    """
    every = np.lib.stride_tricks.sliding_window_view(channels, length, axis=1).transpose(1, 0, 2)  # (T-L+1, 226, L)
    features = np.empty((len(starts), FEATURE_COUNT), np.float32)
    for first in range(0, len(starts), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        features[chunk] = _statistics(every[starts[chunk]], joints[chunk])
    return signed_root(features)


def signed_root(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The root of each number's size, with its sign."""
    return np.copysign(np.sqrt(np.abs(features)), features)


def fourier_magnitudes(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitudes (W, C, 6) of Fourier bins 1 to 6 of channels of one length (W, C, L), brought to 32 samples."""
    swings = windows - windows[:, :, :1]  # less the first frame: no swing, no rounding noise
    waves = swings @ _fourier(windows.shape[2])
    return np.hypot(waves[..., :FOURIER_BINS], waves[..., FOURIER_BINS:])


def order_statistics(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The quantiles .1, .25, .5, .75 and .9 (W, C, 5) over time of channels of one length (W, C, L)."""
    ordered = np.sort(windows, axis=2)
    place = _QUANTILES * (windows.shape[2] - 1)
    low = place.astype(int)
    part = (place - low).astype(np.float32)
    high = np.minimum(low + 1, windows.shape[2] - 1)
    return np.asarray((1 - part) * ordered[:, :, low] + part * ordered[:, :, high])


def _statistics(windows: NDArray[np.float32], joints: NDArray[np.bool_]) -> NDArray[np.float32]:
    count = len(windows)
    magnitudes = fourier_magnitudes(windows[:, DISTANCES])
    quantiles = order_statistics(windows[:, : DIRECTIONS.stop])
    root = windows[:, ROOT]
    speeds = windows[:, SPEEDS].mean(axis=2)
    has = joints[:, 1:]
    overall = np.where(has, speeds, 0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)
    return np.concatenate(
        [
            magnitudes.reshape(count, -1),
            quantiles[:, DIRECTIONS].reshape(count, -1),
            quantiles[:, DISTANCES].reshape(count, -1),
            root.mean(axis=2),
            np.abs(root).mean(axis=2),
            speeds / (overall + _STILL_SPEED_M_S)[:, None],
        ],
        axis=1,
    )


@lru_cache(maxsize=256)
def _fourier(length: int) -> NDArray[np.float32]:
    """The linear map (L, 12) from L samples, over 32 interpolated ones, to cosine and sine parts of bins 1 to 6."""
    place = np.linspace(0, length - 1, _FOURIER_FRAMES)
    low = place.astype(int)
    rows = np.arange(_FOURIER_FRAMES)
    interpolation = np.zeros((_FOURIER_FRAMES, length))
    interpolation[rows, low] += 1 - (place - low)
    interpolation[rows, np.minimum(low + 1, length - 1)] += place - low
    angles = 2 * np.pi / _FOURIER_FRAMES * np.outer(np.arange(1, FOURIER_BINS + 1), rows)
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) @ interpolation / _FOURIER_FRAMES
    return np.ascontiguousarray(waves.T, np.float32)
