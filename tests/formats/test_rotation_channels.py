"""Poses as channels: whatever a rig is turned into, its joints stand where they should, and angles do not jump."""

import numpy as np
import pytest
from hypothesis import given
from support.random_rigs import AXIS_ORDERS, random_channels, random_rigs, rig_of

from mretrieve.formats import read
from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.formats.rotation_channels import continuous_angles, rig_in_poses
from mretrieve.motion.motion import joint_positions
from mretrieve.motion.rotations import euler_angles, rotation_about


@given(random_rigs())
def test_a_rig_in_its_own_poses_keeps_its_channels_and_places(made):
    rig, channels = made
    again, angles = rig_in_poses(rig, [rig.poses(channels)], len(channels))
    own = list(zip(rig.channel_joints, rig.channel_kinds, strict=True))
    kept = [pair for pair in zip(again.channel_joints, again.channel_kinds, strict=True) if pair in own]
    assert kept == own
    np.testing.assert_allclose(joint_positions(again, angles), joint_positions(rig, channels), atol=1e-3)
    np.testing.assert_allclose(again.poses(angles).rotations, rig.poses(channels).rotations, atol=1e-6)


def test_blocks_of_frames_are_joined():
    rng = np.random.default_rng(1)
    rig = rig_of(["a", "b", "c"], [-1, 0, 1], ["xyzZXY", "YXZ", "XZY"], rng)
    channels = random_channels(rig, 7, rng)
    blocks = [rig.poses(channels[:3]), rig.poses(channels[3:])]
    at_once = rig_in_poses(rig, [rig.poses(channels)], 7)[1]
    assert np.array_equal(rig_in_poses(rig, blocks, 7)[1], at_once)


def test_a_joint_that_turns_out_of_its_only_axis_gets_the_others():
    rng = np.random.default_rng(2)
    rig = rig_of(["a", "b", "c"], [-1, 0, 1], ["xyzZXY", "X", "Z"], rng)
    turned, moved = rig.poses(random_channels(rig, 3, rng))
    turned[:, 1] = turned[:, 0]
    again, angles = rig_in_poses(rig, [(turned, moved)], 3)
    assert again.channel_kinds[again.channel_joints == 1].tolist() == [3, 5, 4]  # its own first
    assert again.channel_kinds[again.channel_joints == 2].tolist() == [5]
    np.testing.assert_allclose(again.poses(angles).rotations, turned, atol=1e-7)


@pytest.mark.parametrize("axes", AXIS_ORDERS)
def test_angles_of_a_smooth_turn_do_not_jump(axes):
    """Over the poles of the angles (the middle one at a quarter turn), where the plain ones flip by half a turn."""
    time = np.linspace(0, 4 * np.pi, 400)
    smooth = np.stack([0.5 * np.sin(time), 2.2 * np.sin(0.7 * time), 0.3 * time], axis=1)
    first, second, third = (rotation_about(axis, smooth[:, n]) for n, axis in enumerate(axes))
    plain = euler_angles(first @ second @ third, axes)
    angles = continuous_angles(plain)
    assert np.abs(np.diff(plain, axis=0)).max() > 2
    assert np.abs(np.diff(angles, axis=0)).max() < 0.1
    first, second, third = (rotation_about(axis, angles[:, n]) for n, axis in enumerate(axes))
    np.testing.assert_allclose(euler_angles(first @ second @ third, axes), plain, atol=1e-6)


@pytest.mark.parametrize("axes", AXIS_ORDERS)
def test_a_quarter_turn_about_the_middle_axis_survives_rounding(axes):
    rng = np.random.default_rng(3)
    angles = rng.uniform(-3, 3, (500, 3))
    angles[:, 1] = np.pi / 2 * rng.choice([-1, 1], 500)
    first, second, third = (rotation_about(axis, angles[:, n]) for n, axis in enumerate(axes))
    rotations = first @ second @ third + rng.normal(0, 1e-16, (500, 3, 3))
    first, second, third = (
        rotation_about(axis, a) for axis, a in zip(axes, euler_angles(rotations, axes).T, strict=True)
    )
    np.testing.assert_allclose(first @ second @ third, rotations, atol=1e-6)


@pytest.mark.parametrize("name", ["bandai1/dataset-1_bow_active_001.bvh", "cmu/bvh/002_01.bvh"])
def test_a_file_of_others_is_written_with_the_very_same_numbers(mocap, tmp_path, name):
    (motion,) = read(mocap / name)
    write_bvh(tmp_path / "again.bvh", motion.rig, motion.channels, motion.fps, decimals=None)
    (again,) = read(tmp_path / "again.bvh")
    assert np.array_equal(again.rig.offsets, motion.rig.offsets)
    assert np.array_equal(again.channels, motion.channels)
    numbers = [
        line.replace("-0 ", "0 ").split()
        for line in (mocap / name).read_text().partition("Frame Time")[2].splitlines()[1:]
    ]
    written = (tmp_path / "again.bvh").read_text().partition("Frame Time")[2].splitlines()[1:]
    assert [[float(n) for n in line.split()] for line in written] == [[float(n) for n in row] for row in numbers if row]


def test_what_a_name_must_not_hold_is_replaced(tmp_path):
    rng = np.random.default_rng(4)
    rig = rig_of(["hips", "leg {left}", "foot\nof it"], [-1, 0, 1], ["xyzZXY", "ZXY", "ZXY"], rng)
    write_bvh(tmp_path / "m.bvh", rig, random_channels(rig, 2, rng), 30.0)
    assert read(tmp_path / "m.bvh")[0].rig.joint_names == ("hips", "leg _left_", "foot_of it")


def test_channels_of_a_smooth_turn_do_not_jump():
    rng = np.random.default_rng(3)
    rig = rig_of(["a", "b"], [-1, 0], ["xyzZXY", "ZXY"], rng)
    time = np.linspace(0, 4 * np.pi, 400)
    channels = np.zeros((400, 9))
    channels[:, 6:] = np.stack([0.5 * np.sin(time), 2.2 * np.sin(0.7 * time), 0.3 * time], axis=1)
    angles = rig_in_poses(rig, [rig.poses(channels)], 400)[1]
    assert np.abs(np.diff(angles, axis=0)).max() < 0.1
