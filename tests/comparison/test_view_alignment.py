"""Alignment of motions that a camera saw."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mretrieve import Clip
from mretrieve.alignment.alignment import align
from mretrieve.comparison.by_name import align_clips
from mretrieve.comparison.view_alignment import align_motions, normalised_features
from mretrieve.demo import MotionRecipe, synthesise_clip
from mretrieve.errors import QueryError
from mretrieve.lifting import lift
from mretrieve.motion.augmentation import change_speed, lose_joints
from mretrieve.motion.body_parts import PartWeights
from mretrieve.motion.camera import Camera, film
from mretrieve.motion.detection import as_detected
from mretrieve.motion.lifted_clip import LiftedClip
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View
from mretrieve.sources.resolve import ClipResolver


@cache
def performed() -> Clip:
    return synthesise_clip(MotionRecipe("kick"))


def seen(clip: Clip, azimuth_deg: float) -> View:
    return as_detected(film(clip, Camera(azimuth_deg, 10.0)))


def lifted(azimuth_deg: float) -> LiftedClip:
    view = seen(performed(), azimuth_deg)
    return LiftedClip.of(lift(view), view)


def mean_error(path: np.ndarray, speed: float = 1.0) -> float:
    """Frames of the second motion by which a path is off, if it is the first at another speed."""
    return float(np.abs(path[:, 1] * speed - path[:, 0]).mean())


def test_two_cameras_show_the_same_moments():
    slow = change_speed(performed(), 0.8)
    found = align_motions(seen(performed(), 10.0), seen(slow, 70.0))
    assert mean_error(found.path, 0.8) < 6


def test_a_view_is_aligned_with_motion_in_space_in_either_order():
    view = seen(performed(), 50.0)
    for pair in ((view, performed()), (performed(), view)):
        assert mean_error(align_motions(*pair).path) < 5


def test_two_clips_are_aligned_as_ever():
    slow = change_speed(performed(), 0.8)
    np.testing.assert_array_equal(align_motions(performed(), slow).path, align(performed(), slow).path)


def test_joints_that_a_clip_lacks_do_not_count():
    clip = lose_joints(performed(), np.array([joint("left_wrist"), joint("head")]))
    features = normalised_features(lifted(30.0), clip, PartWeights())
    assert [each.shape[1] for each in features] == [6 * 14, 6 * 14]


def test_parts_without_weight_do_not_count():
    weights = PartWeights.of("legs")
    whole, legs = (normalised_features(lifted(30.0), performed(), each)[0] for each in (PartWeights(), weights))
    assert legs.shape[1] < whole.shape[1]


def test_the_facade_aligns_views_by_name_or_from_python():
    first, second = seen(performed(), 10.0), seen(performed(), 60.0)
    found = align_clips(ClipResolver(), first, second)
    np.testing.assert_array_equal(found.alignment.path, align_motions(first, second).path)
    piece = align_clips(ClipResolver(), first.cut(20, 60), second, find=True)
    assert abs(piece.second.clip.start_s - 20 / 30) < 0.5
    assert isinstance(piece.second.clip, LiftedClip)
    assert piece.second.clip.view.frame_count == piece.second.clip.frame_count


def test_nothing_cannot_be_aligned():
    with pytest.raises(QueryError, match="no frames"):
        align_motions(seen(performed(), 0.0).cut(0, 0), performed())
