"""The statistics of a window, against their definitions written out the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve.encoders.statistics.pose_features import (
    BLOCKS,
    CHANNEL_JOINTS,
    FEATURE_COUNT,
    FEATURE_JOINTS,
    pose_channels,
    window_features,
)
from mretrieve.motion import JOINTS
from mretrieve.motion.augmentation import move_joints
from mretrieve.motion.bones import USED_JOINTS


def plain_features(channels: np.ndarray) -> np.ndarray:
    """Features (1965,) of all frames, before the signed root, one channel at a time."""
    frames = np.arange(len(channels))
    swings, quantiles = [], []
    for channel in channels[:, :204].T.astype(np.float64):
        samples = np.interp(np.linspace(0, frames[-1], 32), frames, channel)
        swings.append(np.abs(np.fft.rfft(samples))[1:7] / 32)
        quantiles.append(np.quantile(channel, [0.1, 0.25, 0.5, 0.75, 0.9]))
    root, speeds = channels[:, [204, 205, 206, 207, 205]], channels[:, 208:].mean(axis=0)
    return np.concatenate(
        [
            np.ravel(swings[:153]),
            np.ravel(quantiles[153:]),
            np.ravel(quantiles[:153]),
            root.mean(axis=0),
            np.abs(root).mean(axis=0),
            speeds / (speeds.mean() + 0.04),
        ]
    )


@pytest.mark.parametrize(("start", "length"), [(0, 90), (13, 60), (40, 7)])
def test_a_windows_features_are_the_signed_roots_of_the_plain_statistics(start: int, length: int):
    channels = pose_channels(random_clip(0, 90))
    expected = plain_features(channels[start : start + length])
    features = window_features(channels, np.array([[start, start + length]]), np.ones((1, 18), bool))[0]
    assert np.sign(features) * features**2 == pytest.approx(expected, abs=1e-5)


def test_many_windows_at_once_are_the_windows_one_by_one():
    channels = pose_channels(random_clip(1, 300))
    spans = np.arange(0, 240)[:, None] + np.array([0, 60])
    everyone = np.ones((240, 18), bool)
    together = window_features(channels, spans, everyone)
    alone = [window_features(channels, spans[[i]], everyone[:1])[0] for i in (0, 127, 128, 239)]
    np.testing.assert_array_equal(together[[0, 127, 128, 239]], alone)


def test_the_blocks_cover_every_feature_once():
    assert [rows.start for rows in BLOCKS.values()] == [0, *[rows.stop for rows in BLOCKS.values()][:-1]]
    assert list(BLOCKS.values())[-1].stop == FEATURE_COUNT == len(FEATURE_JOINTS)


#: Joints that set neither the origin nor the heading: only these can be told apart one by one.
FREE_JOINTS = [name for name in JOINTS if name != "pelvis" and "hip" not in name and "shoulder" not in name]


@pytest.mark.parametrize("moved", FREE_JOINTS)
def test_a_joint_changes_only_channels_that_are_said_to_be_made_of_it(moved: str):
    clip = random_clip(2, 40)
    offsets = np.zeros((22, 3))
    offsets[JOINTS.index(moved)] = 0.1
    changed = np.abs(pose_channels(move_joints(clip, offsets)) - pose_channels(clip)).max(axis=0) > 1e-5
    used = USED_JOINTS.index(JOINTS.index(moved)) if JOINTS.index(moved) in USED_JOINTS else None
    expected = CHANNEL_JOINTS[:, used] if used is not None else np.zeros(len(CHANNEL_JOINTS), bool)
    assert not (changed & ~expected).any()
    assert changed[:153].sum() == expected[:153].sum()


def test_walking_ahead_is_velocity_forwards():
    clip = random_clip(3, 30)
    facing = np.array([0, 0, 1.0]) * np.arange(30)[:, None] / 30  # 1 m/s
    still = np.repeat(clip.positions[:1] * 0 + clip.positions[0], 30, axis=0)
    left = still[0, 1] - still[0, 2] + still[0, 16] - still[0, 17]
    angle = -np.arctan2(left[2], left[0])  # how far the body is turned from facing +Z
    ahead = np.stack([np.sin(angle) * facing[:, 2], 0 * facing[:, 2], np.cos(angle) * facing[:, 2]], axis=1)
    channels = pose_channels(type(clip)((still + ahead[:, None]).astype(np.float32), clip.observed))
    assert pytest.approx(np.tile([0, 0, 1, 0], (30, 1)), abs=1e-3) == channels[:, 204:208]
