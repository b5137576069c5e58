"""Swing rotations of bones against scipy's rotations, and free of how the whole body is turned."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mretrieve.motion.bone_rotations import swing_rotations

#: Hips to the left and right, the trunk, an arm of two bones from its top.
REST = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [1, 0, 0], [1, 0, 0]], np.float32)
ACROSS, UP = ((0, 1),), (2,)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def random_directions(seed: int, count: int = 20) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, len(REST), 3))).astype(np.float32)


def swings(directions: np.ndarray) -> np.ndarray:
    return swing_rotations(directions.astype(np.float32), REST, ACROSS, UP)


def torso_of(directions: np.ndarray) -> Rotation:
    up = unit(directions[2].astype(float))
    left = (directions[0] - directions[1]).astype(float)
    left = unit(left - up * (left @ up))
    return Rotation.from_matrix(np.stack([left, up, np.cross(left, up)], axis=1))


def test_each_rotation_takes_the_rest_direction_to_the_bone_in_the_torsos_frame():
    directions = random_directions(0)
    found = swings(directions)
    for frame in range(len(directions)):
        torso = torso_of(directions[frame])
        for bone in range(len(REST)):
            turned = torso * Rotation.from_rotvec(found[frame, bone])
            np.testing.assert_allclose(turned.apply(REST[bone]), directions[frame, bone], atol=1e-4)


def test_it_is_the_smallest_such_rotation():
    directions = random_directions(1)
    found = swings(directions)
    for frame in range(len(directions)):
        torso = torso_of(directions[frame])
        for bone in range(len(REST)):
            inside = torso.inv().apply(directions[frame, bone])
            angle = np.arccos(np.clip(inside @ REST[bone], -1, 1))
            assert np.linalg.norm(found[frame, bone]) == pytest.approx(angle, abs=1e-3)
            assert found[frame, bone] @ REST[bone] == pytest.approx(0, abs=1e-3)  # no turn about itself


def test_it_does_not_change_where_the_whole_body_is_turned():
    directions = random_directions(2)
    turn = Rotation.random(random_state=0)
    turned = turn.apply(directions.reshape(-1, 3)).reshape(directions.shape)
    np.testing.assert_allclose(swings(turned), swings(directions), atol=2e-3)


def test_at_rest_all_rotations_are_zero():
    at_rest = REST[None].copy()
    assert np.abs(swings(at_rest)).max() < 1e-6
    turned = Rotation.from_euler("yxz", [40, 20, 10], degrees=True).apply(REST)[None]
    assert np.abs(swings(turned)).max() < 1e-3


def test_a_bone_opposite_to_rest_is_turned_by_half_a_turn():
    directions = REST[None].copy()
    directions[0, 3] = directions[0, 4] = [-1, 0, 0]
    found = swings(directions)
    assert np.linalg.norm(found[0, 3]) == pytest.approx(np.pi, abs=1e-5)
    assert found[0, 3] @ REST[3] == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(found[0, 4]) == pytest.approx(np.pi, abs=1e-5)  # seen from the torso, as its parent is


def test_a_bone_that_is_not_seen_is_not_turned_and_leaves_the_others_as_they_are():
    directions = random_directions(3, 1)
    complete = swings(directions)
    directions[0, 3] = 0
    found = swings(directions)
    assert not found[0, 3].any()
    np.testing.assert_array_equal(found[0, [0, 1, 2, 4]], complete[0, [0, 1, 2, 4]])


@pytest.mark.parametrize("lost", [[0, 1], [2], [0, 1, 2, 3, 4]])
def test_a_body_without_a_torso_has_finite_rotations(lost: list[int]):
    directions = random_directions(4)
    directions[:, lost] = 0
    found = swings(directions)
    assert np.isfinite(found).all() and not found[:, lost].any()


def test_a_slow_motion_has_slowly_changing_rotations():
    start, end = random_directions(5, 2)
    shares = np.linspace(0, 1, 400)[:, None, None]
    steps = np.linalg.norm(np.diff(swings(unit((1 - shares) * start + shares * end)), axis=0), axis=2)
    assert np.median(steps) < 0.02


def test_several_bones_together_tell_how_the_torso_lies():
    directions = random_directions(7)
    twice = swing_rotations(directions, REST, ((0, 1), (0, 1)), (2, 2))
    np.testing.assert_allclose(twice, swings(directions), atol=1e-4)
    directions[:, 3] = unit(directions[:, 2] + 0.5 * directions[:, 3])  # a sum that is long enough to tell
    left = directions.copy()
    left[:, 2] = unit(directions[:, 2] + directions[:, 3])
    by_sum = swing_rotations(directions, REST, ACROSS, (2, 3))
    np.testing.assert_allclose(by_sum[:, 0], swings(left)[:, 0], atol=1e-3)


def test_float32_in_float32_out():
    assert swings(random_directions(6)).dtype == np.float32
