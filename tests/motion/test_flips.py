"""Left and right exchanged: what moves, what stays, and that twice is not at all."""

from __future__ import annotations

import numpy as np
import pytest
from support.walking_body import walking

from mretrieve.motion import MIRROR, PARTS, Clip, body_view, mirror
from mretrieve.motion.body_parts import FLIPS, flip


@pytest.fixture
def walk() -> Clip:
    """A walk to the left and forwards, with a left wrist that nobody saw."""
    positions = walking().astype(np.float32)
    turned = positions[..., [2, 1, 0]] * np.array([1, 1, -1], np.float32)
    observed = np.ones(turned.shape[:2], bool)
    observed[:, 20] = False
    return Clip(turned, observed)


def joints_of(what: str) -> list[int]:
    return sorted(PARTS[f"left_{what}"] + PARTS[f"right_{what}"])


@pytest.mark.parametrize("what", FLIPS)
def test_twice_is_not_at_all(walk: Clip, what: str):
    again = flip(flip(walk, what), what)
    np.testing.assert_allclose(again.positions, walk.positions, atol=1e-5)
    assert np.array_equal(again.observed, walk.observed)


def test_the_whole_is_the_mirror_image(walk: Clip):
    assert np.array_equal(flip(walk, "whole").positions, mirror(walk).positions)


@pytest.mark.parametrize(("what", "part"), [("arms", "arm"), ("legs", "leg")])
def test_limbs_alone_are_exchanged_and_the_rest_stays(walk: Clip, what: str, part: str):
    flipped = flip(walk, what)
    limbs = joints_of(part)
    rest = [joint for joint in range(22) if joint not in limbs]
    assert np.array_equal(flipped.positions[:, rest], walk.positions[:, rest])
    assert not np.allclose(flipped.positions[:, limbs], walk.positions[:, limbs], atol=0.01)


def test_flipped_arms_move_as_the_mirror_images_arms_do_seen_from_the_chest(walk: Clip):
    arms, chest = joints_of("arm"), [9]
    flipped, mirrored = (body_view(clip.positions).positions for clip in (flip(walk, "arms"), mirror(walk)))
    np.testing.assert_allclose(flipped[:, arms] - flipped[:, chest], mirrored[:, arms] - mirrored[:, chest], atol=1e-4)


def test_what_was_not_seen_of_one_arm_is_not_seen_of_the_other(walk: Clip):
    assert not flip(walk, "arms").observed[:, MIRROR[20]].any()
    assert flip(walk, "arms").observed[:, 20].all()
    assert np.array_equal(flip(walk, "legs").observed, walk.observed)
