"""What `pose-statistics` keeps of a window: statistics of the channels of its frames."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ...kernels import compiled
from ...motion import CANONICAL_FPS, Clip
from ...motion.body_view import Facing
from ...motion.bones import BONES, USED_JOINTS

_JOINT_COUNT = len(USED_JOINTS)
_JOINTS = np.array(USED_JOINTS, np.int32)
_PAIRS = np.array(np.triu_indices(_JOINT_COUNT, 1), np.int32)
_BONES = np.array(BONES, np.int32).T.copy()

#: Columns of a channel array: 153 distances (m), 17 x 3 bone directions (heading frame), 4 root rates, 17 speeds (m/s).
#: The root's rates are velocity to the left, up and forwards (m/s), and turning (rad/s).
DISTANCES = slice(0, 153)
DIRECTIONS = slice(153, 204)
ROOT = slice(204, 208)
SPEEDS = slice(208, 225)
CHANNEL_COUNT = 225
_RATES = CHANNEL_COUNT - ROOT.start
#: The root's rates in a feature vector: height counts twice.
_ROOT_RATES = [0, 1, 2, 3, 1]

#: Which used joints each channel is made of, (225, 18).
CHANNEL_JOINTS: NDArray[np.bool_] = np.zeros((CHANNEL_COUNT, _JOINT_COUNT), bool)
CHANNEL_JOINTS[np.arange(153), _PAIRS[0]] = CHANNEL_JOINTS[np.arange(153), _PAIRS[1]] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_BONES[0], 3)] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_BONES[1], 3)] = True
CHANNEL_JOINTS[208 + np.arange(17), 1 + np.arange(17)] = True


def pose_channels(*clips: Clip) -> NDArray[np.float32]:
    """Channels (sum of T, 225) of clips, one after the other.

    A channel that rests on unobserved joints holds what was filled in there.
    """
    alike = groupby(clips, key=lambda clip: clip.seen_joints.tobytes())
    parts = [
        body_channels([clip.positions for clip in group], np.frombuffer(seen, bool), _JOINTS, _PAIRS, _BONES, _RATES)
        for seen, group in alike
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def body_channels(
    motions: Sequence[NDArray[np.float32]],
    seen: NDArray[np.bool_],
    joints: NDArray[np.int32],
    pairs: NDArray[np.int32],
    bones: NDArray[np.int32],
    rates: int,
) -> NDArray[np.float32]:
    """Channels (sum of T, P + 3 B + rates) of positions (T, 22, 3), metres, world, of one motion after the other.

    They are distances of pairs (2, P), directions of bones (2, B) from first to second, the 4 rates of the root, and
    the speeds of all `joints` (J,) but the first, in the body's frame; `rates` is the number of the last two. Pairs and
    bones name joints by their place in `joints`. The joints (22,) that are `seen` tell where the body is and faces, as
    in `body_view`.
    """
    facing = Facing.by(seen)
    motions = [np.ascontiguousarray(positions, np.float32) for positions in motions]
    sides = facing.sides, facing.factors, facing.origin
    return compiled.body_channels(motions, *sides, joints, pairs, bones, rates, CANONICAL_FPS)


#: Of `window_statistics`.
FOURIER_BINS, QUANTILE_COUNT = 6, 5
_SAMPLES = 32  # that a window is brought to; its bins 1 to 6 are slow swings


def _waves() -> NDArray[np.float32]:
    """The linear map (32, 12) from samples to the cosine and sine parts of the bins."""
    angles = 2 * np.pi / _SAMPLES * np.outer(np.arange(_SAMPLES), np.arange(1, FOURIER_BINS + 1))
    return (np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / _SAMPLES).astype(np.float32)


_WAVES = _waves()
_STILL_SPEED_M_S = 0.04  # below it, how speed is shared among the joints is noise

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
            rows[ROOT][_ROOT_RATES],
            rows[ROOT][_ROOT_RATES],
            rows[SPEEDS],
        ]
    )


#: Which used joints each feature is made of, (1965, 18).
FEATURE_JOINTS: NDArray[np.bool_] = CHANNEL_JOINTS[_feature_channels()]


def window_features(
    channels: NDArray[np.float32], spans: NDArray[np.int64], joints: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Features (S, 1965) of spans (S, 2) of channels (T, 225).

    `joints` (S, 18) says which used joints each span has; features of the others are undefined (FEATURE_JOINTS tells
    which). The signed root of every statistic is taken: it evens out their tails.
    """
    count = len(spans)
    magnitudes, quantiles, means = window_statistics(channels, spans, DISTANCES.stop, DIRECTIONS.stop)
    root, speeds = means[:, :, : ROOT.stop - ROOT.start][..., _ROOT_RATES], means[:, 0, SPEEDS.start - ROOT.start :]
    has = joints[:, 1:]
    overall = np.where(has, speeds, 0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)
    terms = (
        magnitudes.reshape(count, -1),
        quantiles[:, DIRECTIONS].reshape(count, -1),
        quantiles[:, DISTANCES].reshape(count, -1),
        signed_root(root).reshape(count, -1),
        np.sqrt(speeds / (overall + _STILL_SPEED_M_S)[:, None]),
    )
    return np.concatenate(terms, axis=1, dtype=np.float32)


def signed_root(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The root of each number's size, with its sign."""
    return np.copysign(np.sqrt(np.abs(features)), features)


def window_statistics(
    channels: NDArray[np.float32], spans: NDArray[np.int64], waved: int, ordered: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Statistics over time of spans (S, 2) of channels (T, C).

    Returns:
        (S, waved, 6) of the first channels: roots of the magnitudes of bins 1 to 6 of the span brought to 32 samples.
        (S, ordered, 5) of the first channels: signed roots of the quantiles .1, .25, .5, .75 and .9.
        (S, 2, C - ordered) of the other channels: mean, and mean size.
    """
    return compiled.window_statistics(np.ascontiguousarray(channels), spans, _WAVES, waved, ordered)
