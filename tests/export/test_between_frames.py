"""Poses between frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp
from support.moving_bodies import random_clip

from mretrieve.export.warping import poses_at, warped_times
from mretrieve.motion import CANONICAL_FPS, Clip, Motion, Rig, mirror
from mretrieve.motion.rotations import rotation_vectors, slerp
from mretrieve.motion.skeleton import joint


def test_slerp_is_that_of_scipy():
    rng = np.random.default_rng(1)
    pairs = Rotation.random(200, random_state=2)
    fraction = rng.uniform(0, 1, 100)
    ours = slerp(pairs[:100].as_matrix(), pairs[100:].as_matrix(), fraction[:, None])
    for n in range(100):
        theirs = Slerp([0, 1], Rotation.concatenate([pairs[n], pairs[100 + n]]))(fraction[n])
        np.testing.assert_allclose(ours[n], theirs.as_matrix(), atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 1.0, 3.0, np.pi - 1e-7, np.pi])
def test_rotation_vectors_of_all_angles(angle):
    axes = np.random.default_rng(2).normal(size=(50, 3))
    axes[:6] = np.concatenate([np.eye(3), -np.eye(3)])
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turned = Rotation.from_rotvec(angle * axes).as_matrix()
    np.testing.assert_allclose(Rotation.from_rotvec(rotation_vectors(turned)).as_matrix(), turned, atol=1e-7)


def test_at_a_frame_is_the_frame_and_the_root_goes_straight():
    rng = np.random.default_rng(3)
    kinds = np.array([0, 1, 2, 5, 3, 4], np.int32)
    rig = Rig(("a",), np.array([-1], np.int32), np.zeros((1, 3)), None, np.zeros(6, np.int32), kinds)
    channels = rng.uniform(-1, 1, (4, 6))
    turned, moved = rig.poses(channels)
    motion = Motion(rig, moved.astype(np.float32), 30.0, Path("take"), channels=channels)
    again = poses_at(motion, np.array([0.0, 1, 2, 3]))
    assert np.array_equal(again[0], turned)
    assert np.array_equal(again[1], moved)
    np.testing.assert_allclose(poses_at(motion, np.array([1.25]))[1][0], 0.75 * moved[1] + 0.25 * moved[2])


def test_a_clip_retimed_to_itself_or_to_its_mirror_image_keeps_its_times():
    """The left arm rises first and the right one later, so that only one of the two fits."""
    clip = random_clip(3, 60)
    positions = np.repeat(clip.positions[:1], 60, axis=0)
    rise = np.clip(np.arange(60) / 10, 0, 1)
    positions[:, joint("left_wrist"), 1] += rise
    positions[:, joint("right_wrist"), 1] += np.roll(rise, 30) * (np.arange(60) >= 30)
    clip = replace(clip, positions=positions, observed=np.ones((60, 22), bool))
    for query in (clip, mirror(clip)):
        np.testing.assert_allclose(warped_times(query, clip), np.arange(60) / CANONICAL_FPS, atol=1e-9)


def test_of_the_query_and_its_mirror_image_the_one_that_fits_gives_the_times():
    clip = random_clip(3, 60)
    still = np.repeat(clip.positions[:1], 60, axis=0)

    def raised_from(frame: int) -> Clip:
        positions = still.copy()
        positions[:, joint("left_wrist"), 1] += np.clip((np.arange(60) - frame) / 10, 0, 1)
        return replace(clip, positions=positions, observed=np.ones((60, 22), bool))

    for query in (raised_from(30), mirror(raised_from(30))):
        assert warped_times(query, raised_from(10))[35] == pytest.approx(15 / CANONICAL_FPS, abs=0.1)
