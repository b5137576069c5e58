"""What encoders of views see: poses without size and path, and 0 for what is not observed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.filmed_bodies import random_view

from mretrieve.encoders.view_poses import VIEW_JOINTS, VIEW_MIRROR, masked_poses, view_masks, view_poses, windows_around
from mretrieve.motion.skeleton import JOINTS, joint
from mretrieve.motion.view import mirror_view


def test_neither_the_size_of_the_body_nor_its_place_counts():
    view = random_view(0)
    moved = replace(view, points=3 * view.points + np.float32([5, -2]))
    assert np.allclose(view_poses(moved), view_poses(view), atol=1e-4)


def test_the_pelvis_is_the_origin_and_the_joints_are_one_unit_from_it():
    poses = view_poses(random_view(1))
    assert np.allclose(poses[:, VIEW_JOINTS.index(joint("pelvis"))], 0)
    assert np.isclose(np.square(poses).sum(axis=2).mean(), 1, atol=1e-4)


def test_a_mirrored_view_has_mirrored_poses():
    view = random_view(2)
    assert [JOINTS[VIEW_JOINTS[other]] for other in VIEW_MIRROR[-2:]] == ["right_wrist", "left_wrist"]
    mirrored = view_poses(view)[:, VIEW_MIRROR] * np.float32([-1, 1])
    assert np.allclose(view_poses(mirror_view(view)), mirrored, atol=1e-5)


def test_joints_that_are_not_observed_are_zero():
    view = random_view(3)
    observed = view.observed.copy()
    observed[5:10, joint("left_wrist")] = False
    lost = VIEW_JOINTS.index(joint("left_wrist"))
    masked = masked_poses(replace(view, observed=observed)).reshape(view.frame_count, -1, 2)
    assert (masked[5:10, lost] == 0).all()
    assert np.array_equal(view_masks(replace(view, observed=observed))[:, lost], observed[:, joint("left_wrist")])
    assert np.abs(masked[:5, lost]).min() > 0


def test_the_first_and_last_frame_are_repeated_around_the_ends():
    frames = np.arange(5, dtype=np.float32)[:, None]
    assert windows_around(frames, 4)[..., 0].tolist() == [
        [0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 4], [3, 4, 4, 4],
    ]  # fmt: skip


def test_windows_of_frames_that_are_apart_span_more():
    frames = np.arange(20, dtype=np.float32)[:, None]
    assert windows_around(frames, 4, 3)[10, :, 0].tolist() == [6, 9, 12, 15]
