"""Animals, insects and vehicles differ from people by measure, whatever their joints are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.bodies.companies import drawn_unusual_person
from support.bodies.creatures import (
    camera,
    drawn_creature,
    face,
    hand,
    many_legs,
    performing,
    snake,
    vehicle,
)
from support.bodies.drawing import drawn_floor_work
from support.bodies.truth import GeneratedFile

from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion import Motion, Rig, guess_rig_map
from mretrieve.motion.rigs.human_signs import Judgement, judge_body, judge_unmapped


def judged(motion: Motion) -> Judgement:
    rig_map = guess_rig_map(motion.rig, motion.positions)
    if rig_map.lacking:
        return judge_unmapped(motion.rig, motion.positions)
    return judge_body(motion.rig, motion.positions, rig_map)


def motion_in(generated: GeneratedFile) -> Motion:
    return read_file(MotionFile(Path("generated.bvh"), generated.text.encode()), ReadingOptions())[0]


FOUR_LEGGED = [number for number in range(80) if drawn_creature(1, number).tags["kind"] == "four_legs"][:30]


@pytest.mark.parametrize("number", FOUR_LEGGED)
def test_four_legs_are_seen_with_any_names(number: int):
    judgement = judged(motion_in(drawn_creature(1, number)))
    assert judgement.is_doubtful
    assert "four limbs" in str(judgement)


@pytest.mark.parametrize("build", [many_legs, hand, snake, camera, vehicle, face])
@pytest.mark.parametrize("seed", range(3))
def test_what_has_no_legs_below_a_trunk_is_refused_without_a_rig_map(build: Callable[..., list], seed: int):
    moved = performing(build(np.random.default_rng(seed)), 0.5, 30.0, 30)
    parents = [[joint.slot for joint in moved.plan].index(joint.parent) if joint.parent else -1 for joint in moved.plan]
    rig = Rig(tuple(joint.slot for joint in moved.plan), np.array(parents, np.int32), np.zeros((len(parents), 3)))
    assert judge_unmapped(rig, moved.positions.astype(np.float32)).is_refused


@pytest.mark.parametrize("number", range(45))
def test_unusual_people_are_not_doubted(number: int):
    assert not judged(motion_in(drawn_unusual_person(1, number))).is_doubtful


@pytest.mark.parametrize("number", range(20))
def test_people_on_hands_and_knees_are_not_refused(number: int):
    assert not judged(motion_in(drawn_floor_work(1, number))).is_refused


def test_one_sign_alone_is_no_doubt():
    assert not Judgement(("a tail of 3 joints",), 1).is_doubtful
