"""The protocol `anthropometry`."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.encoders.body_sequence import body_sequence, normalised_positions
from mretrieve.evaluation.anthropometry import LIMB_SCALE, TwoBodies, joint_errors_mm, pose_change_mm, two_bodies
from mretrieve.evaluation.lifting import bones_of
from mretrieve.motion.bones import USED_JOINTS


@cache
def pairs() -> tuple[TwoBodies, ...]:
    return tuple(two_bodies([synthesise_clip(MotionRecipe(kind)) for kind in ("walk", "squat")], 0))


def test_the_other_body_has_bones_of_other_lengths_in_the_same_directions():
    for pair in pairs():
        own, other = (bones_of(clip.positions) for clip in pair.clips)
        legs = slice(3, 7)
        np.testing.assert_allclose(own[0][:, legs], other[0][:, legs], atol=1e-4)
        factors = (other[1] / own[1]).mean(axis=0)[legs]
        assert (np.abs(factors - 1) <= LIMB_SCALE + 1e-4).all()
        assert np.abs(factors - 1).max() > 0.01
        np.testing.assert_allclose(factors[::2], factors[1::2], rtol=1e-4)  # left and right


def test_the_views_are_of_the_two_bodies():
    for pair in pairs():
        first, second = (view.points for view in pair.views)
        assert first.shape == second.shape
        assert np.abs(first - second).max() > 0.01


def test_from_3d_the_normalised_pose_changes_by_less_than_5_mm():
    exact = pose_change_mm(pairs(), lambda pair, body: normalised_positions(body_sequence(pair.clips[body])))
    true = pose_change_mm(pairs(), lambda pair, body: pair.clips[body].positions[:, list(USED_JOINTS)])
    assert exact < 5 < true


def test_the_change_is_the_mean_distance_of_a_joint():
    assert pose_change_mm(pairs(), lambda pair, body: np.full((4, 18, 3), [0.003 * body, 0.004 * body, 0])) == (
        pytest.approx(5.0)
    )


def test_true_directions_have_no_error_and_others_have():
    clip = pairs()[0].clips[0]
    directions, _ = bones_of(clip.positions)
    assert joint_errors_mm([clip], [directions])[0] == pytest.approx(0.0, abs=1e-3)
    assert joint_errors_mm([clip], [-directions])[0] > 100
