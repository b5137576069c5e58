"""Poses with velocities."""

from __future__ import annotations

import numpy as np

from mretrieve.encoders.moving_poses import FOUND_JOINTS, moving_poses
from mretrieve.motion.bones import USED_JOINTS
from mretrieve.motion.skeleton import JOINTS


def test_a_joint_that_moves_evenly_has_its_velocity_in_metres_a_second():
    poses = np.zeros((20, 2, 3), np.float32)
    poses[:, 1, 0] = np.arange(20) / 30 * 0.7
    found = moving_poses(poses, velocity_s=2.0)
    np.testing.assert_array_equal(found[..., :3], poses)
    np.testing.assert_allclose(found[4:-4, 1, 3:], [[1.4, 0, 0]] * 12, atol=1e-5)
    np.testing.assert_allclose(found[:, 0, 3:], 0.0, atol=1e-6)


def test_the_way_up_differs_from_the_way_down():
    height = np.abs(np.linspace(-1, 1, 41))[:, None, None].astype(np.float32)
    found = moving_poses(height)
    np.testing.assert_allclose(found[10, 0, 0], found[30, 0, 0])
    assert abs(found[10, 0, 1] - found[30, 0, 1]) > 0.5


def test_one_frame_stands_still():
    assert moving_poses(np.ones((1, 3, 3))).shape == (1, 3, 6)
    assert moving_poses(np.ones((0, 3, 3))).shape == (0, 3, 6)


def test_heads_and_feet_are_not_found():
    names = {JOINTS[USED_JOINTS[place]] for place in FOUND_JOINTS}
    assert len(names) == 15
    assert not names & {"head", "left_foot", "right_foot"}
