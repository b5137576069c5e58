"""Batches: what is in them, how often, and what augmentation may and may not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.labelled_bodies import labelled_clips
from support.moving_bodies import random_clip

from mretrieve import MRetrieveError
from mretrieve.encoders.body_sequence import body_sequence
from mretrieve.motion import LabelledClip, mirror
from mretrieve.motion.bones import USED_JOINTS
from mretrieve.training.batches import Augment, Batch, BatchSource, Composition, Sampling
from mretrieve.training.objectives import ClassObjective
from mretrieve.training.systems.deephums import SPEEDS, TrajectoryObjective
from mretrieve.training.systems.mmd_nca import MmdNcaObjective

#: Nothing is changed.
STILL = Augment(
    shortest_part=1.0, fastest=1.0, yaw_deg=0.0, joint_offset_m=0.0, noise_m=0.0, missing_share=0.0, missing_joints=0
)
SIZE = Sampling(per_class=4, others=2, longest=30)
CLASSES, BRANCHES, SPEED_PAIRS = ClassObjective("supcon"), MmdNcaObjective(), TrajectoryObjective()


def draw(
    clips: list[LabelledClip],
    sampling: Sampling = SIZE,
    augment: Augment | None = None,
    seed: int = 0,
    progress: float = 0.0,
    composition: Composition = CLASSES,
) -> Batch:
    source = BatchSource(clips, composition, sampling, augment or Augment())
    return source.draw(np.random.default_rng(seed), progress)


# -- what is drawn -----------------------------------------------------------------------------------------------------


def test_a_draw_depends_on_the_generator_alone():
    source = BatchSource(labelled_clips(), CLASSES, SIZE, Augment())
    first = source.draw(np.random.default_rng((3, 7)), 0.5)
    source.draw(np.random.default_rng((3, 8)), 0.5)
    again = source.draw(np.random.default_rng((3, 7)), 0.5)
    other = source.draw(np.random.default_rng((3, 8)), 0.5)
    assert np.array_equal(first.sequence.positions, again.sequence.positions)
    assert np.array_equal(first.clips, again.clips) and np.array_equal(first.lengths, again.lengths)
    assert not np.array_equal(first.sequence.positions, other.sequence.positions)


def test_a_batch_of_classes_has_as_many_sequences_of_each_as_it_shall():
    batch = draw(labelled_clips(classes=5))
    classes, counts = np.unique(batch.labels, return_counts=True)
    assert len(classes) == 3 and set(counts) == {4}


def test_branches_are_anchors_positives_of_the_same_class_and_other_classes():
    batch = draw(labelled_clips(classes=5), composition=BRANCHES)
    branches = batch.labels.reshape(batch.branches, -1)
    assert branches.shape == (4, 4)
    assert (branches == branches[:, :1]).all()
    assert branches[0, 0] == branches[1, 0] and len(set(branches[:, 0])) == 3


def test_every_class_comes_as_often_as_any_other_whatever_its_size():
    clips = labelled_clips(classes=3, per_class=2) + labelled_clips(classes=1, per_class=12, first=3)
    source = BatchSource(clips, CLASSES, replace(SIZE, per_class=1, others=1), STILL)
    drawn = np.concatenate([source.draw(np.random.default_rng(seed), 0).labels for seed in range(600)])
    counts = np.bincount(drawn)
    assert abs(counts / counts.sum() - 0.25).max() < 0.04


def test_every_clip_of_a_class_comes_as_often_as_any_other_up_to_one():
    batch = draw(labelled_clips(classes=3, per_class=3), replace(SIZE, per_class=7))
    for label in np.unique(batch.labels):
        counts = np.unique(batch.clips[batch.labels == label], return_counts=True)[1]
        assert sorted(counts) == [2, 2, 3]


def test_with_fewer_classes_than_wanted_all_are_taken():
    batch = draw(labelled_clips(classes=2), replace(SIZE, others=5))
    assert len(set(batch.labels)) == 2 and len(batch.labels) == 8


def test_clips_without_a_label_are_drawn_for_pairs_only():
    clips = labelled_clips(classes=2) + [replace(item, label="") for item in labelled_clips(classes=2, first=5)]
    assert (draw(clips, replace(SIZE, others=5)).labels >= 0).all()
    batch = draw(clips, Sampling(others=30, longest=40), composition=SPEED_PAIRS)
    assert len(batch.labels) == 3 * len(clips)
    assert (batch.labels < 0).sum() == 3 * 8


def test_the_three_speeds_of_a_clip_share_its_content():
    sampling = Sampling(others=3, longest=100)
    batch = draw(labelled_clips(), sampling, replace(STILL, shortest_part=0.6), composition=SPEED_PAIRS)
    clips, counts = np.unique(batch.clips, return_counts=True)
    assert len(clips) == 4 and (counts == 3).all()
    for clip in clips:
        plain, fast, slow = np.flatnonzero(batch.clips == clip)
        assert SPEEDS == (1.0, 2.0, 0.5)
        assert batch.lengths[fast] == pytest.approx(batch.lengths[plain] / 2, abs=1)
        assert batch.lengths[slow] == pytest.approx(batch.lengths[plain] * 2, abs=2)
        positions, rates = batch.sequence.positions, batch.sequence.rates
        shared = batch.lengths[fast]
        np.testing.assert_allclose(positions[fast, :shared], positions[plain, : 2 * shared : 2], atol=1e-5)
        shared = min(batch.lengths[plain], (batch.lengths[slow] + 1) // 2)
        np.testing.assert_allclose(positions[slow, : 2 * shared : 2], positions[plain, :shared], atol=1e-5)
        np.testing.assert_allclose(rates[slow, 0], rates[plain, 0] / 2, atol=1e-5)
        np.testing.assert_allclose(rates[fast, 0], rates[plain, 0] * 2, atol=1e-5)


# -- sequences ---------------------------------------------------------------------------------------------------------


def test_without_augmentation_a_sequence_is_its_clip():
    clips = labelled_clips(classes=2, frames=28)
    batch = draw(clips, augment=STILL)
    for row, clip in enumerate(batch.clips):
        expected = body_sequence(clips[clip].clip)
        length = batch.lengths[row]
        assert length == clips[clip].clip.frame_count
        np.testing.assert_allclose(batch.sequence.positions[row, :length], expected.positions, atol=1e-6)
        np.testing.assert_allclose(batch.sequence.rates[row, :length], expected.rates, atol=1e-6)


def test_no_sequence_is_longer_than_it_may_be_and_none_is_empty():
    clips = [*labelled_clips(frames=120), *(replace(item, clip=item.clip.cut(0, 1)) for item in labelled_clips())]
    for seed in range(50):
        batch = draw(clips, seed=seed)
        assert batch.lengths.min() >= 1 and batch.lengths.max() <= 30
        assert batch.sequence.positions.shape[1] == batch.lengths.max()


def test_padding_repeats_the_last_pose():
    batch = draw(labelled_clips(frames=28), augment=STILL)
    assert len(set(batch.lengths)) > 1
    for row, length in enumerate(batch.lengths):
        assert (batch.sequence.positions[row, length:] == batch.sequence.positions[row, length - 1]).all()


def test_speed_changes_the_length_and_the_rates_alike():
    clips = labelled_clips(frames=40)
    batch = draw(clips, replace(SIZE, longest=200), replace(STILL, fastest=2.0))
    for row, clip in enumerate(batch.clips):
        speed = clips[clip].clip.frame_count / batch.lengths[row]
        assert 0.49 < speed < 2.1
        first = body_sequence(clips[clip].clip).rates[0]
        np.testing.assert_allclose(batch.sequence.rates[row, 0] / first, speed, rtol=0.06)


def test_noise_grows_with_the_run_from_nothing_to_what_it_shall_be():
    clips = labelled_clips()
    augment = replace(STILL, noise_m=0.03)
    still = draw(clips, augment=STILL).sequence.positions
    sizes = []
    for progress in (0.0, 0.5, 1.0):
        noisy = draw(clips, augment=augment, progress=progress).sequence.positions
        sizes.append(float(np.sqrt(((noisy - still) ** 2).sum(axis=-1).mean())))
    assert sizes[0] == 0.0
    assert sizes[1:] == pytest.approx([0.015, 0.03], rel=0.03)


def test_joints_are_displaced_all_the_time_alike():
    clips = labelled_clips()
    moved = draw(clips, augment=replace(STILL, joint_offset_m=0.02)).sequence.positions
    offsets = moved - draw(clips, augment=STILL).sequence.positions
    assert np.ptp(offsets, axis=1).max() < 1e-5
    assert np.sqrt((offsets**2).sum(axis=-1).mean()) == pytest.approx(0.02, rel=0.1)


def test_the_whole_body_is_turned_by_one_angle_a_sequence():
    clips = labelled_clips()
    plain = draw(clips, augment=STILL).sequence
    turned = draw(clips, augment=replace(STILL, yaw_deg=20.0)).sequence
    np.testing.assert_allclose(turned.positions[..., 1], plain.positions[..., 1])
    np.testing.assert_allclose(turned.rates[..., [1, 3]], plain.rates[..., [1, 3]])
    wrist = [np.arctan2(one.positions[..., 20, 0], one.positions[..., 20, 2]) for one in (turned, plain)]
    speed = [np.arctan2(one.rates[..., 0], one.rates[..., 2]) for one in (turned, plain)]
    for after, before in (wrist, speed):
        angle = (after - before + np.pi) % (2 * np.pi) - np.pi
        assert np.ptp(angle, axis=1).max() < 1e-3
        assert 0.1 < angle[:, 0].std() < 0.7


# -- missing joints ----------------------------------------------------------------------------------------------------


def test_half_of_the_sequences_lack_as_many_joints_as_they_shall_and_never_the_pelvis():
    augment = replace(STILL, missing_share=0.5, missing_joints=4)
    source = BatchSource(labelled_clips(), CLASSES, Sampling(per_class=100, others=3, longest=5), augment)
    lost = ~source.draw(np.random.default_rng(0), 0).sequence.observed
    counts = lost.sum(axis=1)
    assert set(counts) == {0, 4}
    assert (counts == 4).mean() == pytest.approx(0.5, abs=0.1)
    assert set(np.flatnonzero(lost.any(axis=0))) == set(USED_JOINTS) - {0}


def test_joints_that_a_clip_lacks_stay_missing():
    clips = labelled_clips()
    for item in clips:
        item.clip.observed[:, 20] = False
    assert not draw(clips, augment=STILL).sequence.observed[:, 20].any()


# -- the mirror --------------------------------------------------------------------------------------------------------


def sided(label: str, seed: int) -> LabelledClip:
    return LabelledClip(random_clip(seed, 25), label, "", f"{label}.bvh")


def test_a_mirrored_sequence_is_that_of_the_mirrored_clip_and_has_the_other_sides_label():
    clips = [sided("kick left", 1), sided("Wave Right", 2), sided("jump", 3)]
    source = BatchSource(clips, CLASSES, replace(SIZE, per_class=20), replace(STILL, mirror=True))
    assert source.classes == ["Wave Left", "Wave Right", "jump", "kick left", "kick right"]
    batch = source.draw(np.random.default_rng(0), 0)
    seen = set()
    for row, clip in enumerate(batch.clips):
        label = source.classes[batch.labels[row]]
        seen.add(label)
        plain, flipped = (body_sequence(one).positions for one in (clips[clip].clip, mirror(clips[clip].clip)))
        is_plain = np.allclose(batch.sequence.positions[row], plain, atol=1e-4)
        is_flipped = np.allclose(batch.sequence.positions[row], flipped, atol=1e-4)
        assert is_plain != is_flipped
        if clips[clip].label != "jump":
            assert (label == clips[clip].label) == is_plain
        rates = body_sequence(mirror(clips[clip].clip) if is_flipped else clips[clip].clip).rates
        np.testing.assert_allclose(batch.sequence.rates[row], rates, atol=1e-4)
    assert seen == set(source.classes)


def test_a_mirrored_body_lacks_the_joints_of_the_other_side():
    clips = [sided("a", 1), sided("b", 2)]
    for item in clips:
        item.clip.observed[:, 20] = False  # left wrist
    lacks = ~draw(clips, replace(SIZE, per_class=20), replace(STILL, mirror=True)).sequence.observed
    assert lacks[:, 20].any() and lacks[:, 21].any()
    assert (lacks[:, 20] != lacks[:, 21]).all()


def test_without_the_mirror_labels_are_what_they_are():
    source = BatchSource([sided("kick left", 1), sided("kick up", 2)], CLASSES, SIZE, STILL)
    assert source.classes == ["kick left", "kick up"]


# -- too little --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("composition", [CLASSES, BRANCHES])
def test_one_class_is_too_few(composition: Composition):
    with pytest.raises(MRetrieveError, match=r"two classes or more.*have 1; check the label column"):
        BatchSource(labelled_clips(classes=1), composition, SIZE, STILL)


def test_one_clip_is_too_few_for_pairs():
    with pytest.raises(MRetrieveError, match="two clips or more"):
        BatchSource(labelled_clips(classes=1, per_class=1), SPEED_PAIRS, SIZE, STILL)
