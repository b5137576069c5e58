"""Two takes compared: where they part, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.changed_motion import delayed, raised_right_arm

from mretrieve.comparison import NamedClip
from mretrieve.comparison.differences import compare, on_bones_of
from mretrieve.motion import CANONICAL_FPS
from mretrieve.motion.augmentation import lose_joints, other_body
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.body_view import body_view
from mretrieve.motion.skeleton import JOINTS, PARENTS, PARTS


def test_the_same_take_leaves_nothing_to_say(walk: NamedClip):
    comparison = compare(walk, walk)
    assert comparison.differences == ()
    assert [said.part for said in comparison.advice] == list(PARTS)
    assert all(said.kind == "alike" and "as in B" in said.text for said in comparison.advice)


def test_a_raised_arm_is_named_with_time_joint_direction_and_amount(walk: NamedClip):
    start_s, end_s = 0.5, 1.1
    raised = replace(walk, clip=raised_right_arm(walk.clip, start_s, end_s))
    comparison = compare(walk, raised)
    assert {difference.part for difference in comparison.differences} == {"right_arm"}
    said = {advice.part: advice for advice in comparison.advice}
    assert {part for part, advice in said.items() if advice.kind != "alike"} == {"right_arm"}

    arm = said["right_arm"]
    assert (arm.kind, arm.joint) == ("place", "right_wrist")
    assert arm.start_s == pytest.approx(walk.clip.start_s + start_s, abs=0.15)
    assert arm.end_s == pytest.approx(walk.clip.start_s + end_s, abs=0.15)
    assert arm.text.startswith("right arm: your wrist is")
    assert "lower" in arm.text
    frames = slice(*(round((time_s - walk.clip.start_s) * CANONICAL_FPS) for time_s in (arm.start_s, arm.end_s)))
    wrist = JOINTS.index("right_wrist")
    apart = [body_view(clip.positions).positions[frames, wrist] for clip in (walk.clip, raised.clip)]
    assert arm.offset_mm == pytest.approx((apart[0] - apart[1]).mean(axis=0) * 1000, abs=10)
    assert f"{-arm.offset_mm[1] / 10:.0f} cm lower" in arm.text

    other_way = next(said for said in compare(raised, walk).advice if said.part == "right_arm")
    assert "higher" in other_way.text


@pytest.mark.parametrize("frames", [4, 6])
def test_a_leg_that_comes_late_is_told_by_how_much(walk: NamedClip, frames: int):
    late = replace(walk, clip=delayed(walk.clip, "left_leg", frames))
    said = {advice.part: advice for advice in compare(late, walk).advice}
    assert said["left_leg"].kind == "timing"
    assert said["left_leg"].late_s == pytest.approx(frames / CANONICAL_FPS, abs=1.1 / CANONICAL_FPS)
    assert "s late" in said["left_leg"].text
    assert said["torso"].kind == said["left_arm"].kind == said["right_arm"].kind == "alike"
    early = {advice.part: advice for advice in compare(walk, late).advice}
    assert "s early" in early["left_leg"].text


def test_another_body_is_no_other_motion(walk: NamedClip):
    taller = replace(walk, clip=other_body(walk.clip, np.random.default_rng(0), 0.2, 0.0))
    bones = on_bones_of(taller.clip, walk.clip).positions
    lengths = np.linalg.norm(bones[:, 1:] - bones[:, PARENTS[1:]], axis=2)
    wanted = np.linalg.norm(walk.clip.positions[:, 1:] - walk.clip.positions[:, PARENTS[1:]], axis=2)
    assert lengths == pytest.approx(np.broadcast_to(np.median(wanted, axis=0), lengths.shape), abs=1e-4)
    comparison = compare(taller, walk)
    assert comparison.alignment.mean_mm < 5
    assert all(said.kind == "alike" for said in comparison.advice)


def test_the_timeline_and_the_json_tell_the_parts_over_time(waves: tuple[NamedClip, NamedClip]):
    comparison = compare(*waves)
    timeline = comparison.timeline(10)
    assert len(timeline.edges_s) == 11
    assert timeline.edges_s[0] == waves[0].clip.start_s
    assert timeline.edges_s[-1] == pytest.approx(waves[0].clip.end_s)
    assert set(timeline.scores) == set(PARTS)
    assert all(0 <= score <= 1 for scores in timeline.scores.values() for score in scores)
    said = comparison.to_dict()
    assert said["schema"] == "mretrieve.compare/2"
    assert set(said["parts"]) == set(PARTS)
    for part in said["parts"].values():
        assert len(part["scores"]) == len(said["edges_s"]) - 1
        assert part["advice"]["text"]


def test_parts_of_weight_0_are_left_out(waves: tuple[NamedClip, NamedClip]):
    comparison = compare(*waves, PartWeights.of("legs=0"))
    assert [said.part for said in comparison.advice] == ["torso", "left_arm", "right_arm"]
    assert "left_leg" not in comparison.to_dict()["parts"]


def test_a_single_frame_can_be_compared(walk: NamedClip):
    still = replace(walk, clip=walk.clip.cut(0, 1))
    comparison = compare(still, walk)
    assert len(comparison.advice) == len(PARTS)
    assert len(comparison.timeline().edges_s) == 2


def test_a_part_can_be_compared_alone(walk: NamedClip):
    raised = replace(walk, clip=raised_right_arm(walk.clip, 0.5, 1.1))
    armless = replace(raised, clip=lose_joints(raised.clip, np.array(PARTS["left_arm"])))
    for take, parts in ((raised, "right_arm"), (armless, "arms")):
        advice = {said.part: said for said in compare(take, walk, PartWeights.of(parts)).advice}
        assert advice["right_arm"].joint == "right_wrist"
        assert "left_arm" not in advice
