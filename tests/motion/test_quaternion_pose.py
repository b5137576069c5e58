"""Quaternions of bones, against rotation matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mretrieve.motion.bones import BONES, USED_JOINTS
from mretrieve.motion.quaternion_pose import (
    NUMBER_COUNT,
    QUATERNION_COUNT,
    QUATERNION_PARENTS,
    REST_DIRECTIONS,
    bone_directions_of,
    pose_quaternions,
    quaternion_product,
    turned_vectors,
    unit_quaternions,
)
from mretrieve.motion.skeleton import MIRROR


@pytest.fixture
def quaternions() -> np.ndarray:
    return unit_quaternions(np.random.default_rng(0).standard_normal((5, QUATERNION_COUNT, 4)))


def matrices(quaternions: np.ndarray) -> np.ndarray:
    """SciPy's rotations (N, 3, 3); it puts w last."""
    return Rotation.from_quat(quaternions[..., [1, 2, 3, 0]].reshape(-1, 4)).as_matrix()


def test_unit_quaternions_have_length_one(quaternions: np.ndarray):
    np.testing.assert_allclose((quaternions**2).sum(axis=-1), 1.0, atol=1e-6)
    assert np.isfinite(unit_quaternions(np.zeros((2, 4)))).all()


def test_product_and_turning_are_those_of_matrices(quaternions: np.ndarray):
    first, second = quaternions[0], quaternions[1]
    product = matrices(first) @ matrices(second)
    np.testing.assert_allclose(matrices(quaternion_product(first, second)), product, atol=1e-6)
    vectors = np.random.default_rng(1).standard_normal((QUATERNION_COUNT, 3))
    expected = np.einsum("nij,nj->ni", matrices(first), vectors)
    np.testing.assert_allclose(turned_vectors(first, vectors), expected, atol=1e-6)


def test_kinematics_are_those_of_chains_of_matrices(quaternions: np.ndarray):
    own = matrices(quaternions).reshape(len(quaternions), QUATERNION_COUNT, 3, 3)
    world: list[np.ndarray] = []
    for number, parent in enumerate(QUATERNION_PARENTS):
        world.append(own[:, number] if parent < 0 else world[parent] @ own[:, number])
    expected = np.stack([world[1 + bone] @ REST_DIRECTIONS[bone] for bone in range(len(BONES))], axis=1)
    np.testing.assert_allclose(bone_directions_of(quaternions), expected, atol=1e-5)


def test_without_rotation_the_body_stands_in_a_t_pose():
    still = np.zeros((1, QUATERNION_COUNT, 4), np.float32)
    still[..., 0] = 1.0
    np.testing.assert_allclose(bone_directions_of(still)[0], REST_DIRECTIONS)


def test_the_rotation_of_the_root_turns_the_whole_body(quaternions: np.ndarray):
    level = quaternions.copy()
    level[:, 0] = [1, 0, 0, 0]
    root = matrices(quaternions[:, 0])
    expected = np.einsum("nij,nbj->nbi", root, bone_directions_of(level))
    np.testing.assert_allclose(bone_directions_of(quaternions), expected, atol=1e-5)


def test_the_heading_turns_the_pose_about_the_vertical():
    numbers = np.random.default_rng(2).standard_normal((8, NUMBER_COUNT))
    level = numbers.copy()
    level[:, -2:] = [1, 0]
    angles = np.arctan2(numbers[:, -1], numbers[:, -2])
    about = Rotation.from_rotvec(angles[:, None] * [0, 1, 0]).as_matrix()
    expected = np.einsum("nij,nbj->nbi", about, bone_directions_of(pose_quaternions(level)))
    np.testing.assert_allclose(bone_directions_of(pose_quaternions(numbers)), expected, atol=1e-5)


def test_a_small_change_of_the_numbers_is_a_small_change_of_the_pose_at_every_heading():
    angles = np.linspace(-np.pi, np.pi, 361)
    numbers = np.repeat(np.random.default_rng(3).standard_normal((1, NUMBER_COUNT)), len(angles), axis=0)
    numbers[:, -2:] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    directions = bone_directions_of(pose_quaternions(numbers))
    np.testing.assert_allclose(directions[0], directions[-1], atol=1e-5)
    assert np.linalg.norm(np.diff(directions, axis=0), axis=2).max() < np.deg2rad(1.1)


def test_each_bone_hangs_on_the_one_before_and_the_t_pose_is_symmetric():
    for bone, (start, end) in enumerate(BONES):
        parent = QUATERNION_PARENTS[1 + bone]
        assert start == 0 if parent == 0 else BONES[parent - 1][1] == start
        other = USED_JOINTS.index(MIRROR[USED_JOINTS[end]])
        mirrored = next(number for number, (_, child) in enumerate(BONES) if child == other)
        np.testing.assert_array_equal(REST_DIRECTIONS[mirrored], REST_DIRECTIONS[bone] * [-1, 1, 1])
