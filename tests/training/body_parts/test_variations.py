"""Generated variations: they differ by what their characteristics say, and in nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from support.moving_bodies import random_clip

from mretrieve.encoders.systems.body_part_embedding import PART_JOINTS, part_coordinates
from mretrieve.motion import MIRROR, PARTS, Clip, LabelledClip
from mretrieve.motion.skeleton import joint
from mretrieve.training.body_parts.part_bones import BONES, variation_of
from mretrieve.training.body_parts.variations import (
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


def between(sets: Variations, part: str, first: int, second: int) -> NDArray[np.float32]:
    """(B,) how much a part differs between two motions of each set."""
    motions = 3 * np.arange(len(sets.points))
    return sets.variation[part][motions + first, motions + second]


def test_a_draw_depends_on_the_generator_alone():
    first, again, other = drawn(count=3), drawn(count=3), drawn(count=3, seed=1)
    np.testing.assert_array_equal(first.points, again.points)
    assert not np.array_equal(first.points, other.points)


def test_a_set_has_three_motions_on_two_skeletons_from_two_cameras():
    assert drawn(count=2).points.shape == (2, 3, 2, 2, 32, 22, 2)


def test_the_variation_of_a_part_is_how_far_its_bones_point_apart():
    bones = np.random.default_rng(0).standard_normal((2, 3, 32, len(BONES), 3))
    variation = variation_of(bones.astype(np.float32))
    motions = (bones / np.linalg.norm(bones, axis=-1, keepdims=True)).reshape(6, 32, len(BONES), 3)
    for part, of in PART_JOINTS.items():
        joints = of.joints if part != "torso" else (joint("neck"),)
        numbers = [number for number, (_, child) in enumerate(BONES) if child in joints]
        for first, second in np.ndindex(6, 6):
            squares = np.square(motions[first][:, numbers] - motions[second][:, numbers]).sum(axis=2)
            assert variation[part][first, second] == pytest.approx(np.sqrt(squares.mean()), abs=2e-3)


def test_characteristics_have_five_levels():
    assert LEVELS.tolist() == [-1, -0.5, 0, 0.5, 1]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_moves_otherwise_exactly_if_its_variation_is_not_zero(part: str):
    sets = drawn(replace(EXACT, cameras=replace(EXACT.cameras, orthographic_share=1.0), energy=0.0))
    coordinates = part_coordinates(sets.points, part)
    apart = np.abs(coordinates[:, 0, 0, 0] - coordinates[:, 2, 0, 0]).max(axis=(1, 2))
    same = between(sets, part, 0, 2) < 2e-3
    assert 0 < same.sum() < len(same)
    assert (apart[same] < 2e-3).all() and (apart[~same] > 5e-3).all()


def test_a_larger_variation_is_a_larger_change_of_the_motion():
    sets = drawn(count=200)
    for part in PARTS:
        coordinates = part_coordinates(sets.points, part)
        apart = np.linalg.norm(coordinates[:, 0, 0, 0] - coordinates[:, 2, 0, 0], axis=2).mean(axis=1)
        order = np.argsort(between(sets, part, 0, 2))
        assert apart[order[:100]].mean() < 0.6 * apart[order[100:]].mean()


def test_limbs_are_borrowed_from_other_motions_and_the_torso_is_not():
    still = replace(EXACT, borrowed=0.3, changed_share=0.0)
    sets = drawn(still, count=100)
    for part in PARTS:
        of_the_first, of_the_other = (between(sets, part, *pair) < 2e-3 for pair in ((0, 1), (1, 2)))
        changed = between(sets, part, 0, 2) > 2e-3
        if part == "torso":
            assert not (of_the_first.any() or of_the_other.any() or changed.any())
        else:
            assert 0.15 < of_the_first.mean() < 0.45 and 0.1 < changed.mean() < 0.4
            assert of_the_other[changed & ~of_the_first].all()


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
