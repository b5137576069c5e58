"""Views: projections of clips, their mirror images, and what stands in for points that no detector found."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.motion import JOINTS, Clip, mirror
from mretrieve.motion.camera import Camera, CameraRange, film, project
from mretrieve.motion.detection import DETECTED, DetectionErrors, as_detected, with_stand_ins
from mretrieve.motion.lifted_clip import LiftedClip
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View, mirror_view


def standing_clip(frames: int = 4) -> Clip:
    """A body that faces +Z, with its left at +X, 1.7 m high, that walks along +Z."""
    height = {"pelvis": 0.9, "neck": 1.45, "head": 1.6, "hip": 0.85, "knee": 0.45, "ankle": 0.05, "foot": 0.0}
    positions = np.zeros((frames, len(JOINTS), 3), np.float32)
    for number, name in enumerate(JOINTS):
        side, _, part = name.rpartition("_")
        positions[:, number, 1] = height.get(part or name, 1.2)
        positions[:, number, 0] = {"left": 0.2, "right": -0.2}.get(side, 0.0)
    positions[..., 2] += 0.1 * np.arange(frames)[:, None]
    return Clip(positions, np.ones(positions.shape[:2], bool))


def test_a_body_that_faces_the_camera_has_its_left_on_the_right_of_the_image():
    view = film(standing_clip(), Camera())
    left, right = joint("left_wrist"), joint("right_wrist")
    assert (view.points[:, left, 0] > view.points[:, right, 0]).all()
    assert (view.points[:, joint("head"), 1] > view.points[:, joint("left_ankle"), 1]).all()


def test_from_behind_its_left_is_on_the_left():
    view = film(standing_clip(), Camera(azimuth_deg=180))
    assert (view.points[:, joint("left_wrist"), 0] < view.points[:, joint("right_wrist"), 0]).all()


def test_seen_from_its_left_it_walks_to_the_left_of_the_image():
    pelvis = film(standing_clip(), Camera(azimuth_deg=90)).points[:, 0, 0]
    assert (np.diff(pelvis) < 0).all()


def test_seen_from_above_its_height_vanishes():
    points = film(standing_clip(), Camera(pitch_deg=90)).points
    assert np.allclose(points[:, joint("head")], points[:, joint("pelvis")], atol=1e-6)


def test_the_axes_of_a_camera_are_a_right_handed_frame():
    axes = Camera(30, 20, 15).axes.astype(float)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-6)


def test_perspective_enlarges_what_is_near():
    near, far = np.array([[1.0, 0, 1.0]]), np.array([[1.0, 0, -1.0]])
    camera, target = Camera(distance_m=4.0), np.zeros(3)
    assert project(near, camera, target)[0, 0] == pytest.approx(4 / 3)
    assert project(far, camera, target)[0, 0] == pytest.approx(4 / 5)


def test_a_far_camera_sees_as_an_orthographic_one():
    clip = standing_clip()
    far = film(clip, Camera(40, 20, distance_m=1e5)).points
    assert np.allclose(far, film(clip, Camera(40, 20)).points, atol=1e-3)


def test_the_mirror_image_of_a_view_is_the_view_of_the_mirrored_clip():
    clip = standing_clip()
    clip.positions[:, joint("left_wrist")] += [0.3, 0.4, 0.2]
    expected = film(mirror(clip), Camera(-30, 10)).points
    mirrored = mirror_view(film(clip, Camera(30, 10))).points
    assert np.allclose(mirrored, expected, atol=1e-5)


def test_a_detector_finds_twelve_joints_and_the_middles_of_hips_and_shoulders():
    view = as_detected(film(standing_clip(), Camera()))
    found = {JOINTS[number] for number in np.flatnonzero(view.seen_joints)}
    assert found == {JOINTS[number] for number in DETECTED} | {"pelvis", "neck"}
    assert np.isfinite(view.points).all()


def test_a_middle_is_not_observed_if_one_of_its_pair_is_not():
    view = film(standing_clip(), Camera())
    observed = view.observed.copy()
    observed[:, joint("left_hip")] = False
    one_sided = as_detected(View(view.points, observed, view.confidence))
    assert not one_sided.observed[:, joint("pelvis")].any()
    assert np.allclose(one_sided.points[:, joint("pelvis")], view.points[:, joint("right_hip")])


def test_samples_that_are_lost_are_interpolated_and_not_observed():
    view = as_detected(film(standing_clip(5), Camera(azimuth_deg=90)))
    wrist = joint("left_wrist")
    points, observed = view.points.copy(), view.observed.copy()
    points[2, wrist], observed[2, wrist] = np.nan, False
    filled = with_stand_ins(View(points, observed, view.confidence))
    assert np.allclose(filled.points[2, wrist], view.points[2, wrist], atol=1e-6)
    assert not filled.observed[2, wrist]
    assert filled.confidence[2, wrist] == 0


def test_a_view_without_any_point_is_all_zeros():
    view = film(standing_clip(), Camera())
    empty = with_stand_ins(View(np.full_like(view.points, np.nan), np.zeros_like(view.observed), view.confidence))
    assert not empty.points.any()


def test_random_cameras_and_detections_are_the_same_for_the_same_seed():
    clip = standing_clip()

    def drawn() -> View:
        generator = np.random.default_rng(3)
        return DetectionErrors().draw(film(clip, CameraRange().draw(generator)), generator)

    first, second = drawn(), drawn()
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.observed, second.observed)


def test_without_legs_knees_and_ankles_are_not_observed():
    errors = DetectionErrors(lost_share=0, legless_share=1, lost_samples=0, bias_m=0, noise_m=0)
    view = errors.draw(film(standing_clip(), Camera()), np.random.default_rng(0))
    assert not view.observed[:, joint("left_knee")].any()
    assert view.observed[:, joint("left_hip")].all()


def test_shapes_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ValueError, match="points are"):
        View(np.zeros((2, 22, 3), np.float32), np.ones((2, 22), bool), np.ones((2, 22), np.float32))


def test_a_lifted_clip_keeps_its_view_frame_by_frame():
    clip = standing_clip(10)
    lifted = LiftedClip(clip.positions, clip.observed, start_s=1.0, view=film(clip, Camera()))
    part = lifted.cut(3, 7)
    assert part.start_s == pytest.approx(1.1)
    np.testing.assert_array_equal(part.view.points, lifted.view.points[3:7])
    with pytest.raises(ValueError, match="10 frames, its view 4"):
        LiftedClip(clip.positions, clip.observed, view=lifted.view.cut(0, 4))
