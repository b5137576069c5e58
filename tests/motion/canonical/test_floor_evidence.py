"""What carries a body shows what is up: still joints on a level, not the head alone, below the centre of mass."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from support.bodies.drawing import drawn_floor_work
from support.bodies.truth import orientation
from support.framed_people import motion_in
from support.walking_body import motion_of, walking

from mretrieve.demo import Body
from mretrieve.motion import JOINTS, canonicalise, find_rig_map
from mretrieve.motion.canonical.axes_evidence import DIRECTIONS
from mretrieve.motion.canonical.conversion import measure_axes
from mretrieve.motion.canonical.floor_evidence import BALANCE_LIMIT, Floor
from mretrieve.motion.skeleton import joint

Floats = NDArray[np.float64]
ALL = np.arange(len(JOINTS))
UP = DIRECTIONS.index("+Y")


def leaning(degrees: float) -> Floats:
    """A standing body (22, 3) that leans forwards about its toes, on a floor at zero."""
    angle = np.radians(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    body = Body().t_pose @ turn.T
    body[:, 1] -= body[:, 1].min()
    return np.asarray(body)


def held(pose: Floats, metres_per_s: float = 0.0) -> Floor:
    """A floor below a pose that does not move, or moves as a whole."""
    poses = np.repeat(pose[None], 20, axis=0)
    return Floor(poses, poses + np.array([metres_per_s * 0.1, 0.0, 0.0]), ALL, 0.1)


def test_a_standing_body_is_in_balance_and_one_that_leans_far_is_not():
    assert held(leaning(0)).balance()[UP] > -0.5
    assert held(leaning(40)).balance()[UP] < -1.0


@pytest.mark.parametrize("degrees", range(0, 181, 20))
def test_balance_has_a_limit(degrees: float):
    assert (held(leaning(degrees)).balance() >= -BALANCE_LIMIT - 1e-5).all()


def test_a_body_that_moves_need_not_be_in_balance():
    assert held(leaning(40), metres_per_s=2.0).balance()[UP] > -0.1


def test_a_body_stands_on_hands_rather_than_on_its_head():
    upside_down = Body().t_pose * (1.0, -1.0, -1.0)
    on_hands = upside_down.copy()
    for side in ("left", "right"):
        on_hands[joint(f"{side}_elbow")] = on_hands[joint(f"{side}_shoulder")] - (0.0, 0.26, 0.0)
        on_hands[joint(f"{side}_wrist")] = on_hands[joint(f"{side}_shoulder")] - (0.0, 0.52, 0.0)
    for pose in (upside_down, on_hands):
        pose[:, 1] += 1.0 - pose[:, 1].min()
    assert held(on_hands).contacts()[UP] > held(upside_down).contacts()[UP] + 1.0


def test_joints_that_are_estimated_one_by_one_show_less_of_the_floor():
    """The bones of a depth sensor change their lengths, and its feet tremble."""
    walk = walking()
    estimated = walk.copy()
    estimated[::2, [joint("left_knee"), joint("right_knee")]] += (0.0, 0.05, 0.0)
    rigid, changing = (motion_of(positions) for positions in (walk, estimated))
    rig_map = find_rig_map(rigid.rig, rigid.positions, rigid.source)
    floors = [measure_axes(motion, rig_map).floor for motion in (rigid, changing)]
    assert 0.0 < floors[1][UP] < 0.7 * floors[0][UP]


@pytest.mark.parametrize(("seed", "number"), [(41, 806), (51, 806)])
def test_a_held_plank_is_neither_a_stand_on_the_toes_nor_one_on_the_head(seed: int, number: int):
    """The rest poses of both files are along a direction that is not up."""
    generated = drawn_floor_work(seed, number)
    assert orientation(canonicalise(motion_in(generated)), generated, generated.bodies[0]).up_degrees < 1
