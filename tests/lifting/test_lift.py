"""Lifting: what a camera sees of generated motion comes back in three dimensions."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mretrieve import Clip
from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.evaluation.lifting import bones_of, lifting_errors
from mretrieve.lifting import lift, lift_with_camera
from mretrieve.motion.augmentation import turn
from mretrieve.motion.body_view import body_view, mirror
from mretrieve.motion.camera import Camera, CameraRange, film
from mretrieve.motion.detection import LEGS, DetectionErrors, as_detected
from mretrieve.motion.skeleton import JOINT_COUNT, joint
from mretrieve.motion.view import View, mirror_view

KINDS = ("walk", "squat", "kick", "wave")


@cache
def performed(kind: str) -> Clip:
    return synthesise_clip(MotionRecipe(kind))


@cache
def seen(kind: str = "walk", camera: Camera | None = None) -> View:
    return as_detected(film(performed(kind), camera or Camera(azimuth_deg=40.0, pitch_deg=10.0)))


def without(view: View, joints: list[int]) -> View:
    observed = view.observed.copy()
    observed[:, joints] = False
    return replace(view, observed=observed)


def test_bones_and_heading_come_back():
    errors = lifting_errors([performed(kind) for kind in KINDS], lift_with_camera, CameraRange())
    assert errors.bone_deg < 18
    assert errors.joint_mm < 110
    assert errors.heading_deg < 20
    assert errors.pitch_deg < 15


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 215.0])
def test_the_lifted_heading_is_the_true_one_less_the_azimuth_of_the_camera(azimuth: float):
    clip = performed("walk")
    lifted = lift(seen("walk", Camera(azimuth_deg=azimuth)))
    true = body_view(turn(clip, -azimuth).positions).heading
    off = (body_view(lifted.positions).heading - true + np.pi) % (2 * np.pi) - np.pi
    assert np.rad2deg(np.abs(off).mean()) < 20


def test_a_walk_across_the_image_goes_where_it_went():
    clip = turn(performed("walk"), -90.0)
    lifted = lift(seen("walk", Camera(azimuth_deg=90.0)))
    true, found = (each.positions[-1, 0] - each.positions[0, 0] for each in (clip, lifted))
    assert np.linalg.norm(found - true) < 0.3 * np.linalg.norm(true)


def test_the_body_stands_on_the_floor_and_begins_at_the_origin():
    lifted = lift(seen("squat"))
    assert abs(lifted.positions[..., 1].min()) < 0.05
    hips = lifted.positions[0, [joint("left_hip"), joint("right_hip")]].mean(axis=0)
    np.testing.assert_allclose(hips[[0, 2]], 0, atol=1e-5)


def test_every_body_has_the_same_bones():
    _, lengths = bones_of(lift(seen("kick")).positions)
    np.testing.assert_allclose(lengths[:, 3:9], np.broadcast_to(lengths[0, 3:9], lengths[:, 3:9].shape), rtol=1e-3)


def test_lifting_is_deterministic():
    np.testing.assert_array_equal(lift(seen()).positions, lift(seen()).positions)


def test_the_view_in_a_mirror_gives_the_clip_in_a_mirror():
    expected = mirror(lift(seen("kick")))
    found = lift(mirror_view(seen("kick")))
    np.testing.assert_allclose(found.positions, expected.positions, atol=1e-4)
    np.testing.assert_array_equal(found.observed, expected.observed)


def test_the_unit_and_the_origin_of_the_view_do_not_matter():
    view = seen()
    moved = replace(view, points=3 * view.points + np.array([5, -2], np.float32))
    np.testing.assert_allclose(lift(moved).positions, lift(view).positions, atol=2e-3)


def test_what_stands_in_for_unseen_joints_does_not_matter():
    view = without(seen(), [joint("left_elbow"), joint("right_knee"), *[joint("head"), joint("left_foot")]])
    points = np.where(view.observed[..., None], view.points, np.float32(7.0))
    np.testing.assert_allclose(lift(replace(view, points=points)).positions, lift(view).positions, atol=1e-4)


def test_lost_joints_and_legs_cost_little():
    clips = [performed(kind) for kind in KINDS]
    lost = DetectionErrors(lost_share=1.0, legless_share=0.0, lost_samples=0.2, bias_m=0.0, noise_m=0.0)
    whole = lifting_errors(clips, lift_with_camera, CameraRange()).bone_deg
    assert lifting_errors(clips, lift_with_camera, CameraRange(), lost).bone_deg < whole + 8


@pytest.mark.parametrize("lost", [LEGS, (joint("left_wrist"),), tuple(range(JOINT_COUNT))])
def test_joints_that_the_view_lacks_are_not_observed(lost: tuple[int, ...]):
    lifted = lift(without(seen(), list(lost)))
    assert not lifted.observed[:, list(lost)].any()
    assert np.isfinite(lifted.positions).all()


def test_feet_head_and_spine_count_as_observed_where_what_they_are_attached_to_is():
    placed = [joint(name) for name in ("spine3", "head", "left_foot", "right_foot")]
    assert lift(seen()).observed[:, placed].all()
    legless = lift(without(seen(), list(LEGS))).observed[:, placed]
    assert legless[:, :2].all()
    assert not legless[:, 2:].any()
    assert not lift(without(seen(), [joint("left_shoulder")])).observed[:, placed[:2]].any()


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
def test_short_views(frames: int):
    lifted = lift(seen().cut(10, 10 + frames))
    assert lifted.positions.shape == (frames, JOINT_COUNT, 3)
    assert np.isfinite(lifted.positions).all()
    assert lifted.start_s == pytest.approx(10 / 30)


def test_the_clip_says_that_it_was_lifted():
    view = replace(seen(), notes=("the file has no rate; 30 fps assumed",))
    assert lift(view).notes == (*view.notes, "lifted from 2D")


def test_lifting_needs_neither_torch_nor_safetensors():
    program = (
        "import sys, numpy as np\n"
        "from mretrieve.lifting import lift\n"
        "from mretrieve.motion.view import View\n"
        "lift(View(np.zeros((5, 22, 2), np.float32), np.ones((5, 22), bool), np.ones((5, 22), np.float32)))\n"
        "print(*sorted(set(sys.modules) & {'torch', 'safetensors', 'scipy', 'faiss'}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
