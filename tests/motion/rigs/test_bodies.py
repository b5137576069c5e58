"""Several bodies below one root are several motions, and one body stays whole whatever hangs from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.bodies.companies import drawn_company, drawn_unusual_person
from support.bodies.drawing import drawn_rig
from support.bodies.truth import GeneratedFile

from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion import Motion
from mretrieve.motion.motion import joint_positions
from mretrieve.motion.rigs.bodies import distinct_names, separate_bodies


def motions_in(generated: GeneratedFile) -> list[Motion]:
    return read_file(MotionFile(Path("generated.bvh"), generated.text.encode()), ReadingOptions())


@pytest.mark.parametrize("number", [number for number in range(24) if number % 4 in (0, 2)])
def test_people_below_one_root_are_several_motions_in_the_files_order(number: int):
    generated = drawn_company(1, number)
    (motion,) = motions_in(generated)
    bodies = separate_bodies(motion)
    assert len(bodies) == len(generated.bodies)
    for body, true in zip(bodies, generated.bodies, strict=True):
        head = true.file_positions[:, true.joints["head"]]
        distances = np.linalg.norm(body.positions - head[:, None], axis=2)
        assert distances.max(axis=0).min() < true.tolerance


def test_a_separated_body_keeps_the_joints_above_it_and_its_channels():
    (motion,) = motions_in(drawn_company(1, 2))
    for body in separate_bodies(motion):
        assert body.rig.joint_names[0] == motion.rig.joint_names[0]
        assert body.rig.parents.tolist()[0] == -1 and (body.rig.parents[1:] >= 0).all()
        assert body.channels is not None
        np.testing.assert_allclose(joint_positions(body.rig, body.channels), body.positions, atol=1e-4)


def test_a_person_who_hangs_from_another_is_a_body_too():
    generated = drawn_company(1, 2)
    (motion,) = motions_in(generated)
    parents = motion.rig.parents.copy()
    first, *others = np.flatnonzero(parents == 0).tolist()
    parents[others] = first
    nested = replace(motion, rig=replace(motion.rig, parents=parents))
    assert [body.body for body in separate_bodies(nested)] == [body.body for body in separate_bodies(motion)]
    assert len(separate_bodies(nested)) == len(generated.bodies)


def test_every_take_of_a_rig_has_the_bodies_of_the_first():
    (motion,) = motions_in(drawn_company(1, 2))
    names = [body.body for body in separate_bodies(motion)]
    lost = replace(motion, positions=np.full_like(motion.positions, np.nan))
    assert len(names) > 1
    assert [body.body for body in separate_bodies(lost)] == names


@pytest.mark.parametrize("number", range(20))
def test_one_person_stays_one_motion(number: int):
    for generated in (drawn_unusual_person(1, number), drawn_rig(1, number)):
        (motion,) = motions_in(generated)
        assert separate_bodies(motion) == [motion]


def test_bodies_of_one_name_are_numbered():
    assert distinct_names(["Hips", "Hips", "", "Hips_2", "Hips"]) == ["Hips", "Hips_2", "body", "Hips_2_2", "Hips_3"]
