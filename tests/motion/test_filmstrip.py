"""A few poses of a clip, from the front and from the side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.walking_body import walking

from mretrieve.motion import JOINTS, MIRROR, Clip
from mretrieve.motion.filmstrip import BONES, filmstrip
from mretrieve.motion.skeleton import joint


def _clip(turned_by: float = 0.0, raised_m: float = 0.0) -> Clip:
    """Three seconds of walking, turned about the vertical by an angle in radians, on a floor at a height."""
    positions = walking()
    cosine, sine = np.cos(turned_by), np.sin(turned_by)
    turn = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    positions = (positions @ turn.T + [0, raised_m, 0]).astype(np.float32)
    return Clip(positions, np.ones(positions.shape[:2], bool))


def test_the_poses_are_spread_from_the_first_frame_to_the_last():
    strip = filmstrip(replace(_clip(), start_s=2.0), count=4)
    assert strip.times_s == pytest.approx([2.0, 3.0, 2.0 + 59 / 30, 2.0 + 89 / 30], abs=0.02)
    assert strip.front.shape == strip.side.shape == (4, 22, 2)


@pytest.mark.parametrize("turned_by", [0.0, 1.0, 2.5, -2.0])
def test_wherever_the_body_faces_its_left_is_on_the_right_of_the_front_and_its_feet_point_right_from_the_side(
    turned_by: float,
):
    strip = filmstrip(_clip(turned_by))
    left, right = joint("left_shoulder"), joint("right_shoulder")
    assert (strip.front[:, left, 0] > strip.front[:, right, 0] + 0.2).all()
    toes, ankles = ([joint(f"{side}_{part}") for side in ("left", "right")] for part in ("foot", "ankle"))
    assert (strip.side[:, toes, 0] > strip.side[:, ankles, 0]).mean() > 0.9


def test_exchanged_sides_are_seen_from_the_side_as_feet_that_point_left():
    clip = _clip()
    strip = filmstrip(replace(clip, positions=clip.positions[:, list(MIRROR)]))
    assert (strip.side[:, joint("left_foot"), 0] < strip.side[:, joint("left_ankle"), 0]).mean() > 0.9


def test_heights_count_from_the_floor_of_the_clip():
    on_ground, upstairs = filmstrip(_clip()), filmstrip(_clip(raised_m=7.0))
    np.testing.assert_allclose(on_ground.side, upstairs.side, atol=1e-5)
    assert abs(on_ground.front[..., 1].min()) < 0.05


def test_a_clip_of_one_frame_is_one_pose():
    assert len(filmstrip(_clip().cut(0, 1)).times_s) == 1


def test_the_body_is_about_as_tall_as_its_bones_say():
    assert filmstrip(_clip()).height_m == pytest.approx(1.7, abs=0.1)


def test_every_bone_is_drawn_once():
    bones = [child for side in BONES.values() for _, child in side]
    assert sorted(bones) == list(range(1, len(JOINTS)))
    assert all(JOINTS[child].startswith("left_") for _, child in BONES["left"])
