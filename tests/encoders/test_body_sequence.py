"""What learned encoders see of a body: the same whoever moves and wherever, and nothing of a joint that is not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve.encoders.body_sequence import (
    BONE_LENGTHS_M,
    BodySequence,
    body_sequence,
    bone_directions,
    motion_field,
    normalised_positions,
)
from mretrieve.errors import QueryError
from mretrieve.motion import Clip
from mretrieve.motion.augmentation import scale_limbs
from mretrieve.motion.bones import BONES, USED_JOINTS
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.lifted_clip import LiftedClip

CLIP = random_clip(1, 40)
ELBOW, WRIST, HIP = 18, 20, 1


def without(clip: Clip, *joints: int) -> Clip:
    observed = clip.observed.copy()
    observed[:, joints] = False
    return replace(clip, observed=observed)


def test_rates_are_the_roots_motion_as_the_body_sees_it():
    time_s = np.arange(60) / 30
    still = np.repeat(CLIP.positions[:1], 60, axis=0)
    heading = body_heading(still[0])
    ahead = np.array([np.sin(heading), 0, np.cos(heading)])
    walking = still + (1.5 * time_s[:, None] * ahead)[:, None].astype(np.float32)
    rates = body_sequence(Clip(walking, np.ones((60, 22), bool))).rates
    np.testing.assert_allclose(rates, np.tile([0, 0, 1.5, 0], (60, 1)), atol=1e-3)


def body_heading(pose: np.ndarray) -> float:
    from mretrieve.motion.body_view import body_view

    return float(body_view(pose[None]).heading[0])


def test_turning_is_radians_a_second_to_the_left():
    angle = 0.8 * np.arange(60) / 30
    turn = np.zeros((60, 3, 3), np.float32)
    turn[:, 0, 0] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 2, 0], turn[:, 0, 2] = -np.sin(angle), np.sin(angle)
    turn[:, 1, 1] = 1
    pose = CLIP.positions[0] - CLIP.positions[0, [1, 2]].mean(axis=0)
    turning = np.einsum("tij,kj->tki", turn, pose).astype(np.float32)
    rates = body_sequence(Clip(turning, np.ones((60, 22), bool))).rates
    np.testing.assert_allclose(rates[5:-5, 3], 0.8, atol=1e-2)


def test_as_filmed_the_body_is_where_the_camera_saw_it():
    view = film(CLIP, Camera(30.0))
    sequence = body_sequence(LiftedClip(CLIP.positions, CLIP.observed, view=view), as_filmed=True)
    assert np.array_equal(sequence.positions[..., :2], view.points)
    assert not sequence.positions[..., 2].any() and not sequence.rates.any()


def test_what_no_camera_saw_cannot_be_seen_as_filmed():
    with pytest.raises(QueryError, match="not lifted from a video"):
        body_sequence(CLIP, as_filmed=True)


def test_positions_stand_on_bones_of_one_length():
    positions = normalised_positions(body_sequence(CLIP))
    assert positions.shape == (40, 18, 3) and positions.dtype == np.float32
    parents, children = np.array(BONES).T
    lengths = np.linalg.norm(positions[:, children] - positions[:, parents], axis=2)
    np.testing.assert_allclose(lengths, np.tile(BONE_LENGTHS_M, (40, 1)), rtol=1e-4)
    assert not positions[:, 0].any()


def test_they_point_where_the_bodys_bones_point():
    sequence = body_sequence(CLIP)
    joints = sequence.positions[:, USED_JOINTS]
    for bone, (parent, child) in enumerate(BONES):
        expected = joints[:, child] - joints[:, parent]
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(bone_directions(sequence)[:, bone], expected, atol=1e-5)


def test_a_taller_body_of_the_same_proportions_is_the_same():
    tall = scale_limbs(CLIP, np.full(13, 1.3))
    difference = normalised_positions(body_sequence(tall)) - normalised_positions(body_sequence(CLIP))
    assert np.abs(difference).max() < 1e-4


def test_nothing_of_a_missing_joint_is_seen():
    lost = without(CLIP, ELBOW, HIP)
    moved = replace(lost, positions=lost.positions.copy())
    moved.positions[:, ELBOW] += 1.0
    sequence, other = body_sequence(lost), body_sequence(moved)
    assert np.array_equal(normalised_positions(sequence), normalised_positions(other))


def test_a_missing_joint_stands_at_its_parent_and_its_child_is_seen_from_there():
    sequence = body_sequence(without(CLIP, ELBOW))
    positions = normalised_positions(sequence)
    used = {joint: place for place, joint in enumerate(USED_JOINTS)}
    shoulder, elbow, wrist = used[16], used[ELBOW], used[WRIST]
    assert np.array_equal(positions[:, elbow], positions[:, shoulder])
    joints = sequence.positions
    expected = joints[:, WRIST] - joints[:, 16]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    found = (positions[:, wrist] - positions[:, elbow]) / BONE_LENGTHS_M[15]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_sequence_given_is_left_alone():
    sequence = body_sequence(without(CLIP, ELBOW, 0))
    before = sequence.positions.copy()
    normalised_positions(sequence)
    assert np.array_equal(sequence.positions, before)


@pytest.mark.parametrize("lost", [[], [ELBOW], [0, HIP, WRIST]])
def test_a_batch_is_its_sequences(lost: list[int]):
    one, two = body_sequence(CLIP), body_sequence(without(random_clip(2, 40), *lost))
    both = BodySequence(
        np.stack([one.positions, two.positions]),
        np.stack([one.rates, two.rates]),
        np.stack([one.observed, two.observed]),
    )
    positions = normalised_positions(both)
    np.testing.assert_allclose(positions[0], normalised_positions(one), atol=1e-6)
    np.testing.assert_allclose(positions[1], normalised_positions(two), atol=1e-6)


def test_the_motion_field_is_the_way_to_the_next_frame():
    positions = normalised_positions(body_sequence(CLIP))
    field = motion_field(positions)
    np.testing.assert_allclose(positions[:-1] + field[:-1], positions[1:], atol=1e-6)
    assert not field[-1].any()
    assert not motion_field(positions[:1]).any()


def test_one_frame_has_no_rates():
    assert not body_sequence(CLIP.cut(3, 4)).rates.any()
