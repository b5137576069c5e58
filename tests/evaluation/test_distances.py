"""Baselines, against plain warping and scikit-learn; and an encoder's distances."""

from __future__ import annotations

import numpy as np
import pytest
from support.moving_bodies import random_clip

from mretrieve import Clip
from mretrieve.encoders import load_encoder
from mretrieve.errors import QueryError
from mretrieve.evaluation import BASELINES, baseline, encoder_distances
from mretrieve.evaluation.canonical_warping import canonical_maps, canonical_path, canonical_warping_distances
from mretrieve.kernels.warping import dtw_path
from mretrieve.motion import heading_view
from mretrieve.motion.augmentation import lose_joints
from mretrieve.motion.bones import USED_JOINTS


@pytest.fixture(scope="module")
def clips() -> list[Clip]:
    return [random_clip(seed, 12 + 3 * seed) for seed in range(4)]


def plain_warping(query: np.ndarray, candidate: np.ndarray) -> float:
    """Sum of squared distances along the best path; sequences (n, J, 3) and (m, J, 3)."""
    cost = np.full((len(query) + 1, len(candidate) + 1), np.inf)
    cost[0, 0] = 0.0
    for i in range(len(query)):
        for j in range(len(candidate)):
            apart = float(((query[i].astype(float) - candidate[j]) ** 2).sum())
            cost[i + 1, j + 1] = apart + min(cost[i, j], cost[i, j + 1], cost[i + 1, j])
    return float(cost[-1, -1])


def poses_of(clip: Clip) -> np.ndarray:
    return heading_view(clip.positions, clip.observed)[:, USED_JOINTS]


def test_dtw_is_the_root_mean_squared_distance_of_a_joint_along_the_best_path(clips):
    table = baseline("dtw").between(clips[:2], clips)
    for q, query in enumerate(clips[:2]):
        for g, candidate in enumerate(clips):
            squares = plain_warping(poses_of(query), poses_of(candidate))
            steps = query.frame_count + candidate.frame_count
            assert table[q, g] == pytest.approx(np.sqrt(squares / steps / len(USED_JOINTS)), abs=1e-6)


def test_dtw_leaves_out_joints_that_one_of_both_lacks(clips):
    lost = USED_JOINTS[-3]
    lacking = lose_joints(clips[0], np.array([lost]))
    table = baseline("dtw").between([lacking, clips[1]], [clips[2], lacking])
    kept = [index for index, joint in enumerate(USED_JOINTS) if joint != lost]
    squares = plain_warping(poses_of(lacking)[:, kept], poses_of(clips[2])[:, kept])
    steps = lacking.frame_count + clips[2].frame_count
    assert table[0, 0] == pytest.approx(np.sqrt(squares / steps / len(kept)), abs=1e-6)
    assert table[0, 1] == 0.0


def test_canonical_maps_are_the_correlations_of_scikit_learn_and_have_variance_1():
    from sklearn.cross_decomposition import CCA

    generator = np.random.default_rng(0)
    first = generator.normal(size=(30, 3))
    second = first @ generator.normal(size=(3, 3)) + 0.5 * generator.normal(size=(30, 3))
    path = np.repeat(np.arange(30, dtype=np.int32), 2).reshape(30, 2)
    ours, theirs = canonical_maps(first, second, path, ridge=0.0)
    x, y = first @ ours, second @ theirs
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    assert x.T @ x / 30 == pytest.approx(np.eye(3), abs=1e-6)
    expected = CCA(3, max_iter=5000, tol=1e-12).fit(first, second).transform(first, second)
    correlations = [abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(*(part.T for part in expected), strict=True)]
    assert np.diag(x.T @ y / 30) == pytest.approx(correlations, abs=1e-6)


def test_canonical_warping_finds_the_way_back_from_a_turned_copy():
    generator = np.random.default_rng(1)
    first = np.cumsum(generator.normal(size=(20, 3)), axis=0)
    second = np.repeat(first, generator.integers(1, 3, 20), axis=0)
    turn = np.linalg.qr(generator.normal(size=(3, 3)))[0]
    assert (canonical_path(first, second) == dtw_path(first, second)[0]).all()
    path = canonical_path(first, second @ turn)
    ours, theirs = canonical_maps(first, second @ turn, path, ridge=0.0)
    x, y = (first @ ours)[path[:, 0]], (second @ turn @ theirs)[path[:, 1]]
    plain = np.sqrt(dtw_path(first, second @ turn)[1])
    assert np.linalg.norm((x - x.mean(axis=0)) - (y - y.mean(axis=0))) < 0.2 * plain


def test_ctw_is_symmetric_zero_for_the_same_clip_and_the_same_whoever_else_is_asked(clips):
    ctw = baseline("ctw")
    table = ctw.between(clips, clips)
    assert table == pytest.approx(table.T)
    assert np.diag(table) == pytest.approx(np.zeros(len(clips)), abs=1e-9)
    assert table[0, 1] > 0.01


def test_processes_that_share_the_pairs_give_the_same(monkeypatch: pytest.MonkeyPatch):
    generator = np.random.default_rng(2)
    sequences = [generator.normal(size=(length, 4)) for length in (8, 9, 12)]
    alone = canonical_warping_distances(sequences[:2], sequences)
    monkeypatch.setattr("mretrieve.evaluation.canonical_warping._SHARED_FROM", 1)
    assert (canonical_warping_distances(sequences[:2], sequences) == alone).all()


def test_an_encoders_distances_are_those_of_its_vectors(clips):
    encoder = load_encoder("pose-statistics")
    vectors = encoder.encode(clips)
    compared = encoder_distances(encoder)
    assert compared.between(clips[:2], clips) == pytest.approx(-(encoder.as_queries(vectors[:2]) @ vectors.T), abs=1e-6)
    assert compared.between(clips, clips) == pytest.approx(baseline("pose-statistics").between(clips, clips))


def test_a_baseline_that_does_not_exist_is_refused_by_name():
    with pytest.raises(QueryError, match=f"no baseline 'dwt'; there are {', '.join(BASELINES)}"):
        baseline("dwt")
