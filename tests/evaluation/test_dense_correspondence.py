"""The protocol `dense-correspondence`."""

from __future__ import annotations

from functools import cache

import numpy as np

from mretrieve import Clip
from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.encoders.body_sequence import BONE_LENGTHS_M, body_sequence, normalised_positions
from mretrieve.evaluation.dense_correspondence import (
    FilmedPair,
    descriptions,
    filmed_pairs,
    in_camera,
    kept_frames,
    pair_scores,
    raw_points,
    upright,
)
from mretrieve.lifting.body import joint_places
from mretrieve.motion.augmentation import turn
from mretrieve.motion.camera import Camera
from mretrieve.motion.quaternion_pose import REST_DIRECTIONS


@cache
def performed(kind: str = "kick") -> Clip:
    return synthesise_clip(MotionRecipe(kind))


@cache
def pairs() -> tuple[FilmedPair, ...]:
    return tuple(filmed_pairs([performed("kick"), performed("walk")], 3))


def test_half_of_the_frames_are_kept_and_never_are_five_in_a_row_dropped():
    kept = kept_frames(4000, np.random.default_rng(0))
    assert 0.45 < len(kept) / 4000 < 0.55
    assert np.diff(kept).max() == 5


def test_the_two_cameras_are_30_to_80_degrees_apart():
    generator = np.random.default_rng(0)
    many = filmed_pairs([performed().cut(0, 2)] * 40, int(generator.integers(100)))
    apart = [abs((a.azimuth_deg - b.azimuth_deg + 180) % 360 - 180) for a, b in (pair.cameras for pair in many)]
    assert 30 <= min(apart) <= max(apart) <= 80


def test_the_frames_numbers_find_the_true_frames():
    pair = pairs()[0]
    numbers = np.arange(pair.clip.frame_count, dtype=np.float32)[:, None]
    scores = pair_scores(pair, numbers, numbers)
    assert scores.nearest_hits == scores.path_hits == 1.0
    assert scores.errors.max() == 0.0


def test_features_that_say_nothing_find_nothing():
    clip = performed("walk")
    pair = filmed_pairs([clip], 0)[0]
    scores = pair_scores(pair, *(np.random.default_rng(0).standard_normal((2, clip.frame_count, 4))))
    assert scores.nearest_hits < 0.5


def test_frames_far_from_the_true_one_are_no_hits():
    pair = pairs()[1]
    count = pair.clip.frame_count
    numbers = np.arange(count, dtype=np.float32)[:, None]
    assert pair_scores(pair, numbers, numbers + 12).nearest_hits < 0.2


def test_exact_poses_find_the_moment_and_the_image_does_so_less():
    rows = descriptions(())
    scores = {name: [pair_scores(pair, *rows[name](pair)) for pair in pairs()] for name in rows}
    hits = {name: np.mean([score.path_hits for score in each]) for name, each in scores.items()}
    assert hits["3D, normalised"] >= 0.99
    assert hits["3D, normalised"] > hits["2D, raw"]
    assert hits["2D, lifted, normalised"] > hits["2D, raw"]


def test_raw_points_do_not_depend_on_the_unit_of_the_image():
    view = pairs()[0].views[0]
    larger = type(view)(view.points * 300, view.observed, view.confidence)
    np.testing.assert_allclose(raw_points(larger), raw_points(view), atol=1e-3)


def test_procrustes_turns_a_turned_body_back():
    rest = joint_places(REST_DIRECTIONS[None], BONE_LENGTHS_M)
    turned = rest @ Camera(70.0, 20.0, 5.0).axes.T
    expected = rest - rest.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(upright(turned.astype(np.float32)), expected, atol=1e-5)


def test_in_the_frame_of_the_camera_the_heading_counts():
    clip, camera = performed(), Camera(20.0)
    assert np.abs(in_camera(clip, camera) - in_camera(turn(clip, 40.0), camera)).max() > 0.1
    same = [normalised_positions(body_sequence(each)) for each in (clip, turn(clip, 40.0))]
    np.testing.assert_allclose(*same, atol=1e-4)
