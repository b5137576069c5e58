"""Weights of the body's parts: what users may write, what it means, and what is said where it means nothing."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pytest
from support.walking_body import motion_of, walking

from mretrieve import MRetrieveError, canonicalise
from mretrieve.motion.body_parts import UNIONS, PartWeights
from mretrieve.motion.body_view import body_view
from mretrieve.motion.skeleton import JOINT_COUNT, PARTS


@pytest.mark.parametrize(
    ("text", "torso", "left_arm", "right_arm", "left_leg", "right_leg"),
    [
        ("arms", 0, 1, 1, 0, 0),
        ("arms=1,legs=0", 0, 1, 1, 0, 0),
        ("arms=1,legs=0.2", 0, 1, 1, 0.2, 0.2),
        ("body=1,right_arm=3", 1, 1, 3, 1, 1),
        ("legs=0", 1, 1, 1, 0, 0),
        ("upper", 1, 1, 1, 0, 0),
        ("left", 0, 1, 0, 1, 0),
        (" Left-Arm = 2 , torso ", 1, 2, 0, 0, 0),
        ("arms=2,left_arm=0", 0, 0, 2, 0, 0),
        ("left_arm=0,arms=2", 0, 2, 2, 0, 0),
        ("right_leg=1e-3", 0, 0, 0, 0, 1e-3),
    ],
)
def test_what_is_written_is_what_counts(text, torso, left_arm, right_arm, left_leg, right_leg):
    assert PartWeights.of(text) == PartWeights(torso, left_arm, right_arm, left_leg, right_leg)


@pytest.mark.parametrize("name", [*PARTS, *UNIONS])
def test_a_name_alone_counts_1_and_a_name_with_0_leaves_the_rest(name):
    named = set(UNIONS.get(name, (name,)))
    assert {part for part, weight in PartWeights.of(name).items() if weight == 1} == named
    if named != set(PARTS):
        assert {part for part, weight in PartWeights.of(f"{name}=0").items() if weight == 1} == set(PARTS) - named


def test_what_is_written_out_in_full_is_read_back():
    generator = np.random.default_rng(0)
    for weights in generator.uniform(0, 5, (50, 5)).round(3) + 0.001:
        text = ",".join(f"{part}={weight!r}" for part, weight in zip(PARTS, weights.tolist(), strict=True))
        assert [weight for _, weight in PartWeights.of(text).items()] == weights.tolist()


@pytest.mark.parametrize(
    ("text", "wrong", "remedy"),
    [
        ("wings", "'wings' is not a body part", "there are torso, left_arm,"),
        ("arms=1,tail=0", "'tail' is not a body part", "there are torso, left_arm,"),
        ("", "'' is not a body part", "there are torso, left_arm,"),
        ("arms,", "'' is not a body part", "there are torso, left_arm,"),
        ("arms=much", "the weight of arms is 'much'", "give a number, as in arms=0.5"),
        ("arms=1=2", "the weight of arms is '1=2'", "give a number, as in arms=0.5"),
        ("legs=-1", "the weight of left_leg is -1", "give 0 or more"),
        ("torso=nan", "the weight of torso is nan", "give 0 or more"),
        ("torso=inf", "the weight of torso is inf", "give 0 or more"),
        ("body=0", "every body part has weight 0", "give one of them a weight"),
        ("upper=0,legs=0", "every body part has weight 0", "give one of them a weight"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_wrong_and_what_to_do(text, wrong, remedy):
    with pytest.raises(MRetrieveError) as caught:
        PartWeights.of(text)
    assert wrong in str(caught.value)
    assert remedy in str(caught.value)


def test_any_text_is_understood_or_refused_in_one_line():
    generator = np.random.default_rng(1)
    pieces = [*PARTS, *UNIONS, "=", ",", "1", "0", "-", ".", "e", "nan", " ", *string.punctuation, "é"]
    for _ in range(2000):
        text = "".join(generator.choice(pieces, generator.integers(1, 8)))
        try:
            weights = PartWeights.of(text)
        except MRetrieveError as error:
            assert "\n" not in str(error)
            assert any(sign in str(error) for sign in ("there are", "give")), str(error)
        else:
            assert all(np.isfinite(weight) and weight >= 0 for _, weight in weights.items())
            assert sum(weight for _, weight in weights.items()) > 0


def test_even_weights_are_those_that_change_nothing():
    assert PartWeights().even
    assert PartWeights.of("body=3").even
    assert not PartWeights.of("arms").even


def test_a_joint_has_the_weight_of_its_part():
    weights = PartWeights(1, 2, 3, 4, 5).of_joints()
    assert weights.shape == (JOINT_COUNT,)
    for number, joints in enumerate(PARTS.values()):
        assert set(weights[list(joints)]) == {number + 1}


def test_limbs_that_count_nothing_do_not_tell_where_the_body_is_and_which_way_it_faces():
    clip = canonicalise(motion_of(walking()))
    masked = PartWeights.of("arms").masked(clip)
    legs = [*PARTS["left_leg"], *PARTS["right_leg"]]
    assert not masked.observed[:, legs].any()
    np.testing.assert_array_equal(np.delete(masked.observed, legs, 1), np.delete(clip.observed, legs, 1))
    elsewhere = masked.positions.copy()
    elsewhere[:, legs] += np.random.default_rng(0).normal(0, 1, (len(elsewhere), len(legs), 3)).astype(np.float32)
    one, other = (body_view(positions, masked.observed) for positions in (masked.positions, elsewhere))
    np.testing.assert_array_equal(one.heading, other.heading)
    np.testing.assert_array_equal(one.origin, other.origin)


def test_the_torso_stays_and_where_every_part_counts_the_clip_is_as_it_was():
    clip = canonicalise(motion_of(walking()))
    assert PartWeights().masked(clip) is clip
    torso = list(PARTS["torso"])
    np.testing.assert_array_equal(PartWeights(torso=0).masked(clip).observed[:, torso], clip.observed[:, torso])


def test_masking_leaves_the_clip_itself_alone():
    clip = canonicalise(motion_of(walking()))
    before = replace(clip, observed=clip.observed.copy())
    PartWeights.of("left").masked(clip)
    np.testing.assert_array_equal(clip.observed, before.observed)
