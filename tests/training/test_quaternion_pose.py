"""Kinematics, the camera and the heading in torch, against NumPy."""

from __future__ import annotations

import numpy as np
import torch

from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.encoders.body_sequence import BONE_LENGTHS_M, BodySequence, normalised_positions
from mretrieve.lifting.body import joint_places
from mretrieve.motion.body_view import body_view
from mretrieve.motion.bones import USED_JOINTS
from mretrieve.motion.camera import Camera, project
from mretrieve.motion.quaternion_pose import NUMBER_COUNT, QUATERNION_COUNT, unit_quaternions
from mretrieve.motion.quaternion_pose import bone_directions_of as in_numpy
from mretrieve.motion.quaternion_pose import pose_quaternions as quaternions_in_numpy
from mretrieve.motion.skeleton import JOINT_COUNT
from mretrieve.training.quaternion_pose import (
    bone_directions_of,
    facing_forwards,
    pose_quaternions,
    positions_of,
    projected,
)

QUATERNIONS = unit_quaternions(np.random.default_rng(0).standard_normal((2, 6, QUATERNION_COUNT, 4)))


def test_torch_and_numpy_turn_bones_alike():
    found = bone_directions_of(torch.from_numpy(QUATERNIONS)).numpy()
    np.testing.assert_allclose(found, in_numpy(QUATERNIONS), atol=1e-5)


def test_torch_and_numpy_read_the_numbers_of_a_network_alike():
    numbers = np.random.default_rng(4).standard_normal((40, NUMBER_COUNT)).astype(np.float32)
    found = pose_quaternions(torch.from_numpy(numbers)).numpy()
    np.testing.assert_allclose(found, quaternions_in_numpy(numbers), atol=1e-6)


def test_the_gradient_is_finite_if_all_numbers_are_zero():
    numbers = torch.zeros(1, NUMBER_COUNT, requires_grad=True)
    pose_quaternions(numbers).sum().backward()
    assert numbers.grad is not None
    assert numbers.grad.isfinite().all()


def test_the_gradient_of_kinematics_is_the_slope():
    quaternions = torch.tensor(QUATERNIONS[0, :1], requires_grad=True)
    lengths = torch.from_numpy(BONE_LENGTHS_M)

    def height(of: torch.Tensor) -> torch.Tensor:
        return positions_of(bone_directions_of(of), lengths)[..., 1].sum()

    height(quaternions).backward()
    assert quaternions.grad is not None
    for number in (0, 4, 16):
        step = torch.zeros_like(quaternions)
        step[0, number, 2] = 0.01
        slope = float((height(quaternions + step) - height(quaternions - step)).detach()) / 0.02
        assert abs(float(quaternions.grad[0, number, 2]) - slope) < 0.02


def test_positions_are_those_of_the_lifted_body():
    directions = in_numpy(QUATERNIONS[0])
    found = positions_of(torch.from_numpy(directions), torch.from_numpy(BONE_LENGTHS_M)).numpy()
    np.testing.assert_allclose(found, joint_places(directions, BONE_LENGTHS_M), atol=1e-5)


def test_the_condition_skeleton_is_filmed_as_a_clip_is():
    positions = np.random.default_rng(1).standard_normal((1, 4, 5, 3)).astype(np.float32)
    path = 0.3 * np.random.default_rng(2).standard_normal((1, 4, 3)).astype(np.float32)
    for camera in (Camera(0.0, 20.0, 5.0, 4.0), Camera(0.0, -10.0)):
        nearness = torch.tensor([0.0 if camera.distance_m is None else 1 / camera.distance_m])
        found = projected(
            torch.from_numpy(positions), torch.from_numpy(path), torch.from_numpy(camera.axes)[None], nearness
        )
        world = positions + path[:, :, None]
        target = np.zeros(3)
        expected = project(world, camera, target) - project(path, camera, target)[:, :, None]
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_heading_is_removed_as_from_clips():
    clip = synthesise_clip(MotionRecipe("walk"))
    view = body_view(clip.positions)
    sequence = BodySequence(view.positions, np.zeros((len(view.positions), 4), np.float32), np.ones(JOINT_COUNT, bool))
    exact = normalised_positions(sequence)
    angle = 1.1
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], np.float32)
    found = facing_forwards(torch.from_numpy(exact @ turn.T)).numpy()
    assert len(USED_JOINTS) == found.shape[1]
    assert np.linalg.norm(found - exact, axis=2).mean() < 0.02  # the heading of a clip is smoothed over five frames
