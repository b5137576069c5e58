"""The distances by time warping of the paper's table: each learns or aligns what it is there for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from support.moving_bodies import random_clip

from mretrieve.motion import LabelledClip

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from warping_baselines.deep import correlation, deep_distances
from warping_baselines.generalized import at, generalized_distances, warps
from warping_baselines.mahalanobis import learned_map, mahalanobis_distances

CLIPS = [LabelledClip(random_clip(seed, 30 + 10 * seed), "ab"[seed % 2], "", str(seed)) for seed in range(4)]


def test_the_mahalanobis_distance_learns_which_coordinates_tell_classes_apart():
    generator = np.random.default_rng(0)
    labels = [str(number % 4) for number in range(24)]
    sequences = []
    for label in labels:
        own = np.eye(4)[int(label)] * 0.5 + 0.1 * generator.normal(size=(25, 4))
        anything = 2 * generator.normal(size=(1, 3)) + 0.1 * generator.normal(size=(25, 3))
        sequences.append(np.concatenate([own, anything], axis=1))
    factor = learned_map(sequences, labels, 600, seed=0)
    weights = np.diag(factor @ factor.T)
    assert weights[:4].mean() > 1.2 * weights[4:].mean()


def test_generalized_warping_finds_the_times_of_a_smooth_warp():
    def curve(times: np.ndarray) -> np.ndarray:
        return np.stack([np.sin(5 * times), np.cos(3 * times), times**2, np.sin(9 * times + 1)], axis=1)

    first, second = np.linspace(0, 1, 60), np.linspace(0, 1, 45) ** 1.6
    times, other_times = warps(curve(first), curve(second))
    apart = np.abs(at(first[:, None], times) - at(second[:, None], other_times)).mean()
    assert apart < 0.3 * np.abs(np.linspace(0, 1, 60) - np.linspace(0, 1, 60) ** 1.6).mean()
    for found, frames in ((times, 60), (other_times, 45)):
        assert (np.diff(found) >= -1e-9).all()
        assert found[[0, -1]] == pytest.approx([0, frames - 1])


def test_the_correlation_is_1_of_the_same_features_in_any_scale_and_0_of_others():
    torch.manual_seed(0)
    features, others = torch.randn(4000, 5) * torch.tensor([1.0, 2.0, 0.5, 1.0, 1.5]), torch.randn(4000, 5)
    assert float(correlation(features, features)) == pytest.approx(1, abs=0.05)
    assert float(correlation(features, others)) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    "distances",
    [
        lambda: mahalanobis_distances(CLIPS, triplets=5, seed=0),
        generalized_distances,
        lambda: deep_distances(CLIPS, updates=1, seed=0),
    ],
    ids=["mahalanobis", "generalized", "deep"],
)
def test_distances_are_symmetric_and_0_to_itself(distances):
    clips = [item.clip for item in CLIPS]
    table = distances().between(clips, clips)
    assert np.abs(np.diag(table)).max() < 1e-4
    np.testing.assert_allclose(table, table.T, rtol=1e-4, atol=1e-5)
    assert (table[~np.eye(len(clips), dtype=bool)] > 0.01).all()
