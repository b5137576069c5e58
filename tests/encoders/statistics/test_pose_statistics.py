"""What the default encoder promises to the index (vectors, distances) and to the user (what matters and what not)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import Clip, canonicalise, read
from mretrieve.encoders import load_encoder
from mretrieve.encoders.statistics.pose_statistics import PoseStatistics
from mretrieve.evaluation import retrieval_scores
from mretrieve.motion.augmentation import change_speed, lose_joints
from mretrieve.motion.skeleton import joint


@pytest.fixture(scope="module")
def encoder() -> PoseStatistics:
    return PoseStatistics()


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [random_clip(seed, 20 + 30 * seed) for seed in range(12)]


def distances(encoder: PoseStatistics, queries: list[Clip], gallery: list[Clip]) -> np.ndarray:
    return -(encoder.as_queries(encoder.encode(queries)) @ encoder.encode(gallery).T)


# -- to the index --------------------------------------------------------------------------------------------------


def test_distances_are_a_symmetric_dissimilarity_of_about_1(encoder, clips):
    table = distances(encoder, clips, clips)
    assert table.min() > -1e-5
    assert np.abs(np.diag(table)).max() < 1e-5
    assert table == pytest.approx(table.T, abs=1e-5)
    others = table[~np.eye(len(clips), dtype=bool)]
    assert 0.2 < np.median(others) < 2.0


def test_a_distance_is_the_scaled_euclidean_one_of_both_parts(encoder, clips):
    vectors = encoder.encode(clips[:2]).astype(np.float64)
    expected = 0.0
    for numbers, inverse_scale in ((slice(0, 64), 65), (slice(66, 194), 195)):
        q, x = (vector[numbers] / vector[inverse_scale] for vector in vectors)  # undone: numbers / scale, 1 / scale
        expected += ((q - x) ** 2).sum() * vectors[0, inverse_scale] * vectors[1, inverse_scale]
    assert distances(encoder, clips[:1], clips[1:2])[0, 0] == pytest.approx(expected, abs=1e-5)


def test_a_blend_lies_between_what_it_is_made_of(encoder, clips):
    vectors = encoder.encode(clips[:2])
    middle = encoder.blend(vectors[None], np.array([[1.0, 1.0]]))
    apart = -(encoder.as_queries(vectors) @ vectors.T)[0, 1]
    assert (-(encoder.as_queries(middle) @ vectors.T) < apart).all()


def test_the_fingerprint_is_of_the_weights(encoder):
    shipped = (files("mretrieve.encoders") / "weights" / "pose_statistics.npz").read_bytes()
    assert PoseStatistics(shipped).fingerprint == encoder.fingerprint == load_encoder("pose-statistics").fingerprint
    assert PoseStatistics(shipped + b"\0").fingerprint != encoder.fingerprint


def test_the_card_beside_the_weights_is_of_these_weights():
    folder = files("mretrieve.encoders") / "weights"
    weights = (folder / "pose_statistics.npz").read_bytes()
    assert hashlib.sha256(weights).hexdigest() in (folder / "pose_statistics.md").read_text(encoding="utf-8")
    assert len(weights) < 1_000_000


# -- to the user ---------------------------------------------------------------------------------------------------


def test_a_body_that_stands_still_has_a_finite_vector_and_is_like_itself_at_any_length(encoder):
    pose = random_clip(2, 1)
    still, longer = (
        replace(pose, positions=np.repeat(pose.positions, n, 0), observed=np.ones((n, 22), bool)) for n in (30, 150)
    )
    assert distances(encoder, [still], [longer])[0, 0] == pytest.approx(0, abs=1e-4)


def test_where_a_motion_happens_and_which_way_it_faces_does_not_matter(encoder, clips):
    clip = clips[6]
    turn = np.array([[0.6, 0, 0.8], [0, 1, 0], [-0.8, 0, 0.6]], np.float32)
    elsewhere = replace(clip, positions=clip.positions @ turn.T + np.array([40, 0, -25], np.float32))
    assert distances(encoder, [elsewhere], [clip])[0, 0] < 1e-3


def test_going_backwards_is_another_motion_than_going_forwards(encoder):
    clip = random_clip(3, 120)
    path = clip.positions[:, :1] - clip.positions[:1, :1]
    path[..., 1] = 0
    backwards = replace(clip, positions=clip.positions - 2 * path)
    slower = change_speed(clip, 0.9)
    to_backwards, to_slower = distances(encoder, [clip], [backwards, slower])[0]
    assert to_backwards > 3 * to_slower


@pytest.mark.parametrize("lost", ["left_wrist", "head", "right_foot", "spine3", "left_hip"])
def test_what_stands_in_for_an_unobserved_joint_does_not_matter(encoder, lost):
    clip = lose_joints(random_clip(4, 100), np.array([joint(lost)]))
    noise = np.random.default_rng(0).normal(0, 0.5, (100, 3)).astype(np.float32)
    disturbed = clip.positions.copy()
    disturbed[:, joint(lost)] += noise
    assert encoder.encode([replace(clip, positions=disturbed)]) == pytest.approx(encoder.encode([clip]), abs=2e-4)


def test_inner_spine_and_collars_which_many_rigs_lack_do_not_matter(encoder, clips):
    unused = [joint(name) for name in ("spine1", "spine2", "left_collar", "right_collar")]
    assert encoder.encode([lose_joints(clips[7], np.array(unused))]) == pytest.approx(
        encoder.encode([clips[7]]), abs=1e-6
    )


def test_a_motion_with_missing_joints_is_nearest_to_itself(encoder):
    clips = [random_clip(seed, 90) for seed in range(20)]
    generator = np.random.default_rng(0)
    cut_down = [lose_joints(clip, 1 + generator.choice(21, 4, replace=False)) for clip in clips]
    table = distances(encoder, cut_down, clips)
    assert (table.argmin(axis=1) == np.arange(20)).all()


def test_half_and_double_speed_find_the_motion_again(encoder):
    clips = [random_clip(seed, 90) for seed in range(20)]
    for factor in (0.5, 2.0):
        table = distances(encoder, [change_speed(clip, factor) for clip in clips], clips)
        assert (table.argmin(axis=1) == np.arange(20)).mean() >= 0.9


# -- on real motion ------------------------------------------------------------------------------------------------


def test_another_performers_clips_of_the_same_action_come_first(encoder, performers):
    clips, relevant, allowed = performers
    scores = retrieval_scores(distances(encoder, clips, clips), relevant, allowed)
    assert scores.mean_average_precision >= 0.97
    assert scores.top1 >= 0.99


def test_a_performance_finds_itself_on_another_rig_at_another_rate(encoder, mocap: Path):
    gallery = sorted((mocap / "cmu" / "bvh").glob("*.bvh"))
    queries = sorted((mocap / "cmu" / "asfamc").glob("*.amc"))
    query_clips, gallery_clips = ([canonicalise(read(path)[0]) for path in paths] for paths in (queries, gallery))
    nearest = distances(encoder, query_clips, gallery_clips).argmin(axis=1)
    assert [gallery[row].stem for row in nearest] == [f"0{path.stem}" for path in queries]
