"""Forward kinematics against the definition of a rig, worked out frame by frame with SciPy's rotations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mretrieve.formats import read
from mretrieve.motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_X, Rig
from mretrieve.motion.motion import joint_positions


def plain_positions(rig: Rig, channels: np.ndarray) -> np.ndarray:
    """World positions (T, J, 3), as the docstring of Rig defines them: no vectors over frames, float64."""
    positions = np.zeros((len(channels), len(rig.parents), 3))
    for frame, values in enumerate(channels):
        world: list[np.ndarray] = []
        for joint, parent in enumerate(rig.parents):
            rest = np.eye(3) if rig.rest_rotations is None else rig.rest_rotations[joint]
            local, offset = rest.copy(), rig.offsets[joint].copy()
            for column in np.flatnonzero(rig.channel_joints == joint):
                kind = rig.channel_kinds[column]
                if kind < ROTATE_X:
                    offset[kind] = values[column]
                else:
                    local = local @ Rotation.from_euler("XYZ"[kind - ROTATE_X], values[column]).as_matrix()
            local = local @ rest.T
            from_parent = np.eye(3) if parent < 0 else world[parent]
            start = np.zeros(3) if parent < 0 else positions[frame, parent]
            positions[frame, joint] = start + from_parent @ offset
            world.append(from_parent @ local)
    return positions


def random_rig(random: np.random.Generator, joints: int, rest: bool) -> Rig:
    """A random tree in which joints have 0 to 6 channels of any kind and order."""
    parents = np.array([-1] + [random.integers(0, joint) for joint in range(1, joints)], np.int32)
    kinds = [list(random.permutation(6)[: random.integers(0, 7)]) for _ in range(joints)]
    return Rig(
        joint_names=tuple(f"joint{index}" for index in range(joints)),
        parents=parents,
        offsets=random.normal(size=(joints, 3)),
        rest_rotations=Rotation.random(joints, random_state=random.integers(1 << 30)).as_matrix() if rest else None,
        channel_joints=np.repeat(np.arange(joints, dtype=np.int32), [len(own) for own in kinds]),
        channel_kinds=np.array([kind for own in kinds for kind in own], np.int32),
    )


@pytest.mark.parametrize("frames", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("rest", [False, True])
def test_positions_are_those_of_the_definition(frames: int, rest: bool) -> None:
    random = np.random.default_rng(frames)
    rig = random_rig(random, joints=23, rest=rest)
    channels = random.normal(scale=3, size=(frames, len(rig.channel_kinds)))
    expected = plain_positions(rig, channels)
    np.testing.assert_allclose(joint_positions(rig, channels), expected, atol=2e-6 * np.abs(expected).max())


def test_rotations_carry_children_to_the_same_positions() -> None:
    random = np.random.default_rng(7)
    rig = random_rig(random, joints=15, rest=True)
    no_translation = rig.channel_kinds >= ROTATE_X
    rig = Rig(
        rig.joint_names,
        rig.parents,
        rig.offsets,
        rig.rest_rotations,
        rig.channel_joints[no_translation],
        rig.channel_kinds[no_translation],
    )
    channels = random.normal(size=(5, len(rig.channel_kinds)))
    local = rig.poses(channels).rotations
    world = np.empty_like(local)
    positions = np.empty((5, 15, 3))
    for joint, parent in enumerate(rig.parents):
        world[:, joint] = local[:, joint] if parent < 0 else world[:, parent] @ local[:, joint]
        positions[:, joint] = rig.offsets[joint]
        if parent >= 0:
            positions[:, joint] = positions[:, parent] + world[:, parent] @ rig.offsets[joint]
    np.testing.assert_allclose(joint_positions(rig, channels), positions, atol=1e-5)


@pytest.mark.parametrize("axis", [ROTATE_X, ROTATE_Y, ROTATE_Z])
def test_sine_and_cosine_hold_over_many_turns(axis: int) -> None:
    angles = np.concatenate([np.linspace(-7, 7, 1001), [1e3, -1e4, 1e6, -1e7], np.arange(-8, 9) * np.pi / 4])
    rig = chain(axis)
    expected = plain_positions(rig, angles[:, None])
    np.testing.assert_allclose(joint_positions(rig, angles[:, None]), expected, atol=3e-7)


def chain(axis: int) -> Rig:
    """Two joints one unit apart in every direction, the first turning about one axis."""
    return Rig(
        ("first", "second"),
        np.array([-1, 0], np.int32),
        np.array([[0.0, 0, 0], [1, 1, 1]]),
        channel_joints=np.zeros(1, np.int32),
        channel_kinds=np.array([axis], np.int32),
    )


def test_a_quarter_turn_about_z_takes_x_to_y() -> None:
    rig = Rig(
        ("a", "b"),
        np.array([-1, 0], np.int32),
        np.array([[0.0, 0, 0], [2, 0, 0]]),
        channel_joints=np.zeros(1, np.int32),
        channel_kinds=np.array([ROTATE_Z], np.int32),
    )
    np.testing.assert_allclose(joint_positions(rig, np.array([[np.pi / 2]]))[0, 1], [0, 2, 0], atol=1e-6)


def test_a_position_channel_replaces_only_the_component_it_drives() -> None:
    rig = Rig(
        ("a", "b"),
        np.array([-1, 0], np.int32),
        np.array([[0.0, 0, 0], [1, 2, 3]]),
        channel_joints=np.ones(1, np.int32),
        channel_kinds=np.array([TRANSLATE_X], np.int32),
    )
    np.testing.assert_allclose(joint_positions(rig, np.array([[10.0]]))[0, 1], [10, 2, 3])


def test_no_frames_give_no_positions() -> None:
    assert joint_positions(chain(ROTATE_X), np.zeros((0, 1))).shape == (0, 2, 3)


@pytest.mark.parametrize(
    "name", ["cmu/bvh/002_01.bvh", "bandai1/dataset-1_bow_active_001.bvh", "hdm05/HDM_bd_depositFloorR_001_120.amc"]
)
def test_real_rigs_agree_to_a_millionth_of_their_size(mocap: Path, name: str) -> None:
    (motion,) = read(mocap / name)
    assert motion.channels is not None
    some = slice(None, None, max(1, motion.frame_count // 4))
    expected = plain_positions(motion.rig, motion.channels[some])
    np.testing.assert_allclose(motion.positions[some], expected, atol=1e-6 * np.abs(expected).max())
