"""Alignment: the warping path of two clips, and the errors along it."""

from __future__ import annotations

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve.alignment import alignment as alignment_module
from mretrieve.alignment.alignment import UNRELATED_PART_M, align, joint_errors, part_scores, score_of
from mretrieve.alignment.pose_features import features_of
from mretrieve.errors import QueryError
from mretrieve.formats import read
from mretrieve.motion import Clip, canonicalise
from mretrieve.motion.augmentation import change_speed, lose_joints
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.body_view import body_view
from mretrieve.motion.skeleton import JOINT_COUNT, PARTS


@pytest.fixture(scope="module")
def kick(library: Library) -> Clip:
    return canonicalise(read(library.folder / library.short_clip)[0])


@pytest.fixture(scope="module")
def take(library: Library) -> Clip:
    return canonicalise(read(library.folder / library.long_take)[0])


def test_a_clip_lies_straight_on_itself(kick: Clip):
    found = align(kick, kick)
    assert (found.path[:, 0] == found.path[:, 1]).all()
    assert len(found.path) == kick.frame_count
    assert found.mean_mm == 0
    assert found.part_scores == dict.fromkeys(PARTS, 1.0)
    assert found.speed == 1
    assert found.slope == pytest.approx(np.ones(kick.frame_count))


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.5])
def test_a_retimed_copy_tells_how_much_faster_it_is(kick: Clip, factor: float):
    found = align(kick, change_speed(kick, factor))
    assert found.speed == pytest.approx(factor, rel=0.03)
    inner = found.slope[10:-10]
    assert np.median(inner) == pytest.approx(1 / factor, rel=0.1)
    assert found.mean_mm < 15


def test_the_mean_is_that_of_parts_joints_steps_and_frames(kick: Clip, take: Clip):
    found = align(kick, take.cut(0, 50))
    of_parts = sum(mean * len(PARTS[part]) for part, mean in found.parts_mm.items()) / JOINT_COUNT
    assert found.mean_mm == pytest.approx(of_parts)
    assert found.mean_mm == pytest.approx(found.joints_mm.mean())
    assert found.mean_mm == pytest.approx(found.steps_mm.mean())
    assert found.frames_mm == pytest.approx(found.over_time_mm.mean(axis=1))
    assert found.joints_mm == pytest.approx(found.error_mm.mean(axis=0), rel=1e-4)


def test_every_frame_of_the_query_has_its_place_and_none_goes_back(kick: Clip, take: Clip):
    found = align(kick, take.cut(0, 90))
    assert len(found.other_frames) == len(found.slope) == len(found.frames_mm) == kick.frame_count
    assert (np.diff(found.other_frames) >= 0).all()
    assert (found.slope >= 0).all()


def test_weights_count_and_limbs_of_weight_0_are_not_compared(kick: Clip, take: Clip):
    weights = PartWeights.of("arms=1,torso=1,legs=0")
    other = take.cut(0, 60)
    found = align(kick, other, weights)
    assert set(found.parts_mm) == set(found.part_scores) == {"torso", "left_arm", "right_arm"}
    legs = [*PARTS["left_leg"], *PARTS["right_leg"]]
    assert np.isnan(found.joints_mm[legs]).all()
    replaced = Clip(other.positions.copy(), other.observed)
    replaced.positions[:, legs[1:4]] += 0.3
    assert (align(kick, replaced, weights).path == found.path).all()

    double = align(kick, other, PartWeights(torso=3, left_arm=1, right_arm=1, left_leg=0, right_leg=0))
    mine = {part: mean * len(PARTS[part]) * weight for part, mean, weight in zip(
        ("torso", "left_arm", "right_arm"), map(double.parts_mm.get, ("torso", "left_arm", "right_arm")), (3, 1, 1),
        strict=True,
    )}  # fmt: skip
    assert double.mean_mm == pytest.approx(sum(mine.values()) / (3 * 6 + 4 + 4))


def test_joints_that_one_of_both_lacks_are_not_compared(kick: Clip):
    joints = np.array([*PARTS["left_arm"], PARTS["right_leg"][-1]])
    found = align(kick, lose_joints(kick, joints))
    assert np.isnan(found.joints_mm[joints]).all()
    assert "left_arm" not in found.parts_mm
    assert found.mean_mm < 3  # without a shoulder the heading is seen a little otherwise


def test_frames_that_were_not_seen_have_no_error(kick: Clip):
    observed = kick.observed.copy()
    observed[5:9] = False
    found = align(kick, Clip(kick.positions, observed))
    assert np.isnan(found.frames_mm[5:9]).all()
    assert np.isfinite(np.delete(found.frames_mm, range(5, 9))).all()
    assert found.mean_mm == pytest.approx(0, abs=1e-3)


def test_where_nothing_that_counts_is_seen_what_was_filled_in_is_compared(kick: Clip):
    without = lose_joints(kick, np.array(PARTS["left_arm"]))
    found = align(kick, without, PartWeights.of("left_arm"))
    assert np.isfinite(found.error_mm).all()
    assert np.isfinite(found.mean_mm)


def test_without_frames_there_is_nothing_to_align(kick: Clip):
    with pytest.raises(QueryError, match="no frames"):
        align(kick, kick.cut(3, 3))


def test_long_motions_are_thinned_and_every_frame_still_has_its_place(
    kick: Clip, take: Clip, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(alignment_module, "_MAX_FRAMES", 20)
    for other in (kick, change_speed(kick, 0.7), take.cut(0, 101)):
        found = align(kick, other)
        assert found.path[0].tolist() == [0, 0]
        assert found.path[-1].tolist() == [kick.frame_count - 1, other.frame_count - 1]
        steps = np.diff(found.path, axis=0)
        assert steps.min() >= 0
        assert (steps.max(axis=1) == 1).all()
    assert align(kick, kick).mean_mm == 0


def test_part_scores_are_those_of_the_parts_distances():
    generator = np.random.default_rng(0)
    poses, others = generator.normal(0, 0.1, (2, 30, JOINT_COUNT, 3))
    path = np.stack([np.arange(30)] * 2, axis=1)
    errors = joint_errors(poses, others, path)
    assert errors == pytest.approx(np.linalg.norm(poses - others, axis=2), rel=1e-5)
    scores = part_scores(errors, path)
    legs = np.sqrt(np.square(errors[:, list(PARTS["left_leg"])]).mean() / 2)  # of 60 frames, 30 pairs
    assert scores["left_leg"] == pytest.approx(score_of(legs / UNRELATED_PART_M["left_leg"]))
    errors[:, list(PARTS["torso"])] = np.nan
    assert "torso" not in part_scores(errors, path)


def test_squared_differences_count_by_the_weights_of_the_parts(kick: Clip, take: Clip):
    joints = np.arange(JOINT_COUNT)
    clips = kick, take.cut(0, kick.frame_count)
    legs = {"torso": 0, "left_arm": 0, "right_arm": 0, "left_leg": 1, "right_leg": 4}
    first, second = (features_of(clip, joints, PartWeights.of(legs)) for clip in clips)
    views = [body_view(clip.positions, clip.observed) for clip in clips]
    offsets = views[0].positions - views[1].positions
    of_legs = [(offsets[:, PARTS[part]] ** 2).sum(axis=(1, 2)) for part in ("left_leg", "right_leg")]
    mean_weight = (len(PARTS["left_leg"]) + 4 * len(PARTS["right_leg"])) / JOINT_COUNT
    expected = (of_legs[0] + 4 * of_legs[1]) / mean_weight
    assert ((first - second) ** 2).sum(axis=1) == pytest.approx(expected, rel=1e-4)
