"""The axes of a file: up by the rest pose and the floor and never by posture alone, hands by feet and knees."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import numpy as np
import pytest
from support.bodies.drawing import Perform
from support.bodies.figure import Floats, Movement
from support.bodies.floor_work import (
    FLOOR_WORK,
    kneel,
    lie_on_back,
    lie_on_belly,
    push_ups,
    roll_over,
    sit_ups,
    swim,
    wheelchair,
)
from support.bodies.postures import animated, grounded, posture
from support.bodies.standing import RAISED_ARMS, everyday
from support.bodies.truth import GeneratedFile, orientation
from support.framed_people import HELD_AT_ORIGIN, framed, motion_in
from support.walking_body import motion_of, walking

from mretrieve.demo import Body
from mretrieve.motion import JOINTS, canonicalise
from mretrieve.motion.canonical.axes_evidence import DIRECTIONS, AxesEvidence
from mretrieve.motion.canonical.facing import Facing, forward_evidence
from mretrieve.motion.canonical.world_axes import find_world_axes
from mretrieve.motion.skeleton import MIRROR, joint

CONVENTIONS = ("+Y", "+Z", "-Y")
ALL = np.arange(len(JOINTS))


def named(perform: Perform) -> str:
    return getattr(perform, "__name__", str(perform))


def faults(generated: GeneratedFile) -> list[str]:
    """How a generated file is read wrong; empty if it is upright and unmirrored."""
    clip = canonicalise(motion_in(generated))
    turned = orientation(clip, generated, generated.bodies[0])
    wrong = ["up"] * (turned.up_degrees > 30) + ["mirrored"] * turned.mirrored
    return [f"{generated.name}: {' and '.join(wrong)}; {clip.notes}"] if wrong else []


@pytest.mark.parametrize(("perform", "up"), list(zip(FLOOR_WORK, cycle(CONVENTIONS))), ids=named)
def test_floor_work_stays_on_the_floor_on_a_rig_whose_rest_pose_stands(perform, up):
    assert faults(framed(perform, seed=1, up=up, rest="T")) == []
    assert faults(framed(perform, seed=2, up=up, rest="A", left_handed=True)) == []


@pytest.mark.parametrize(("rest", "up"), [("zero", "+Y"), ("zero", "+Z"), ("lying", "-Y"), ("lying", "+Z")])
def test_floor_work_shows_what_is_up_without_a_rest_pose_that_stands(up, rest):
    on_floor = [perform for perform in FLOOR_WORK if named(perform) != "swim"]
    wrong = [fault for seed, perform in enumerate(on_floor) for fault in faults(framed(perform, seed, up, rest=rest))]
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize("perform", [sit_ups, roll_over, lie_on_back], ids=named)
@pytest.mark.parametrize("up", ["+Z", "-Y"])
def test_a_floor_that_carries_much_of_the_body_outweighs_a_rest_pose_that_lies(perform, up):
    wrong = [fault for seed in range(8) for fault in faults(framed(perform, seed, up, rest="lying"))]
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("seed", range(4))
def test_a_rest_pose_is_not_taken_to_be_upside_down_even_if_no_floor_shows_that(seed):
    assert faults(framed(swim, seed, "-Y", rest="T")) == []


@pytest.mark.parametrize("up", CONVENTIONS)
@pytest.mark.parametrize("rest", ["zero", "lying"])
@pytest.mark.parametrize("left_handed", [False, True])
def test_a_body_that_wheels_carry_is_upright_across_its_path(up, rest, left_handed):
    """No joint is at rest, and the level of the lowest ones is that of the highest."""
    drawn = [framed(wheelchair, seed, up, rest=rest, left_handed=left_handed) for seed in range(4)]
    assert [fault for generated in drawn for fault in faults(generated)] == []


@pytest.mark.parametrize("up", ["+Z", "-Y"])
def test_a_file_that_does_not_show_what_is_up_is_read_by_convention_with_a_note(up):
    """Nothing supports a swimmer, who travels along the body."""
    wrong = [fault for seed in range(8) for fault in faults(framed(swim, seed, up, rest="zero"))]
    assert wrong
    assert all("does not show it clearly" in fault or "not certain" in fault for fault in wrong), wrong


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("perform", [lie_on_back, lie_on_belly, push_ups, sit_ups], ids=named)
def test_posture_alone_never_turns_a_file_of_rotations(perform, seed):
    held = framed(perform, seed, rest="zero", place=HELD_AT_ORIGIN)
    assert not any("is up in the file" in note for note in canonicalise(motion_in(held)).notes)


@pytest.mark.parametrize("lying", range(6), ids=DIRECTIONS)
def test_posture_alone_turns_a_table_of_positions_which_has_no_convention(lying):
    up = np.eye(3)[lying // 2] * (1 - 2 * (lying % 2))
    across = np.roll(np.abs(up), 1)
    poses = walking() - walking()[:, :1]  # about the pelvis
    clip = canonicalise(motion_of(poses @ np.array([across, up, np.cross(across, up)])))
    assert (clip.positions[:, joint("head"), 1] > clip.positions[:, joint("left_hip"), 1]).all()


def test_what_the_file_declares_to_be_up_is_up_unless_the_floor_contradicts():
    motion = motion_in(framed(lie_on_back, 3, rest="zero", place=HELD_AT_ORIGIN))
    clip = canonicalise(replace(motion, declared_up="-Z"))
    assert "axes: -Z is up in the file (declared in the file), turned to +Y" in clip.notes


def test_the_note_says_by_what_up_was_found():
    (first, *_) = canonicalise(motion_in(framed(everyday, 4, "+Z", rest="T"))).notes
    assert first.startswith("axes: +Z is up in the file (rest pose, floor")
    (first, *_) = canonicalise(motion_in(framed(everyday, 4, "+Z", rest="zero"))).notes
    assert first.startswith("axes: +Z is up in the file (floor")


def evidence(left_handed: float = -7.5, **scores: float) -> AxesEvidence:
    """Evidence for some directions only, of a format in which Y is usually up."""
    floor = np.array([scores.get(name, 0.0) for name in ("px", "mx", "py", "my", "pz", "mz")])
    return AxesEvidence(np.array([-5, -5, 0, -2.5, -2, -5]), np.zeros(6), floor, np.zeros(6), np.zeros(6), left_handed)


def test_thin_evidence_leaves_what_is_usual_and_the_note_says_so():
    assert find_world_axes(evidence()).up == "+Y"
    axes = find_world_axes(evidence(pz=1.9))
    assert axes.up == "+Y"
    assert "does not show it clearly" in axes.notes[0]


def test_the_note_says_that_a_direction_is_not_certain():
    axes = find_world_axes(evidence(pz=2.5))
    assert axes.notes == ("axes: +Z is up in the file (floor), turned to +Y, which is not certain",)


def test_thin_evidence_of_several_files_adds():
    thin = evidence(pz=1.9)
    axes = find_world_axes(thin, lambda: [thin, thin])
    assert axes.up == "+Z"
    assert "with 2 other files of the rig" in axes.notes[0]


def test_clear_evidence_is_not_compared_with_other_files():
    axes = find_world_axes(evidence(pz=6.0), lambda: pytest.fail("looked at other files"))
    assert axes.up == "+Z"


def test_a_body_that_does_not_show_the_hand_is_read_by_convention_with_a_note():
    def note(perform: Perform, **drawn: bool) -> bool:
        notes = canonicalise(motion_in(framed(perform, 3, rest="zero", **drawn))).notes
        return any("taken to be right-handed" in one for one in notes)

    assert note(roll_over, toes=False)  # straight knees
    assert note(roll_over, toes=False, left_handed=True)
    assert not note(roll_over)
    assert not note(sit_ups, toes=False)


def test_other_files_of_the_rig_show_the_hand_that_one_does_not():
    axes = find_world_axes(evidence(left_handed=-2.0, py=6.0), lambda: [evidence(left_handed=2.5)] * 2)
    assert axes.left_handed
    assert not find_world_axes(evidence(left_handed=-2.0, py=6.0), lambda: [evidence()] * 2).left_handed


@pytest.mark.parametrize("up", CONVENTIONS)
def test_knees_outweigh_feet_that_are_pointed_beyond_the_shank(up):
    drawn = [framed(kneel, seed, up, left_handed=True, rest="zero") for seed in range(8)]
    assert [fault for generated in drawn for fault in faults(generated)] == []


@pytest.mark.parametrize("toes", [True, False])
def test_an_arched_back_does_not_mirror(toes):
    def arch(rng: np.random.Generator, body: Body, fps: float, t: Floats) -> Movement:
        arched = posture({}, pitch=np.pi / 2, bow=-1.0, flex=-0.5, nod=-0.5, swing=2.9, point=0.6)
        return grounded("arch", body, animated(rng, [arched], [0.0], t), fps)

    assert [fault for seed in range(3) for fault in faults(framed(arch, seed, toes=toes, rest="zero"))] == []


@pytest.mark.parametrize("perform", RAISED_ARMS, ids=named)
@pytest.mark.parametrize("toes", [True, False])
def test_raised_arms_and_straight_legs_do_not_mirror(perform, toes):
    for seed in range(3):
        assert faults(framed(perform, seed, CONVENTIONS[seed], toes=toes)) == []


@pytest.mark.parametrize("perform", RAISED_ARMS, ids=named)
@pytest.mark.parametrize("up", CONVENTIONS)
def test_feet_that_point_backwards_show_a_left_handed_file(perform, up):
    generated = framed(perform, 5, up, left_handed=True)
    assert faults(generated) == []
    assert any("left-handed" in note for note in canonicalise(motion_in(generated)).notes)


@pytest.mark.parametrize("seed", range(4))
def test_knees_that_bend_backwards_show_a_left_handed_file_without_toes(seed):
    assert faults(framed(push_ups if seed % 2 else sit_ups, seed, left_handed=True, rest="zero", toes=True)) == []
    walk = walking()[:, :, :] * (-1, 1, 1)
    without_feet = walk.copy()
    without_feet[:, [joint("left_foot"), joint("right_foot")]] = np.nan
    assert any("left-handed" in note for note in canonicalise(motion_of(without_feet)).notes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("up", CONVENTIONS)
def test_feet_that_are_half_pointed_and_straight_knees_show_a_left_handed_file(seed, up):
    assert faults(framed(roll_over, seed, up, left_handed=True, rest="zero")) == []
    assert faults(framed(roll_over, seed, up, rest="zero", toes=False)) == []


@pytest.mark.parametrize("back_m", np.linspace(0.02, 0.06, 10))
def test_a_heel_that_is_taken_for_the_foot_does_not_mirror(back_m):
    body = walking()
    for side in ("left", "right"):
        knee, ankle = body[:, joint(f"{side}_knee")], body[:, joint(f"{side}_ankle")]
        thigh = body[:, joint(f"{side}_hip")] - knee
        straight = -thigh * np.linalg.norm(ankle - knee, axis=1)[:, None] / np.linalg.norm(thigh, axis=1)[:, None]
        body[:, joint(f"{side}_ankle")] = knee + straight
        body[:, joint(f"{side}_foot")] = knee + straight - (0, 0.09, back_m)
    assert not any("left-handed" in note for note in canonicalise(motion_of(body)).notes)


def test_feet_and_knees_face_forwards_whatever_the_legs_do():
    body = walking()
    assert 0.2 < Facing(body, ALL).feet < 0.5
    assert Facing(body, ALL).knees > 0.2
    seated = body.copy()
    for side in ("left", "right"):  # straight legs raised to the front, as of one who sits on the floor
        hip = body[:, joint(f"{side}_hip")]
        for part in ("knee", "ankle", "foot"):
            offset = body[:, joint(f"{side}_{part}")] - hip
            seated[:, joint(f"{side}_{part}")] = hip + offset @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]).T * (
                1,
                1,
                -1,
            )
    assert Facing(seated, ALL).feet == pytest.approx(-Facing(seated[:, MIRROR], ALL).feet)


def test_swapped_sides_face_backwards_and_a_rig_without_legs_nowhere():
    body = walking()
    assert forward_evidence(body, ALL) > 0.5
    assert forward_evidence(body[:, MIRROR], ALL) < -0.5
    arms = np.array([j for j, name in enumerate(JOINTS) if not name.endswith(("knee", "ankle", "foot"))])
    assert abs(forward_evidence(body, arms)) < 0.2
