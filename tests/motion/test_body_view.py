"""Views: where a body is and which way it faces is taken out, and can be put back."""

import numpy as np
import pytest
from support.walking_body import walking

from mretrieve.motion import MIRROR, HeadingView, body_view, canonicalise, heading_view, mirror
from mretrieve.motion.skeleton import joint


def turned(positions, radians):
    """About +Y."""
    cosine, sine = np.cos(radians), np.sin(radians)
    return positions @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


def test_where_a_body_walks_and_where_it_faces_do_not_change_what_it_looks_like():
    plain = heading_view(walking())
    for radians in (0.5, np.pi / 2, 3.0, -2.0):
        moved = turned(walking(), radians) + np.array([3.0, 0.5, -8.0])
        np.testing.assert_allclose(heading_view(moved), plain, atol=1e-5)


def test_the_middle_of_the_hips_is_the_origin_and_forwards_is_plus_z():
    view = heading_view(turned(walking(), 2.0))
    np.testing.assert_allclose(view[:, 1] + view[:, 2], 0, atol=1e-5)
    assert (view[:, joint("left_shoulder"), 0] > view[:, joint("right_shoulder"), 0]).all()
    assert (view[:, joint("left_foot"), 2] > view[:, joint("left_ankle"), 2]).mean() > 0.9


def test_heights_and_distances_are_kept():
    positions = walking()
    view = heading_view(turned(positions, 1.0))
    np.testing.assert_allclose(np.diff(view[..., 1], axis=1), np.diff(positions[..., 1], axis=1), atol=1e-5)
    apart = np.linalg.norm(view[:, :, None] - view[:, None], axis=-1)
    np.testing.assert_allclose(apart, np.linalg.norm(positions[:, :, None] - positions[:, None], axis=-1), atol=1e-5)


def test_heading_and_origin_put_the_view_back_into_the_world():
    positions = turned(walking(), 1.2) + np.array([1.0, 0.0, 2.0])
    view = body_view(positions)
    back = np.stack([turned(frame, heading) for frame, heading in zip(view.positions, view.heading, strict=True)])
    np.testing.assert_allclose(back + view.origin[:, None], positions, atol=1e-4)
    np.testing.assert_allclose(view.in_world(), positions, atol=1e-4)


def test_the_view_is_put_back_into_the_world_by_itself_one_motion_or_several():
    positions = turned(walking(speed=1.2), 0.7)
    view = body_view(positions)
    np.testing.assert_allclose(view.in_world(), positions, atol=1e-5)
    both = HeadingView(*(np.stack([each, each]) for each in (view.positions, view.heading, view.origin)))
    np.testing.assert_allclose(both.in_world(), [positions] * 2, atol=1e-5)


def test_turning_on_the_spot_is_counted_without_jumps():
    angles = np.linspace(0, 6 * np.pi, 90)
    positions = np.stack([turned(walking(1)[0], angle) for angle in angles])
    view = body_view(positions)
    np.testing.assert_allclose(np.diff(view.heading)[5:-5], np.diff(angles)[5:-5], atol=1e-3)
    np.testing.assert_allclose(view.turning()[5:-5], 6 * np.pi / (89 / 30), rtol=1e-2)


def test_velocity_is_seen_from_the_body():
    for radians in (0.0, 1.5, -2.5):
        view = body_view(turned(walking(speed=1.2), radians))
        np.testing.assert_allclose(view.velocity().mean(axis=0), [0, 0, 1.2], atol=0.02)


@pytest.mark.parametrize("lost", [("left_hip",), ("left_hip", "right_hip"), ("right_shoulder",)])
def test_lost_hips_or_shoulders_leave_a_view(lost):
    positions = turned(walking(), 1.0).astype(np.float32)
    observed = np.ones(positions.shape[:2], bool)
    complete = body_view(positions, observed)
    for name in lost:
        observed[:, joint(name)] = False
        positions[:, joint(name)] = 1e3  # what is not observed must not be looked at
    view = body_view(positions, observed)
    np.testing.assert_allclose(heading_view(positions, observed), view.positions, atol=1e-3)  # the lost are 1 km away
    seen = observed[0]
    assert np.abs(np.unwrap(view.heading) - complete.heading).max() < 0.5
    assert np.linalg.norm(view.positions - complete.positions, axis=2)[:, seen].max() < 0.6


def test_a_body_that_faces_nowhere_has_a_finite_view():
    assert np.isfinite(heading_view(np.zeros((4, 22, 3)))).all()
    assert np.isfinite(heading_view(walking(1))).all()
    assert np.isfinite(heading_view(walking(3), np.zeros((3, 22), bool))).all()


def test_a_mirror_swaps_sides_and_twice_is_nothing(walk):
    clip = canonicalise(walk)
    flipped = mirror(clip)
    np.testing.assert_array_equal(
        flipped.positions[:, joint("left_wrist"), 0], -clip.positions[:, joint("right_wrist"), 0]
    )
    np.testing.assert_array_equal(
        flipped.positions[:, joint("left_wrist"), 1], clip.positions[:, joint("right_wrist"), 1]
    )
    np.testing.assert_array_equal(mirror(flipped).positions, clip.positions)
    np.testing.assert_array_equal(flipped.observed, clip.observed[:, list(MIRROR)])
    assert (heading_view(flipped.positions)[:, joint("left_knee"), 0] > 0).mean() > 0.9  # left is still left
