"""`view-statistics`: vectors of whole views, near for one motion seen from other sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.filmed_bodies import random_view

from mretrieve import QueryError
from mretrieve.encoders import load_encoder
from mretrieve.encoders.registry import load_view_encoder
from mretrieve.encoders.statistics.view_features import BLOCKS, FEATURE_COUNT, FEATURE_JOINTS, view_features
from mretrieve.encoders.statistics.view_statistics import ViewStatistics
from mretrieve.encoders.view_poses import VIEW_JOINTS
from mretrieve.motion.camera import Camera
from mretrieve.motion.detection import as_detected, with_stand_ins
from mretrieve.motion.skeleton import joint
from mretrieve.motion.view import View

ENCODER = ViewStatistics()


def distances(queries: list[View], stored: list[View]) -> np.ndarray:
    return -(ENCODER.as_queries(ENCODER.encode(queries)) @ ENCODER.encode(stored).T)


def without(view: View, name: str) -> View:
    observed = view.observed.copy()
    observed[:, joint(name)] = False
    return with_stand_ins(replace(view, observed=observed))


def test_a_view_is_at_distance_0_from_itself_and_about_1_from_others():
    views = [random_view(seed) for seed in range(8)]
    table = distances(views, views)
    assert np.abs(np.diag(table)).max() < 1e-4
    assert 0.2 < table[~np.eye(8, dtype=bool)].mean() < 3


def test_a_motion_is_found_from_another_side():
    cameras = Camera(azimuth_deg=10), Camera(azimuth_deg=50, pitch_deg=10)
    queries, stored = ([random_view(seed, 50, camera) for seed in range(10)] for camera in cameras)
    found = distances(queries, stored).argmin(axis=1)
    assert (found == np.arange(10)).sum() >= 8


def test_size_and_place_in_the_image_do_not_count():
    view = random_view(1)
    moved = replace(view, points=2 * view.points + np.float32([3, 1]))
    assert np.abs(distances([view], [moved])).max() < 1e-3


def test_a_lost_joint_is_estimated():
    views = [random_view(seed) for seed in range(6)]
    assert distances([without(views[3], "left_wrist")], views)[0].argmin() == 3


def test_features_of_a_joint_change_with_it_and_others_do_not():
    view = random_view(2)
    other = replace(view, points=view.points.copy())
    number = joint("right_knee")
    other.points[:, number] += np.float32([0.01, 0.02]) * np.sin(np.arange(view.frame_count))[:, None]
    changed = np.abs(view_features(view) - view_features(other)) > 0.05
    assert changed.any()
    assert FEATURE_JOINTS[changed, VIEW_JOINTS.index(number)].all()


def test_blocks_are_all_features_one_after_the_other():
    ends = [0, *(block.stop for block in BLOCKS.values())]
    assert [block.start for block in BLOCKS.values()] == ends[:-1]
    assert ends[-1] == FEATURE_COUNT == len(view_features(random_view(0)))


def test_sitting_down_is_told_from_standing_up():
    view = random_view(4)
    reverse = replace(view, points=view.points[::-1].copy())
    slow = next(block for name, block in BLOCKS.items() if name == "slow changes of places")
    assert np.allclose(view_features(view)[slow][1::3], view_features(reverse)[slow][1::3], atol=1e-2)  # even waves
    assert np.abs(view_features(view)[slow][::3] - view_features(reverse)[slow][::3]).max() > 0.1


def test_a_view_of_one_frame_has_a_vector():
    assert np.isfinite(ENCODER.encode([random_view(0, 1)])).all()
    assert ENCODER.encode([]).shape == (0, ENCODER.dimension)


def test_views_blended_of_one_view_are_that_view():
    vectors = ENCODER.encode([as_detected(random_view(seed)) for seed in (0, 0, 0)])
    assert np.allclose(ENCODER.blend(vectors[None], np.ones((1, 3))), vectors[:1], atol=1e-4)


def test_it_is_loaded_by_name_for_views_and_refused_for_clips():
    assert isinstance(load_view_encoder("view-statistics"), ViewStatistics)
    with pytest.raises(QueryError, match="2D views"):
        load_encoder("view-statistics")
    with pytest.raises(QueryError, match="no encoder of 2D views"):
        load_view_encoder("pose-statistics")
