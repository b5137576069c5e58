"""Linear metrics: what they are by definition, that they learn, and what they promise as encoders."""

from __future__ import annotations

import numpy as np
import pytest
from support.raised_arms import arms_held

from mretrieve import Clip
from mretrieve.encoders.encoder import StoredContent
from mretrieve.encoders.statistics.linear_metric import LinearMetric, default_encoder, description_size, descriptions
from mretrieve.encoders.weights_file import encoder_bytes, read_encoder
from mretrieve.errors import FormatError
from mretrieve.evaluation import cross_group, retrieval_scores
from mretrieve.training.adaptation.linear import LdaSettings, NcaSettings, described_copies, fit_lda, fit_nca

ITEMS = arms_held()
LEARNED, ASKED = ITEMS[:18], ITEMS[18:]


@pytest.fixture(scope="module")
def described() -> np.ndarray:
    return described_copies([item.clip for item in LEARNED], seed=0)


@pytest.fixture(scope="module")
def metric(described) -> LinearMetric:
    return fit_lda(described, [item.label for item in LEARNED])


def distances(encoder, queries: list[Clip], gallery: list[Clip]) -> np.ndarray:
    return -(encoder.as_queries(encoder.encode(queries)) @ encoder.encode(gallery).T)


def asked_map(encoder) -> float:
    clips = [item.clip for item in ASKED]
    relevant, allowed = cross_group([item.label for item in ASKED], [item.path for item in ASKED])
    return retrieval_scores(distances(encoder, clips, clips), relevant, allowed).mean_average_precision


# -- what is learned -----------------------------------------------------------------------------------------------


def test_what_is_described_are_the_numbers_that_the_default_vectors_are_made_of():
    vectors = default_encoder().encode([item.clip for item in ITEMS[:3]])
    numbers = descriptions(vectors)
    assert numbers.shape == (3, description_size()) == (3, 192)
    assert numbers[:, :64] == pytest.approx(vectors[:, :64] / vectors[:, 65:66], rel=1e-5)


def test_both_metrics_gain_on_clips_that_they_did_not_learn_from(described, metric):
    labels = [item.label for item in LEARNED]
    default = asked_map(default_encoder())
    assert asked_map(metric) > default + 0.1
    assert asked_map(fit_nca(described, labels, seed=0)) > default + 0.1


def test_without_gain_the_covariance_within_classes_and_the_ridge_become_white(described):
    settings = LdaSettings(class_share=1.0, ridge=0.0, gain=0.0)
    rich = np.concatenate([described] * 4)  # more samples than numbers, as it needs
    noisy = rich + np.random.default_rng(0).normal(0, rich.std(), rich.shape)
    labels = [item.label for item in LEARNED]
    matrix = fit_lda(noisy, labels, settings).to_tensors()["matrix"].astype(np.float64)
    numbers = np.concatenate(noisy)
    classes = np.array(labels * len(noisy))
    residuals = np.concatenate([numbers[classes == name] - numbers[classes == name].mean(0) for name in set(labels)])
    within = matrix.T @ residuals.T @ residuals @ matrix
    assert within / np.trace(within) * 192 == pytest.approx(np.eye(192), abs=1e-3)


def test_the_same_seed_gives_the_same_metric_and_another_seed_draws_other_batches(described):
    labels = [item.label for item in LEARNED]
    settings = NcaSettings(batch=30)  # a third of the samples: a batch of all of them leaves nothing for a seed to draw
    first, second, other = (fit_nca(described, labels, seed, settings) for seed in (3, 3, 4))
    assert first.fingerprint == second.fingerprint
    matrix, other_matrix = (metric.to_tensors()["matrix"] for metric in (first, other))
    assert np.abs(matrix - other_matrix).max() > 0.01 * np.abs(matrix).max()  # far above rounding


# -- as an encoder -------------------------------------------------------------------------------------------------


def test_distances_are_symmetric_zero_for_the_same_and_about_1(metric):
    clips = [item.clip for item in ASKED]
    table = distances(metric, clips, clips)
    assert table == pytest.approx(table.T, abs=1e-4)
    assert np.abs(np.diag(table)).max() < 1e-4
    assert 0.3 < np.median(table[~np.eye(len(clips), dtype=bool)]) < 2.0


def test_a_distance_is_the_scaled_squared_one_of_the_mapped_numbers(metric):
    tensors, variance = metric.to_tensors(), metric.settings()["variance"]
    pair = descriptions(default_encoder().encode([item.clip for item in ASKED[:2]])).astype(np.float64)
    q, x = (pair - tensors["mean"]) @ tensors["matrix"].astype(np.float64)
    expected = ((q - x) ** 2).sum() / np.sqrt(((q**2).sum() + variance) * ((x**2).sum() + variance))
    assert distances(metric, [ASKED[0].clip], [ASKED[1].clip])[0, 0] == pytest.approx(expected, rel=1e-4)


def test_windows_and_blends_are_those_of_the_default(metric):
    clip = ASKED[0].clip
    whole = metric.encode([clip])
    assert metric.encode_windows(clip, np.array([[0, clip.frame_count]])) == pytest.approx(whole, abs=1e-5)
    groups = np.stack([whole, metric.encode([ASKED[1].clip])], axis=1)
    assert metric.blend(groups, np.array([[1.0, 0.0]])) == pytest.approx(whole, abs=1e-5)


def test_a_file_gives_the_same_vectors_and_fingerprint_back(metric):
    read = read_encoder(encoder_bytes(metric, {"about": "test"})).encoder
    assert read.fingerprint == metric.fingerprint
    assert read.encode([ASKED[0].clip]).tobytes() == metric.encode([ASKED[0].clip]).tobytes()


def test_a_file_of_other_default_weights_or_with_another_shape_is_refused(metric):
    settings, tensors = metric.settings(), metric.to_tensors()
    with pytest.raises(FormatError, match="train it again"):
        LinearMetric.from_content(StoredContent("linear-metric", tensors, settings | {"default": "0"}))
    with pytest.raises(FormatError, match="does not fit"):
        LinearMetric.from_content(StoredContent("linear-metric", tensors | {"mean": tensors["mean"][:5]}, settings))
    broken = tensors["matrix"].copy()
    broken[0, 0] = np.nan
    with pytest.raises(FormatError, match="not finite"):
        LinearMetric.from_content(StoredContent("linear-metric", tensors | {"matrix": broken}, settings))
