"""The encoder `normalized-pose`: one space for clips and views."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mretrieve import Clip
from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.encoders.body_sequence import BONE_LENGTHS_M, body_sequence, normalised_positions
from mretrieve.encoders.encoder import FrameEncoder, StoredContent
from mretrieve.encoders.systems.normalized_pose import NormalizedPose
from mretrieve.errors import FormatError
from mretrieve.lifting.weights_file import shipped_network
from mretrieve.motion.augmentation import scale_limbs, turn
from mretrieve.motion.bones import BONES
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.quaternion_pose import NUMBER_COUNT, QUATERNION_COUNT
from mretrieve.motion.view import View, mirror_view


@cache
def performed(kind: str = "walk") -> Clip:
    return synthesise_clip(MotionRecipe(kind))


def seen(clip: Clip, azimuth_deg: float = 40.0) -> View:
    return as_detected(film(clip, Camera(azimuth_deg, 10.0)))


@cache
def encoder() -> NormalizedPose:
    """Networks that nobody trained: the lifting network with another last layer, and layers of random numbers."""
    generator = np.random.default_rng(0)
    tensors = {f"rotations.{name}": value for name, value in shipped_network().to_tensors().items()}
    width = len(tensors["rotations.norm.bias"])
    tensors["rotations.leave.weight"] = 0.05 * generator.standard_normal((NUMBER_COUNT, width))
    tensors["rotations.leave.bias"] = np.array([*(1.0, 0, 0, 0) * QUATERNION_COUNT, 0, 0])
    sizes = {"enter": (54, 32), "blocks.0.first": (32, 32), "blocks.0.second": (32, 32), "leave": (32, 64)}
    for name, (before, after) in sizes.items():
        tensors[f"features.{name}.weight"] = generator.standard_normal((after, before)) / np.sqrt(before)
        tensors[f"features.{name}.bias"] = np.zeros(after)
    return NormalizedPose(tensors, shipped_network().dilations, 0.5)


def test_from_a_clip_the_pose_is_exact_and_on_the_condition_skeleton():
    clip = performed()
    poses = encoder().normalised(clip)
    np.testing.assert_array_equal(poses, normalised_positions(body_sequence(clip)))
    for (start, end), length in zip(BONES, BONE_LENGTHS_M, strict=True):
        np.testing.assert_allclose(np.linalg.norm(poses[:, end] - poses[:, start], axis=1), length, atol=1e-4)


def test_from_a_clip_neither_body_nor_heading_matter():
    clip = performed()
    other = turn(scale_limbs(clip, np.random.default_rng(0).uniform(0.75, 1.25, 13)), 70.0)
    change = np.linalg.norm(encoder().normalised(clip) - encoder().normalised(other), axis=2).mean()
    assert change < 0.005


def test_from_a_view_bones_have_the_lengths_of_the_condition_skeleton_too():
    view = seen(performed())
    poses = encoder().normalised(view)
    assert poses.shape == (view.frame_count, 18, 3)
    for (start, end), length in zip(BONES, BONE_LENGTHS_M, strict=True):
        np.testing.assert_allclose(np.linalg.norm(poses[:, end] - poses[:, start], axis=1), length, atol=1e-4)


def test_quaternions_have_length_one_at_half_the_rate():
    view = seen(performed())
    quaternions = encoder().quaternions(view)
    assert quaternions.shape == (-(-view.frame_count // 2), QUATERNION_COUNT, 4)
    np.testing.assert_allclose((quaternions**2).sum(axis=-1), 1.0, atol=1e-5)


def test_the_view_in_a_mirror_has_the_pose_in_a_mirror():
    view = seen(performed("kick"))
    poses, mirrored = encoder().directions(view), encoder().directions(mirror_view(view))
    order = [1, 0, 2, 4, 3, 6, 5, 8, 7, 9, 10, 12, 11, 14, 13, 16, 15]
    np.testing.assert_allclose(mirrored, poses[:, order] * [-1, 1, 1], atol=1e-3)


def test_features_of_clips_and_views_are_of_one_space():
    assert isinstance(encoder(), FrameEncoder)
    for motion in (performed(), seen(performed())):
        features = encoder().frame_features(motion)
        assert features.shape == (motion.frame_count, 64)
        np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0, atol=1e-5)
        assert encoder().encode([motion]).shape == (1, encoder().dimension)


def test_distances_are_inner_products_and_zero_for_the_same_clip():
    vectors = encoder().encode([performed("walk"), performed("squat"), performed("kick")])
    distances = -(encoder().as_queries(vectors) @ vectors.T)
    np.testing.assert_allclose(np.diag(distances), 0.0, atol=1e-4)
    np.testing.assert_allclose(distances, distances.T, atol=1e-4)
    numbers = vectors[:, :-2]
    np.testing.assert_allclose(distances[0, 1], ((numbers[0] - numbers[1]) ** 2).sum(), rtol=1e-3)


def test_the_blend_of_one_vector_is_the_vector():
    vectors = encoder().encode([performed("walk"), performed("squat")])
    np.testing.assert_allclose(encoder().blend(vectors[:, None], np.ones((2, 1))), vectors, atol=1e-5)


def test_it_computes_the_same_again_and_from_its_own_tensors():
    view = seen(performed())
    again = NormalizedPose.from_content(StoredContent("normalized-pose", encoder().to_tensors(), encoder().settings()))
    assert again.fingerprint == encoder().fingerprint
    np.testing.assert_array_equal(again.frame_features(view), encoder().frame_features(view))


def test_a_view_without_frames_has_no_poses():
    assert encoder().normalised(seen(performed()).cut(0, 0)).shape == (0, 18, 3)


def test_a_view_without_legs_has_a_whole_pose():
    view = seen(performed())
    observed = view.observed.copy()
    observed[:, [4, 5, 7, 8]] = False
    assert np.isfinite(encoder().normalised(replace(view, observed=observed))).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dilations": [0], "typical_distance": 1.0}, "dilations"),
        ({"dilations": [1], "typical_distance": -1.0}, "typical distance"),
    ],
)
def test_damaged_settings_are_refused(settings: dict[str, object], message: str):
    with pytest.raises(FormatError, match=message):
        NormalizedPose.from_content(StoredContent("normalized-pose", encoder().to_tensors(), settings))


def test_weights_that_are_not_finite_are_refused():
    tensors = encoder().to_tensors()
    tensors["features.leave.bias"] = np.full(64, np.nan, np.float16)
    with pytest.raises(FormatError, match="finite"):
        NormalizedPose.from_content(StoredContent("normalized-pose", tensors, encoder().settings()))
