"""Pairs with known differences: a part differs by what its levels say, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.labelled_bodies import labelled_clips
from support.moving_bodies import random_clip

from mretrieve.evaluation.part_variations import (
    VARIED,
    draw_pairs,
    draw_replaced,
    in_own_time,
    some_frames,
    varied_clip,
)
from mretrieve.motion import PARENTS, PARTS, Clip, heading_view
from mretrieve.motion.detection import DETECTED

CLIPS = labelled_clips(frames=100)
CLIP, DONORS = random_clip(0, 90), {part: random_clip(number + 1, 70) for number, part in enumerate(PARTS)}
AXES = dict.fromkeys(PARTS, np.array([0.0, 0.6, 0.8]))
EVERY_PART = pytest.mark.parametrize("part", PARTS)


def varied(**levels: tuple[float, float]) -> Clip:
    return varied_clip(CLIP, DONORS, AXES, {part: np.array(values) for part, values in levels.items()})


def bones(clip: Clip) -> np.ndarray:
    """(T, 22, 3) in the frame of the body; zero for the pelvis."""
    positions = heading_view(clip.positions)
    return positions - positions[:, [max(parent, 0) for parent in PARENTS]]


# -- one variation -----------------------------------------------------------------------------------------------------


@EVERY_PART
def test_without_exchange_and_turning_a_clip_stays_as_it_is(part: str):
    np.testing.assert_allclose(varied(**{part: (-1, 0)}).positions, CLIP.positions, atol=1e-4)


@EVERY_PART
@pytest.mark.parametrize("levels", [(0, 0), (1, 0), (-1, 1), (0.5, -0.5)])
def test_a_variation_changes_the_bones_of_its_part_and_no_others_and_keeps_their_lengths(
    part: str, levels: tuple[float, float]
):
    before, after = bones(CLIP), bones(varied(**{part: levels}))
    changed = np.abs(after - before).max(axis=(0, 2)) > 1e-3
    assert set(np.flatnonzero(changed)) == set(VARIED[part])
    np.testing.assert_allclose(np.linalg.norm(after, axis=2), np.linalg.norm(before, axis=2), atol=1e-4)


@EVERY_PART
def test_after_a_full_exchange_the_bones_point_where_the_donors_do(part: str):
    frames = np.rint(np.linspace(0, 69, 90)).astype(int)
    ours, theirs = bones(varied(**{part: (1, 0)}))[:, VARIED[part]], bones(DONORS[part])[frames][:, VARIED[part]]
    cosines = (ours * theirs).sum(axis=2) / (np.linalg.norm(ours, axis=2) * np.linalg.norm(theirs, axis=2))
    assert cosines.min() > 0.995


@EVERY_PART
def test_more_exchange_and_more_turning_are_larger_changes(part: str):
    before = bones(CLIP)
    for levels in ([(-1, 0), (-0.5, 0), (0, 0), (0.5, 0), (1, 0)], [(-1, 0), (-1, 0.5), (-1, 1)]):
        apart = [np.linalg.norm(bones(varied(**{part: each})) - before, axis=2).mean() for each in levels]
        assert apart == sorted(apart) and apart[1] > apart[0] + 1e-3


def test_a_clip_in_its_own_time_starts_with_the_same_frame_and_never_goes_back():
    positions = np.zeros((80, 22, 3), np.float32)
    positions[..., 0] = np.arange(80)[:, None]
    clip = Clip(positions, np.ones((80, 22), bool))
    for seed in range(20):
        times = in_own_time(clip, np.random.default_rng(seed)).positions[:, 0, 0]
        assert times[0] == 0 and 78 < times[-1] <= 79.01
        steps = np.diff(times)[:-1]  # the last frame may come a little early
        assert steps.min() > 1 / 1.6 and steps.max() < 1.6


def test_some_frames_are_60_to_120_in_a_row_or_all_of_a_shorter_clip():
    long, short = random_clip(1, 200), random_clip(1, 30)
    lengths = [some_frames(long, np.random.default_rng(seed)).frame_count for seed in range(50)]
    assert min(lengths) >= 60 and max(lengths) <= 120 and len(set(lengths)) > 10
    assert some_frames(short, np.random.default_rng(0)).frame_count == 30


# -- pairs -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_pairs_and_more_of_them_begin_with_the_same():
    few, more = draw_pairs(CLIPS, 3), draw_pairs(CLIPS, 6)
    for ours, theirs in zip(few, more, strict=False):
        np.testing.assert_array_equal(ours.clips[1].positions, theirs.clips[1].positions)
        np.testing.assert_array_equal(ours.views[0].points, theirs.views[0].points)


def test_two_thirds_are_variations_of_one_clip_and_a_third_of_all_is_mirrored():
    pairs = draw_pairs(CLIPS, 120)
    assert sum(pair.one_clip for pair in pairs) == 80
    assert 25 <= sum(pair.mirrored for pair in pairs) <= 55
    assert any(pair.mirrored and pair.one_clip for pair in pairs)


def test_differences_are_from_0_to_1_and_those_of_two_classes_are_1():
    pairs = draw_pairs(CLIPS, 60)
    for pair in pairs:
        assert pair.difference.shape == (5,)
        assert (pair.difference == 1).all() or pair.one_clip
    variations = np.stack([pair.difference for pair in pairs if pair.one_clip])
    assert (variations == 0).any() and variations.max() > 0.5 and variations.min() >= 0 and variations.max() <= 1


def test_views_show_what_detectors_find_and_the_two_motions_have_cameras_of_their_own():
    (pair,) = draw_pairs(CLIPS, 1)
    for clip, view in zip(pair.clips, pair.views, strict=True):
        assert view.frame_count == clip.frame_count
        assert view.observed[:, list(DETECTED)].all()


def test_clips_of_one_class_are_refused():
    with pytest.raises(ValueError, match="two classes"):
        draw_pairs([replace(item, label="walk") for item in CLIPS], 1)


def test_of_a_replaced_limb_the_other_joints_are_where_they_were():
    for seed in range(8):
        replaced = draw_replaced(CLIPS, np.random.default_rng(seed))
        _, whole, other = replaced.views
        apart = np.abs(whole.points - other.points).max(axis=(0, 2))[list(DETECTED)]
        moved = {DETECTED[number] for number in np.flatnonzero(apart > 1e-3)}
        assert moved == set(VARIED[replaced.part]) & set(DETECTED)
