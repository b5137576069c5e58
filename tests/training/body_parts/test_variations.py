"""Generated variations: they differ by what their characteristics say, and in nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve.encoders.systems.body_part_embedding import PART_JOINTS, part_coordinates
from mretrieve.motion import MIRROR, PARTS, Clip, LabelledClip
from mretrieve.training.body_parts.variations import (
    BONES,
    LEVELS,
    Variations,
    VariationSettings,
    VariationSource,
    _Moving,
    _varied,
)

CLIPS = [LabelledClip(random_clip(seed, 120), "", f"{seed}", f"{seed}.bvh") for seed in range(4)]
EXACT = VariationSettings(noise_m=0.0, fastest=1.0)


def drawn(settings: VariationSettings = EXACT, count: int = 40, seed: int = 0) -> Variations:
    return VariationSource(CLIPS, settings).draw(count, np.random.default_rng(seed))


def test_a_draw_depends_on_the_generator_alone():
    first, again, other = drawn(count=3), drawn(count=3), drawn(count=3, seed=1)
    np.testing.assert_array_equal(first.points, again.points)
    assert not np.array_equal(first.points, other.points)


def test_a_set_has_three_motions_on_two_skeletons_from_two_cameras():
    assert drawn(count=2).points.shape == (2, 3, 2, 2, 32, 22, 2)


def test_the_variation_of_a_part_is_that_of_equation_2():
    possible = {round(difference / 6, 6) for difference in np.arange(0, 6.25, 0.5)}
    for variation in drawn().variation.values():
        assert {round(value, 6) for value in variation.astype(float).tolist()} <= possible
        assert (variation == 0).any() and variation.max() > 0.3
    assert LEVELS.tolist() == [-1, -0.5, 0, 0.5, 1]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_moves_otherwise_exactly_if_its_variation_is_not_zero(part: str):
    sets = drawn(replace(EXACT, cameras=replace(EXACT.cameras, orthographic_share=1.0)))
    coordinates = part_coordinates(sets.points, part)
    first, second = coordinates[:, 0, 0, 0], coordinates[:, 2, 0, 0]
    apart = np.abs(first - second).max(axis=(1, 2))
    assert (apart[sets.variation[part] == 0] < 1e-5).all()
    assert (apart[sets.variation[part] > 0] > 1e-3).all()


def test_a_larger_variation_is_a_larger_change_of_the_motion():
    sets = drawn(count=200)
    for part in PARTS:
        coordinates = part_coordinates(sets.points, part)
        apart = np.linalg.norm(coordinates[:, 0, 0, 0] - coordinates[:, 2, 0, 0], axis=2).mean(axis=1)
        small = sets.variation[part] <= 0.2
        assert apart[small].mean() < 0.6 * apart[sets.variation[part] >= 0.4].mean()


def test_two_skeletons_have_bones_of_different_lengths_and_both_sides_the_same():
    settings = replace(EXACT, cameras=replace(EXACT.cameras, orthographic_share=1.0))
    source = VariationSource(CLIPS, settings)
    skeletons = source.skeletons
    assert len(skeletons) == 18
    mirrored = [BONES.index((MIRROR[parent], MIRROR[child])) for parent, child in BONES]
    np.testing.assert_array_equal(skeletons, skeletons[:, mirrored])
    assert np.linalg.norm(skeletons[:, None] - skeletons[None], axis=2)[~np.eye(18, dtype=bool)].min() > 0.05


def test_changed_bones_keep_their_lengths():
    generator = np.random.default_rng(0)
    bones = generator.standard_normal((2, 3, 32, len(BONES), 3)).astype(np.float32)
    levels = generator.choice(LEVELS, (2, 3, len(PARTS), 3))
    motions = _Moving(bones, np.zeros((2, 3, 32), np.float32), np.zeros((2, 3, 32, 3), np.float32))
    changed = _varied(motions, levels, EXACT).bones
    assert np.abs(changed - bones).max(axis=(0, 1, 2, 4)).min() > 0.1
    np.testing.assert_allclose(np.linalg.norm(changed, axis=-1), np.linalg.norm(bones, axis=-1), rtol=1e-4)


def test_the_other_motion_is_of_another_clip_and_of_another_class_if_both_have_one():
    generator = np.random.default_rng(0)
    labelled = [replace(item, label="ab"[number % 2]) for number, item in enumerate(CLIPS)]
    source = VariationSource(labelled, EXACT)
    for _ in range(50):
        first, second = (labelled[number] for number in source.two_clips(generator))
        assert first.path != second.path and first.label != second.label


def test_motions_are_mirrored_half_of_the_time():
    """A body that waves with its left hand alone waves with the right one in about half of the sets."""
    still = random_clip(0, 60)
    positions = np.repeat(still.positions[:1], 60, axis=0)
    positions[:, PARTS["left_arm"][-1]] += 0.1 * np.sin(np.arange(60))[:, None]
    waving = [LabelledClip(Clip(positions, still.observed), "", name, name) for name in "ab"]
    sets = VariationSource(waving, EXACT).draw(60, np.random.default_rng(0))
    moves = {
        side: part_coordinates(sets.points[:, 0, 0, 0], f"{side}_arm").std(axis=1).max(axis=1)
        for side in ("left", "right")
    }
    share = float((moves["left"] > moves["right"]).mean())
    assert 0.3 < share < 0.7


def test_a_clip_shorter_than_a_window_holds_its_last_frame():
    short = [replace(item, clip=item.clip.cut(0, 20)) for item in CLIPS]
    points = VariationSource(short, EXACT).draw(5, np.random.default_rng(0)).points
    np.testing.assert_allclose(points[..., 25, :, :], points[..., 31, :, :], atol=1e-5)


def test_only_joints_of_parts_are_placed():
    of_parts = {joint for of in PART_JOINTS.values() for joint in (of.reference, *of.joints)}
    placed = set(np.flatnonzero(np.abs(drawn(count=2).points).sum(axis=(0, 1, 2, 3, 4, 6))).tolist())
    assert of_parts <= placed | {0}


def test_one_clip_is_too_few():
    with pytest.raises(ValueError, match="two clips"):
        VariationSource(CLIPS[:1], EXACT)
