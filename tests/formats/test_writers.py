"""What is written reads back: to the printed digit where the format has room for it, in the same places otherwise."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.random_rigs import AXIS_ORDERS, random_channels, random_rigs, rig_of
from support.written_motion import write_motion_bvh

from mretrieve.errors import FormatError
from mretrieve.formats import read
from mretrieve.formats.asf_writer import write_amc, write_asf
from mretrieve.formats.bvh_writer import write_bvh
from mretrieve.motion import Motion, Rig
from mretrieve.motion.motion import joint_positions
from mretrieve.motion.rotations import euler_angles, rotation_about


@given(random_rigs(), st.integers(3, 9))
def test_bvh_channels_come_back_to_the_printed_digit(tmp_path_factory, made, decimals):
    rig, channels = made
    path = tmp_path_factory.mktemp("bvh") / "motion.bvh"
    write_bvh(path, rig, channels, 60.0, decimals)
    (motion,) = read(path)
    order = [motion.rig.joint_names.index(name) for name in rig.joint_names]  # BVH lists joints depth first
    columns = np.concatenate([np.flatnonzero(motion.rig.channel_joints == joint) for joint in order])
    assert np.array_equal(motion.rig.channel_kinds[columns], rig.channel_kinds)
    in_file = np.where(rig.channel_kinds < 3, 1.0, 180 / np.pi)
    digit = 0.5001 * 10.0**-decimals
    np.testing.assert_allclose(motion.channels[:, columns] * in_file, channels * in_file, rtol=0, atol=digit)
    np.testing.assert_allclose(motion.rig.offsets[order], rig.offsets, rtol=0, atol=digit)


@given(random_rigs(), st.booleans())
def test_acclaim_joints_come_back_to_their_places(tmp_path_factory, made, framed):
    rig, channels = made
    if framed:
        rng = np.random.default_rng(3)
        letters = [
            "".join("xyzXYZ"[k] for k in rig.channel_kinds[rig.channel_joints == j]) for j in range(len(rig.parents))
        ]
        framed_rig = rig_of(rig.joint_names, rig.parents, letters, rng, rests=True)
        rig = Rig(
            rig.joint_names, rig.parents, rig.offsets, framed_rig.rest_rotations, rig.channel_joints, rig.channel_kinds
        )
    folder = tmp_path_factory.mktemp("acclaim")
    write_asf(folder / "body.asf", rig, 0.01)
    write_amc(folder / "body.amc", rig, channels, 50.0, 9)
    (motion,) = read(folder / "body.amc")
    assert motion.fps == 50.0
    assert motion.metres_per_unit == pytest.approx(0.01, rel=1e-8)
    order = [0] + [motion.rig.joint_names.index(name) for name in rig.joint_names[1:]]
    np.testing.assert_allclose(motion.positions[:, order], joint_positions(rig, channels), atol=2e-4)


def test_end_sites_come_back_as_end_sites(tmp_path):
    rng = np.random.default_rng(1)
    names = ["hips", "leg", "leg_end", "arm", "hand_end"]
    rig = rig_of(names, [-1, 0, 1, 0, 3], ["xyzZXY", "ZXY", "", "ZXY", ""], rng)
    write_bvh(tmp_path / "m.bvh", rig, random_channels(rig, 2, rng), 30.0)
    text = (tmp_path / "m.bvh").read_text()
    assert text.count("End Site") == 1
    assert "JOINT hand_end" in text  # the name says another parent: it is a joint of its own
    assert read(tmp_path / "m.bvh")[0].rig.joint_names == rig.joint_names


def test_names_with_blanks_and_umlauts_come_back(tmp_path):
    rng = np.random.default_rng(2)
    rig = rig_of(["Hüfte", "Bein links", "mixamorig:Fuß"], [-1, 0, 1], ["xyzZXY", "ZXY", "ZXY"], rng)
    write_bvh(tmp_path / "m.bvh", rig, random_channels(rig, 2, rng), 30.0)
    assert read(tmp_path / "m.bvh")[0].rig.joint_names == rig.joint_names


def test_acclaim_names_that_would_read_as_something_else_are_changed(tmp_path):
    rng = np.random.default_rng(2)
    names = ["hips", "12", "end", "a b", "a_b", "root"]
    rig = rig_of(names, [-1, 0, 1, 2, 3, 4], ["xyzZXY", "ZXY", "X", "Y", "Z", "ZXY"], rng)
    channels = random_channels(rig, 3, rng)
    write_asf(tmp_path / "m.asf", rig, 1.0)
    write_amc(tmp_path / "m.amc", rig, channels, 120.0)
    (motion,) = read(tmp_path / "m.amc")
    places = joint_positions(rig, channels)
    for joint in range(6):
        assert np.abs(motion.positions - places[:, joint : joint + 1]).max(axis=(0, 2)).min() < 1e-3


@pytest.mark.parametrize("fps", [24.0, 25.0, 30000 / 1001, 30.0, 50.0, 60000 / 1001, 60.0, 100.0, 120.0, 240.0, 37.5])
def test_rates_come_back_exactly(tmp_path, fps):
    rng = np.random.default_rng(3)
    rig = rig_of(["hips"], [-1], ["xyzZXY"], rng)
    channels = random_channels(rig, 2, rng)
    write_bvh(tmp_path / "m.bvh", rig, channels, fps)
    write_asf(tmp_path / "m.asf", rig, 1.0)
    write_amc(tmp_path / "m.amc", rig, channels, fps)
    assert read(tmp_path / "m.bvh")[0].fps == pytest.approx(fps, rel=1e-6)  # 29.97 is read as the nominal rate
    assert read(tmp_path / "m.amc")[0].fps == fps


def test_real_acclaim_motion_is_the_same_after_writing(mocap, tmp_path):
    source = mocap / "cmu" / "asfamc" / "02_01.amc"
    (motion,) = read(source)
    write_asf(tmp_path / "02.asf", motion.rig, motion.metres_per_unit)
    write_amc(tmp_path / "02_01.amc", motion.rig, motion.channels, motion.fps)
    (again,) = read(tmp_path / "02_01.amc")
    assert again.rig.joint_names == motion.rig.joint_names
    np.testing.assert_allclose(again.positions, motion.positions, atol=1e-4)
    np.testing.assert_allclose(again.channels, motion.channels, atol=1e-6)


def test_real_acclaim_motion_can_be_exported_as_bvh(mocap, tmp_path):
    """BVH knows no rest rotations: they are worked into the channels and every joint stays where it was."""
    (motion,) = read(mocap / "cmu" / "asfamc" / "02_02.amc")
    write_motion_bvh(tmp_path / "m.bvh", motion)
    (again,) = read(tmp_path / "m.bvh")
    order = [again.rig.joint_names.index(name) for name in motion.rig.joint_names]
    np.testing.assert_allclose(again.positions[:, order], motion.positions, atol=1e-4)


def test_real_bvh_motion_is_the_same_after_writing(mocap, tmp_path):
    source = sorted((mocap / "bandai1").glob("*.bvh"))[0]
    (motion,) = read(source)
    write_motion_bvh(tmp_path / "m.bvh", motion)
    (again,) = read(tmp_path / "m.bvh")
    assert again.rig.joint_names == motion.rig.joint_names
    assert np.array_equal(again.rig.channel_kinds, motion.rig.channel_kinds)
    np.testing.assert_allclose(again.channels, motion.channels, atol=1e-6)


@pytest.mark.parametrize("axes", AXIS_ORDERS)
def test_euler_angles_make_the_rotation_again(axes):
    angles = np.random.default_rng(4).uniform(-np.pi, np.pi, (200, 3))
    angles[:2, 1] = np.pi / 2, -np.pi / 2  # where the first and the third axis fall together

    def turned(three):
        first, second, third = (rotation_about(axis, three[:, n]) for n, axis in enumerate(axes))
        return first @ second @ third

    np.testing.assert_allclose(turned(euler_angles(turned(angles), axes)), turned(angles), atol=1e-7)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    rig = rig_of(["hips"], [-1], ["xyzZXY"], rng)
    write_bvh(tmp_path / "m.bvh", rig, random_channels(rig, 1, rng), 30.0)
    before = (tmp_path / "m.bvh").read_bytes()

    def full_disk(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_bvh(tmp_path / "m.bvh", rig, random_channels(rig, 5, rng), 30.0)
    assert [path.name for path in tmp_path.iterdir()] == ["m.bvh"]
    assert (tmp_path / "m.bvh").read_bytes() == before


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    rng = np.random.default_rng(6)
    rig = rig_of(["hips"], [-1], ["xyzZXY"], rng)
    channels = random_channels(rig, 3, rng)
    channels[1, 2] = np.nan
    for write, name in ((write_bvh, "m.bvh"), (write_amc, "m.amc")):
        with pytest.raises(FormatError, match=rf"{name}: frame 1 has a number that is not finite"):
            write(tmp_path / name, rig, channels, 30.0)
    assert list(tmp_path.iterdir()) == []


def test_what_acclaim_cannot_say_is_refused(tmp_path):
    rng = np.random.default_rng(7)
    two_roots = rig_of(["a", "b"], [-1, -1], ["xyzZXY", "ZXY"], rng)
    twice_about_z = rig_of(["a"], [-1], ["xyzZXZ"], rng)
    with pytest.raises(FormatError, match="one root and this rig 2; write BVH"):
        write_asf(tmp_path / "m.asf", two_roots, 1.0)
    with pytest.raises(FormatError, match="'root' turns about one axis twice"):
        write_asf(tmp_path / "m.asf", twice_about_z, 1.0)


def test_positions_without_rotations_are_refused(tmp_path):
    rig = rig_of(["hips"], [-1], ["xyz"], np.random.default_rng(8))
    motion = Motion(rig, np.zeros((3, 1, 3), np.float32), 30.0, Path("points.npz"))
    with pytest.raises(FormatError, match="positions and no rotations"):
        write_motion_bvh(tmp_path / "m.bvh", motion)
