"""Trajectory similarity: equations 3 and 4, blind to speed, and a rule that tells like from unlike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve.encoders.body_sequence import body_sequence, normalised_positions
from mretrieve.motion import PARENTS, Clip
from mretrieve.motion.augmentation import change_speed, scale_limbs
from mretrieve.motion.skeleton import PARTS
from mretrieve.training.trajectory import (
    DISSIMILAR,
    IGNORED,
    SIMILAR,
    SimilarityThresholds,
    Trajectories,
    distance_differences,
    field_differences,
    mean_posture,
    motion_distance,
    motion_field,
    posture_differences_m,
    trajectory_similarity,
)

WITH_POSTURE = SimilarityThresholds(similar_posture_m=0.06, dissimilar_posture_m=0.10)


def field_and_distance(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    sequence = body_sequence(clip)
    positions = normalised_positions(sequence)
    return motion_field(positions, sequence.rates), motion_distance(positions)


def similarity_of(*clips: Clip) -> np.ndarray:
    """Of clips of any lengths, padded as a batch pads them."""
    longest = max(clip.frame_count for clip in clips)
    sequences = [body_sequence(clip) for clip in clips]
    lengths = np.array([clip.frame_count for clip in clips])
    rows = [np.minimum(np.arange(longest), length - 1) for length in lengths]
    positions = np.stack([normalised_positions(seen)[row] for seen, row in zip(sequences, rows, strict=True)])
    rates = np.stack([seen.rates[row] for seen, row in zip(sequences, rows, strict=True)])
    return trajectory_similarity(Trajectories.of(positions, rates, lengths))


def with_others_still(clip: Clip, moving: tuple[int, ...]) -> Clip:
    """The clip with only the bones that end in `moving` joints moving, on the spot."""
    seen = body_sequence(clip).positions
    positions = np.repeat(seen[:1], len(seen), axis=0)
    for child, parent in enumerate(PARENTS):
        bones = seen[:, child] - seen[:, parent]
        if child:
            positions[:, child] = positions[:, parent] + (bones if child in moving else bones[0])
    return replace(clip, positions=positions)


def test_motion_distance_is_equation_4():
    positions = np.random.default_rng(0).normal(size=(6, 3, 3))
    expected = [sum(np.sqrt(((positions[i + 1, j] - positions[i, j]) ** 2).sum()) for i in range(5)) for j in range(3)]
    np.testing.assert_allclose(motion_distance(positions), expected, rtol=1e-6)


def test_motion_field_of_a_body_on_the_spot_is_equation_3():
    positions = np.random.default_rng(0).normal(size=(6, 3, 3))
    np.testing.assert_allclose(motion_field(positions, np.zeros((6, 4))), positions[-1] - positions[0], rtol=1e-6)


def test_a_batch_is_its_sequences():
    generator = np.random.default_rng(1)
    positions, rates = generator.normal(size=(2, 7, 5, 3)), generator.normal(size=(2, 7, 4))
    for row in range(2):
        np.testing.assert_allclose(motion_field(positions, rates)[row], motion_field(positions[row], rates[row]))
        np.testing.assert_allclose(motion_distance(positions)[row], motion_distance(positions[row]))


def test_the_field_has_the_way_of_the_root_in_it_seen_from_the_first_heading():
    # a quarter of a circle of 2 m to the left, without moving a limb: from the middle, forwards is where it began
    frames = 31
    rates = np.tile([0, 0, np.pi, np.pi / 2], (frames, 1))  # m/s forwards and rad/s for one second: radius 2 m
    field = motion_field(np.zeros((frames, 1, 3)), rates)
    np.testing.assert_allclose(field, [[2, 0, 2]], atol=2e-3)


def test_the_field_is_where_the_body_went_in_the_world():
    clip = random_clip(3)
    sequence = body_sequence(clip)
    moved = clip.positions[-1] - clip.positions[0]
    field = motion_field(sequence.positions, sequence.rates)
    np.testing.assert_allclose(np.linalg.norm(field, axis=1), np.linalg.norm(moved, axis=1), atol=0.03)
    np.testing.assert_allclose(field[:, 1], moved[:, 1], atol=0.01)


def test_the_mean_posture_is_of_the_frames_that_are_there():
    positions = np.random.default_rng(3).normal(size=(2, 6, 4, 3))
    postures = mean_posture(positions, np.array([6, 2]))
    np.testing.assert_allclose(postures, [positions[0].mean(axis=0), positions[1, :2].mean(axis=0)], rtol=1e-6)
    assert posture_differences_m(postures)[0, 1] == pytest.approx(
        np.mean([np.linalg.norm(postures[0, joint] - postures[1, joint]) for joint in range(4)])
    )


def test_the_same_circles_of_the_arms_above_the_head_and_beside_the_hips_are_told_apart_by_the_posture():
    circle = 0.2 * np.stack([np.sin(np.linspace(0, 6, 60)), np.cos(np.linspace(0, 6, 60)), np.zeros(60)], axis=1)
    hands = np.stack([circle + np.array([0, height, 0]) for height in (0.6, -0.2)])[:, :, None]
    motions = Trajectories.of(hands, np.zeros((2, 60, 4)), np.array([60, 60]))
    assert field_differences(motions.fields)[0, 1] < 1e-6 and distance_differences(motions.distances)[0, 1] < 1e-6
    assert trajectory_similarity(motions)[0, 1] == SIMILAR
    assert trajectory_similarity(motions, WITH_POSTURE)[0, 1] == DISSIMILAR


def test_one_frame_neither_moves_nor_covers_a_distance():
    field, distance = field_and_distance(random_clip(0).cut(0, 1))
    assert not field.any() and not distance.any()


@pytest.mark.parametrize("speed", [0.5, 0.7, 2.0])
def test_a_faster_or_slower_copy_has_the_same_field_and_distance(speed):
    clip = random_clip(5, 121)
    fields, distances = zip(*map(field_and_distance, (clip, change_speed(clip, speed))), strict=True)
    assert field_differences(np.stack(fields))[0, 1] < 0.05
    assert distance_differences(np.stack(distances))[0, 1] < 0.03


def test_copies_are_similar_and_motions_of_other_limbs_are_not():
    moving = [PARTS["left_arm"], PARTS["right_leg"], PARTS["left_leg"] + PARTS["right_leg"], PARTS["torso"]]
    clips = [with_others_still(random_clip(seed, 90), joints) for seed, joints in enumerate(moving)]
    longer = np.random.default_rng(0).uniform(0.8, 1.25, 13)
    copies = [scale_limbs(change_speed(clip, 2.0), longer) for clip in clips]
    table = similarity_of(*clips, *copies)
    assert (table == table.T).all() and (np.diag(table) == SIMILAR).all()
    assert (np.diag(table[:4, 4:]) == SIMILAR).all()
    assert (table[:4, 4:][~np.eye(4, dtype=bool)] == DISSIMILAR).all()


def test_a_motion_there_differs_from_the_same_steps_back():
    clip = random_clip(2, 90)
    there = clip.positions + np.linspace(0, 3, 90, dtype=np.float32)[:, None, None] * np.float32([0, 0, 1])
    back = clip.positions - np.linspace(0, 3, 90, dtype=np.float32)[:, None, None] * np.float32([0, 0, 1])
    table = similarity_of(replace(clip, positions=there), replace(clip, positions=back))
    assert table[0, 1] == DISSIMILAR  # both cover the same distance; only the field tells


def test_differences_run_from_0_to_1():
    fields = np.array([[[0.0, 0, 0]], [[0, 0, 2]], [[0, 0, -2]], [[0, 0.01, 0]]])
    distances = np.array([[0.0, 0], [1, 0], [0, 1], [2, 0]])
    assert (np.diag(field_differences(fields)) == 0).all()
    assert (np.diag(distance_differences(distances)) == 0).all()
    assert field_differences(fields)[1, 2] == pytest.approx(4 / 4.1)
    assert field_differences(fields)[0, 3] == pytest.approx(0.01 / 0.11)  # both as good as zero: they agree
    assert distance_differences(distances)[1, 2] == 1
    assert distance_differences(distances)[1, 3] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("fields", "distances", "postures"),
    [
        ([0, 0, 0, 0], [1, 1.1, 1.5, 3], [0, 0, 0, 0]),  # differences of the distance 0, .05, .2, .5
        ([0.5, 1.2, 2.5, 5], [1, 1, 1, 1], [0, 0, 0, 0]),  # of the field 0, .39, .65, .80
        ([0, 0, 0, 0], [1, 1, 1, 1], [0, 0.05, 0.08, 0.2]),  # of the mean pose, metres
    ],
)
def test_similar_is_where_all_agree_dissimilar_where_any_clearly_differs(fields, distances, postures):
    ahead = np.array([0.0, 0, 1])
    motions = Trajectories(
        np.array(fields)[:, None, None] * ahead, np.array(distances)[:, None], np.array(postures)[:, None, None] * ahead
    )
    assert trajectory_similarity(motions, WITH_POSTURE)[0].tolist() == [SIMILAR, SIMILAR, IGNORED, DISSIMILAR]


def test_thresholds_leave_no_pair_both_similar_and_dissimilar():
    for limits in ({"similar_field": 0.8}, {"similar_distance": 0.4}, {"dissimilar_posture_m": 0.1}):
        with pytest.raises(ValueError, match="similar and dissimilar at once"):
            SimilarityThresholds(**limits)
