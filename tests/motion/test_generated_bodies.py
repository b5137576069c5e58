"""Generated bodies are what they claim to be: files hold the positions of their truth, and people keep to the floor."""

from pathlib import Path

import numpy as np
import pytest
from support.bodies.companies import drawn_company, drawn_unusual_person, drawn_with_prop
from support.bodies.drawing import drawn_floor_work, drawn_raised_arms, drawn_rig
from support.bodies.figure import carried, flesh_m
from support.bodies.floor_work import FLOOR_WORK, cat_and_cow, handstand, push_ups, sit_ups, yoga
from support.bodies.planting import HANDS, HEELS, SHANKS, TOES
from support.bodies.postures import CONTACTS
from support.bodies.standing import GESTURES
from support.bodies.times import drawn_first_frame

from mretrieve.demo import Body
from mretrieve.formats import MotionFile, ReadingOptions, read_file

PEOPLE = (drawn_rig, drawn_floor_work, drawn_raised_arms, drawn_unusual_person, drawn_first_frame)
#: These travel on water, on wheels or on the belly.
SLIDING = ("swim", "wheelchair", "belly_crawl")


@pytest.mark.parametrize("draw", PEOPLE)
def test_a_file_holds_the_positions_of_its_truth(draw):
    for number in range(12):
        generated = draw(5, number)
        (body,) = generated.bodies
        motion = read_file(MotionFile(Path("x.bvh"), generated.text.encode()), ReadingOptions())[0]
        error_m = np.abs(motion.positions - body.file_positions) * body.frame.metres_per_unit
        assert error_m.max() < 0.002, generated.name


@pytest.mark.parametrize("draw", [drawn_company, drawn_with_prop])
def test_everybody_of_a_company_is_in_the_file(draw):
    for number in range(8):
        generated = draw(5, number)
        motions = read_file(MotionFile(Path("x.bvh"), generated.text.encode()), ReadingOptions())
        everything = np.concatenate([motion.positions for motion in motions], axis=1)
        for body in generated.bodies:
            hips = body.file_positions[:, [body.joints["left_hip"]]]
            nearest = np.linalg.norm(everything - hips, axis=2).max(axis=0).min()
            assert nearest * body.frame.metres_per_unit < 0.002, generated.name


@pytest.mark.parametrize("draw", PEOPLE)
def test_a_seed_gives_the_same_file_again_and_another_seed_another(draw):
    assert draw(3, 4).text == draw(3, 4).text
    assert draw(3, 4).text != draw(4, 4).text


@pytest.mark.parametrize("perform", [one for one in (*FLOOR_WORK, *GESTURES) if one.__name__ not in SLIDING])
def test_people_are_on_the_floor_and_do_not_slide(perform):
    movement = perform(np.random.default_rng(2), Body(), 30.0, np.arange(60) / 30)
    points = carried(movement.body, movement.rotations, CONTACTS) + movement.root[:, None]
    heights = points[..., 1] - np.array([flesh_m(movement.body, point) for point in CONTACTS])
    assert heights.min() > -0.08 and heights.min(axis=1).max() < 0.08
    lowest = np.argmin(heights[:-1], axis=1)
    steps = np.linalg.norm(np.diff(points[..., [0, 2]], axis=0), axis=2)[np.arange(len(lowest)), lowest]
    assert np.median(steps) < 0.012  # metres a frame


@pytest.mark.parametrize("seed", [2, 3])  # handstands from the first frame on
@pytest.mark.parametrize(
    ("perform", "points"),
    [
        (push_ups, (*HANDS, *TOES)),
        (yoga, HANDS),
        (cat_and_cow, (*HANDS, *SHANKS)),
        (sit_ups, HEELS),
        (handstand, HANDS),
    ],
)
def test_what_carries_the_body_stays_where_it_is_planted(perform, points, seed):
    movement = perform(np.random.default_rng(seed), Body(), 24.0, np.arange(30) / 24)
    places = carried(movement.body, movement.rotations, points) + movement.root[:, None]
    assert np.linalg.norm(np.diff(places, axis=0), axis=2).max() * 24 < 0.05  # metres a second
    assert places[..., 1].max() < 0.12


def test_the_left_hand_of_a_right_handed_file_is_on_the_left():
    generated = drawn_raised_arms(0, 0)
    names, world = generated.bodies[0].world()
    at = {name: world[:, column] for column, name in enumerate(names)}
    left = (at["left_hip"] - at["right_hip"]).mean(axis=0)
    up = (at["head"] - at["left_hip"]).mean(axis=0)
    elbows_forwards = (at["left_elbow"] - at["left_shoulder"]).mean(axis=0)
    assert np.cross(left, up) @ elbows_forwards > 0
