"""Position channels that are zero in every frame do not take the length of their bone; all others replace OFFSET."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.performed_files import TEMPLATES, Floats, performed, read_bvh_of

from mretrieve.motion import Rig, canonicalise
from mretrieve.motion.motion import ROTATE_X

KINDS = ["walk", "kick", "squat"]


def with_positions(rig: Rig, channels: Floats, joints: set[int], values: Floats | None = None) -> tuple[Rig, Floats]:
    """The rig with position channels at these joints too, and its channels; their `values` (T, 3) are zero if None."""
    new_joints, new_kinds, columns = [], [], []
    zeros = np.zeros((len(channels), 3)) if values is None else values
    for joint in range(len(rig.parents)):
        own = np.flatnonzero(rig.channel_joints == joint)
        if joint in joints:
            new_joints += [joint] * 3
            new_kinds += [0, 1, 2]
            columns.append(zeros)
        new_joints += [joint] * len(own)
        new_kinds += rig.channel_kinds[own].tolist()
        columns.append(channels[:, own])
    rig = replace(rig, channel_joints=np.array(new_joints, np.int32), channel_kinds=np.array(new_kinds, np.int32))
    return rig, np.concatenate(columns, axis=1)


def turning_joints(rig: Rig) -> list[int]:
    """The joints with rotations only, away from their parents: all but roots, ends and what carries the body."""
    moving = set(rig.channel_joints[rig.channel_kinds < ROTATE_X].tolist())
    turning = [joint for joint in np.unique(rig.channel_joints).tolist() if joint not in moving]
    return [joint for joint in turning if rig.offsets[joint].any()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("share", [0.15, 0.5, 1.0])
def test_the_body_is_the_one_without_the_zero_channels(template: str, kind: str, share: float) -> None:
    rig, channels = performed(kind, 30.0, TEMPLATES[template])
    plain = read_bvh_of(rig, channels, 30.0)
    turning = turning_joints(rig)
    count = max(1, round(share * len(turning)))
    chosen = set(np.random.default_rng(count).choice(turning, count, replace=False).tolist())
    motion = read_bvh_of(*with_positions(rig, channels, chosen), 30.0)
    np.testing.assert_allclose(motion.positions, plain.positions, atol=2e-4)
    np.testing.assert_allclose(canonicalise(motion).positions, canonicalise(plain).positions, atol=1e-4)
    (repair,) = motion.repairs
    named = [name for name in motion.rig.joint_names if repr(name) in repair]
    assert len(named) == min(count, 3)
    assert set(named) <= {rig.joint_names[joint] for joint in chosen}
    assert f" and {count - 3} more" in repair or count <= 3
    assert plain.repairs == ()


@pytest.mark.parametrize("template", TEMPLATES)
def test_channels_that_hold_the_offset_or_another_place_replace_it(template: str) -> None:
    rig, channels = performed("walk", 30.0, TEMPLATES[template])
    joint = turning_joints(rig)[3]
    for place in (rig.offsets[joint], 1.3 * rig.offsets[joint], rig.offsets[joint] * 0.02):
        values = np.tile(place, (len(channels), 1))
        motion = read_bvh_of(*with_positions(rig, channels, {joint}, values), 30.0)
        assert motion.repairs == ()
        np.testing.assert_allclose(motion.translations[:, joint], values, atol=1e-6)


def test_channels_that_are_zero_in_some_frames_replace_the_offset_in_all() -> None:
    rig, channels = performed("walk", 30.0)
    joint = turning_joints(rig)[3]
    values = np.zeros((len(channels), 3))
    values[-1, 1] = rig.offsets[joint, 1]
    motion = read_bvh_of(*with_positions(rig, channels, {joint}, values), 30.0)
    assert motion.repairs == ()
    np.testing.assert_allclose(motion.translations[:, joint], values, atol=1e-6)


def test_zeros_that_were_rounded_are_zeros() -> None:
    rig, channels = performed("walk", 30.0)
    joint = turning_joints(rig)[3]
    values = np.random.default_rng(0).normal(0, 2e-6, (len(channels), 3)) * np.abs(rig.offsets[joint]).max()
    motion = read_bvh_of(*with_positions(rig, channels, {joint}, values), 30.0)
    assert len(motion.repairs) == 1
    np.testing.assert_allclose(
        motion.translations[:, joint], np.tile(rig.offsets[joint], (len(channels), 1)), atol=1e-6
    )


def test_a_root_stays_where_its_channels_are_and_a_joint_without_an_offset_needs_no_remark() -> None:
    rig, channels = performed("bow", 30.0)
    rig = replace(rig, offsets=rig.offsets.copy())
    rig.offsets[0] = [3.0, 90.0, 2.0]
    joint = turning_joints(rig)[0]
    rig.offsets[joint] = 0.0
    channels = channels.copy()
    channels[:, :3] = 0.0
    motion = read_bvh_of(*with_positions(rig, channels, {joint}), 30.0)
    assert motion.repairs == ()
    assert np.abs(motion.positions[:, 0]).max() == 0
