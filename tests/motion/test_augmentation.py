"""Augmentation: what a changed copy keeps and what it changes."""

from __future__ import annotations

import numpy as np
import pytest
from support.walking_body import walking

from mretrieve.motion import JOINT_COUNT, PARENTS, PARTS, Clip, body_view
from mretrieve.motion.augmentation import (
    Augmentation,
    change_speed,
    exchange_upper_body,
    lose_joints,
    move_joints,
    scale_limbs,
    turn,
)


@pytest.fixture
def walk() -> Clip:
    return Clip(walking(90).astype(np.float32), np.ones((90, JOINT_COUNT), bool))


def bone_lengths(clip: Clip) -> np.ndarray:
    return np.linalg.norm(clip.positions[:, 1:] - clip.positions[:, list(PARENTS[1:])], axis=2)


def test_double_speed_shows_every_second_frame_of_a_slow_motion(walk: Clip):
    fast = change_speed(walk, 2.0)
    assert fast.frame_count == 45
    assert fast.positions == pytest.approx(walk.positions[::2], abs=0.02)


def test_half_speed_passes_through_every_frame_and_keeps_to_the_mask_of_the_nearest(walk: Clip):
    gappy = lose_joints(walk, np.array([20]))
    slow = change_speed(gappy, 0.5)
    assert slow.positions[::2] == pytest.approx(gappy.positions, abs=0.005)
    assert not slow.observed[:, 20].any()
    assert slow.observed[:, :20].all()


def test_an_exchanged_upper_body_moves_as_in_its_own_clip_and_the_legs_and_the_path_stay(walk: Clip):
    standing = turn(Clip(np.repeat(walk.positions[10:11], 60, axis=0), walk.observed[:60]), 70.0)
    mixed = exchange_upper_body(walk, standing)
    assert mixed.frame_count == 60
    legs = [0, *PARTS["left_leg"], *PARTS["right_leg"]]
    assert mixed.positions[:, legs] == pytest.approx(walk.positions[:60, legs], abs=1e-5)
    arms = body_view(mixed.positions).positions[:, PARTS["left_arm"]]
    assert np.ptp(arms - body_view(mixed.positions).positions[:, [0]], axis=0).max() < 0.05  # as still as they were
    assert exchange_upper_body(walk, walk).positions == pytest.approx(walk.positions, abs=1e-5)


def test_a_turn_is_from_plus_z_towards_plus_x(walk: Clip):
    ahead = Clip(np.broadcast_to(np.array([0, 1, 2], np.float32), (1, JOINT_COUNT, 3)), np.ones((1, JOINT_COUNT), bool))
    assert turn(ahead, 90.0).positions[0, 0] == pytest.approx([2, 1, 0], abs=1e-6)
    assert bone_lengths(turn(walk, 33.0)) == pytest.approx(bone_lengths(walk), abs=1e-5)


def test_limb_factors_are_ratios_of_bone_lengths_and_the_same_on_both_sides(walk: Clip):
    count = 13  # 8 pairs of bones, 5 bones on the midline
    factors = np.linspace(0.8, 1.2, count)
    ratios = bone_lengths(scale_limbs(walk, factors)) / bone_lengths(walk)
    assert sorted(np.unique(ratios[0].round(4))) == pytest.approx(factors.round(4), abs=2e-4)
    assert ratios == pytest.approx(np.repeat(ratios[:1], 90, axis=0), abs=1e-4)
    assert ratios[:, 0] == pytest.approx(ratios[:, 1], abs=1e-4)  # left hip and right hip


def test_moved_joints_move_by_their_offset_in_every_frame(walk: Clip):
    offsets = np.random.default_rng(0).normal(0, 0.1, (JOINT_COUNT, 3))
    moved = move_joints(walk, offsets)
    assert moved.positions - walk.positions == pytest.approx(np.repeat(offsets[None], 90, axis=0), abs=1e-5)


def test_lost_joints_are_not_observed_and_hold_nothing_of_what_they_were(walk: Clip):
    lost = np.array([18, 20])  # left elbow and wrist
    disturbed = move_joints(walk, np.where(np.isin(np.arange(JOINT_COUNT), lost)[:, None], 0.5, 0.0))
    assert lose_joints(disturbed, lost).positions == pytest.approx(lose_joints(walk, lost).positions)
    assert not lose_joints(walk, lost).observed[:, lost].any()
    assert walk.observed.all()


def test_the_same_seed_draws_the_same_copy_and_every_copy_is_a_motion(walk: Clip):
    augmentation = Augmentation()
    for seed in range(20):
        copy, again = (augmentation.draw(walk, np.random.default_rng(seed)) for _ in range(2))
        assert (copy.positions == again.positions).all()
        assert np.isfinite(copy.positions).all()
        assert 90 * 0.5 / 1.65 - 1 <= copy.frame_count <= 90 * 1.65 + 1


def test_a_single_frame_can_be_drawn_from(walk: Clip):
    assert Augmentation().draw(walk.cut(0, 1), np.random.default_rng(0)).frame_count >= 1
