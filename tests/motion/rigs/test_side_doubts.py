"""Left and right in names stand, and a body that contradicts them is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.bodies.drawing import drawn_floor_work, drawn_raised_arms
from support.bodies.truth import GeneratedFile

from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion import JOINTS, Motion, guess_rig_map
from mretrieve.motion.rigs.side_doubts import side_doubts
from mretrieve.motion.skeleton import MIRROR
from mretrieve.sources.reading import find_people

ARM, LEG = ("collar", "shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "foot")
DRAWN = [drawn(5, number) for drawn in (drawn_raised_arms, drawn_floor_work) for number in range(40)]
WITH_TOES = [one for one in DRAWN if one.tags["toes"] == "True"]
RIGHT_HANDED = [one for one in WITH_TOES if one.tags["hand"] == "right-handed"][:24]
LEFT_HANDED = [one for one in WITH_TOES if one.tags["hand"] == "left-handed"][:12]


def named_kind(generated: GeneratedFile) -> str:
    return f"{generated.tags['hand']} {generated.tags['kind']}"


def motion_in(generated: GeneratedFile) -> Motion:
    return read_file(MotionFile(Path("generated.bvh"), generated.text.encode()), ReadingOptions())[0]


def with_swapped_names(generated: GeneratedFile, parts: Sequence[str]) -> Motion:
    """The motion with the names of these parts on the joints of the other side."""
    motion, names, true = motion_in(generated), {}, generated.bodies[0].joints
    for j, name in enumerate(JOINTS):
        if name.endswith(tuple(parts)) and name in true:
            names[true[name]] = motion.rig.joint_names[true[JOINTS[MIRROR[j]]]]
    swapped = tuple(names.get(index, name) for index, name in enumerate(motion.rig.joint_names))
    return replace(motion, rig=replace(motion.rig, joint_names=swapped))


def doubts_of(motion: Motion) -> tuple[str, ...]:
    return side_doubts(motion.rig, motion.positions, guess_rig_map(motion.rig, motion.positions))


@pytest.mark.parametrize("generated", RIGHT_HANDED, ids=named_kind)
def test_a_body_with_the_right_names_is_not_doubted_in_any_posture(generated):
    assert doubts_of(motion_in(generated)) == ()


@pytest.mark.parametrize("generated", RIGHT_HANDED, ids=named_kind)
def test_swapped_names_stand_and_are_noted(generated):
    motion, right = with_swapped_names(generated, ARM + LEG), motion_in(generated)
    found = guess_rig_map(motion.rig, motion.positions)
    assert found.joints == tuple(guess_rig_map(right.rig, right.positions).joints[j] for j in MIRROR)
    assert any("feet and knees point backwards" in doubt for doubt in doubts_of(motion))


@pytest.mark.parametrize("generated", LEFT_HANDED, ids=named_kind)
def test_left_handed_axes_are_noted_as_they_cannot_be_told_from_swapped_names(generated):
    assert any("left-handed" in doubt for doubt in doubts_of(motion_in(generated)))


@pytest.mark.parametrize("parts", [ARM, LEG])
@pytest.mark.parametrize("generated", RIGHT_HANDED[:12], ids=named_kind)
def test_names_that_twist_the_body_are_noted(generated, parts):
    assert any(
        "hips and the other at the shoulders" in doubt for doubt in doubts_of(with_swapped_names(generated, parts))
    )


@pytest.mark.parametrize("generated", RIGHT_HANDED[:12], ids=named_kind)
def test_a_single_joint_on_the_other_side_is_named(generated):
    motion = motion_in(generated)
    wrists = [generated.bodies[0].joints[f"{side}_wrist"] for side in ("left", "right")]
    names = list(motion.rig.joint_names)
    names[wrists[0]], names[wrists[1]] = names[wrists[1]], names[wrists[0]]
    (doubt,) = doubts_of(replace(motion, rig=replace(motion.rig, joint_names=tuple(names))))
    assert all(names[wrist] in doubt for wrist in wrists)


def test_names_without_sides_are_not_doubted():
    motion = motion_in(LEFT_HANDED[0])
    numbered = tuple(f"joint{number}" for number in range(len(motion.rig.joint_names)))
    assert doubts_of(replace(motion, rig=replace(motion.rig, joint_names=numbered))) == ()


def test_missing_samples_are_left_out():
    motion = motion_in(LEFT_HANDED[0])
    rig_map = guess_rig_map(motion.rig, motion.positions)
    positions = motion.positions.copy()
    positions[::2, 3] = np.nan
    assert side_doubts(motion.rig, positions, rig_map)
    assert side_doubts(motion.rig, np.full_like(positions, np.nan), rig_map) == ()


def test_the_remark_is_one_of_the_person_and_says_where_to_look():
    person = find_people([motion_in(LEFT_HANDED[0])], ReadingOptions()).persons[0]
    (remark,) = [remark for remark in person.remarks if remark.startswith("sides:")]
    assert remark.endswith("check it with `mretrieve rig`")
