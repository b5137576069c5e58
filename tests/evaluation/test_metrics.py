"""Metrics, against their definitions written out the slow way."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest

from mretrieve.evaluation import (
    average_precision,
    cross_group,
    false_positive_rates,
    query_scores,
    retrieval_scores,
)


def plain_scores(relevant_in_order: list[bool], k: int) -> tuple[float, float, float]:
    precisions = [
        sum(relevant_in_order[:rank]) / rank for rank, right in enumerate(relevant_in_order, start=1) if right
    ]
    return float(np.mean(precisions)), float(relevant_in_order[0]), sum(relevant_in_order[:k]) / k


def scores_of(distances: list[float], relevant: list[bool], k: int = 3) -> tuple[float, float, float]:
    scores = retrieval_scores([distances], [relevant], [[True] * len(distances)], k)
    return scores.mean_average_precision, scores.top1, scores.precision_at_k


def test_a_ranking_without_ties_has_the_textbook_scores():
    assert scores_of([0.1, 0.2, 0.3, 0.4], [True, False, True, False]) == pytest.approx(((1 + 2 / 3) / 2, 1.0, 2 / 3))


@pytest.mark.parametrize("seed", range(8))
def test_ties_give_the_mean_over_every_order_of_what_is_tied(seed: int):
    generator = np.random.default_rng(seed)
    distances = generator.integers(0, 3, 6).astype(float)
    relevant = generator.random(6) < 0.5
    relevant[generator.integers(6)] = True
    orders = [order for order in permutations(range(6)) if (np.diff(distances[list(order)]) >= 0).all()]
    expected = np.mean([plain_scores(relevant[list(order)].tolist(), 3) for order in orders], axis=0)
    assert scores_of(distances.tolist(), relevant.tolist()) == pytest.approx(tuple(expected))


def test_items_of_the_queries_own_group_neither_help_nor_hurt():
    relevant, allowed = cross_group(["walk", "walk", "run", "walk"], ["a", "a", "b", "b"])
    distances = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]], float)
    scores = retrieval_scores(distances, relevant, allowed)
    # queries 0 and 1 see 2 and 3, where 3 is right: second and first; 3 sees 1 and 0, both right; 2 has no right answer
    assert scores.query_count == 3
    assert scores.mean_average_precision == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert scores.top1 == pytest.approx(2 / 3)


def test_answers_that_are_missing_count_as_irrelevant_in_precision_at_k():
    assert scores_of([0.1, 0.2], [True, True], k=10)[2] == pytest.approx(2 / 10)


def test_no_relevant_answer_anywhere_gives_nan_and_not_a_number():
    scores = retrieval_scores([[0.5]], [[False]], [[True]])
    assert np.isnan(scores.mean_average_precision)
    assert scores.query_count == 0


def test_false_positive_rate_is_what_passes_with_the_wanted_part_of_the_relevant_pairs():
    distances = np.array([[1, 2, 3, 4, 5, 6, 7, 8]], float)
    relevant = np.array([[1, 0, 1, 0, 0, 1, 0, 1]], bool)
    everything = np.ones_like(relevant)
    assert false_positive_rates(distances, relevant, everything, [0.25, 0.5, 0.75, 1.0]) == pytest.approx(
        [0, 0.25, 0.75, 1]
    )


def test_false_positive_rate_of_a_constant_distance_is_chance():
    relevant = np.array([[1, 0, 1, 0, 0]], bool)
    rates = false_positive_rates(np.zeros((1, 5)), relevant, np.ones_like(relevant), [0.9, 0.7])
    assert rates == pytest.approx([0.9, 0.7])


def test_a_distance_that_is_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        retrieval_scores([[np.nan]], [[True]], [[True]])


def test_average_precision_ranks_the_largest_similarity_first():
    assert average_precision([0.9, 0.5, 0.1], [True, False, False]) == 1.0
    assert average_precision([0.9, 0.5, 0.1], [False, False, True]) == pytest.approx(1 / 3)
    assert average_precision([0.9, 0.5], [False, False]) == 0.0


def test_what_is_infinitely_far_is_no_answer_even_where_it_is_tied():
    scores = retrieval_scores([[0.1, np.inf, np.inf]], [[False, True, False]], [[True, True, True]], k=2)
    assert (scores.mean_average_precision, scores.precision_at_k) == (0.0, 0.0)


# -- R-precision, MAP@R and nDCG -----------------------------------------------------------------------------------


def plain_more(relevant_in_order: list[bool]) -> tuple[float, float, float]:
    total = sum(relevant_in_order)
    r_precision = sum(relevant_in_order[:total]) / total
    at_r = 0.0
    for rank in range(1, total + 1):
        if relevant_in_order[rank - 1]:
            at_r += sum(relevant_in_order[:rank]) / rank / total
    gain = sum(1 / math.log2(rank + 1) for rank, right in enumerate(relevant_in_order, start=1) if right)
    best = sum(1 / math.log2(rank + 1) for rank in range(1, total + 1))
    return r_precision, at_r, gain / best


def more_scores_of(distances: np.ndarray, relevant: np.ndarray) -> tuple[float, float, float]:
    scores = retrieval_scores(distances[None], relevant[None], np.ones((1, len(distances)), bool))
    return scores.r_precision, scores.average_precision_at_r, scores.ndcg


@pytest.mark.parametrize("seed", range(8))
def test_r_precision_map_at_r_and_ndcg_are_means_over_every_order_of_what_is_tied(seed: int):
    generator = np.random.default_rng(seed)
    distances = generator.integers(0, 3, 6).astype(float)
    relevant = generator.random(6) < 0.5
    relevant[generator.integers(6)] = True
    orders = [order for order in permutations(range(6)) if (np.diff(distances[list(order)]) >= 0).all()]
    expected = np.mean([plain_more(relevant[list(order)].tolist()) for order in orders], axis=0)
    assert more_scores_of(distances, relevant) == pytest.approx(tuple(expected), abs=1e-9)


@pytest.fixture(scope="module")
def ranking() -> tuple[np.ndarray, np.ndarray]:
    """Distances (12, 40) without ties, and what is relevant."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 4, 52)
    return generator.random((12, 40)), labels[:12, None] == labels[None, 12:]


def test_map_r_precision_and_map_at_r_are_those_of_pytorch_metric_learning(ranking):
    import torch
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    distances, relevant = ranking

    def nearest(query, k, reference, ref_includes_query=False):
        order = np.argsort(distances, axis=1)
        return torch.from_numpy(np.take_along_axis(distances, order, 1)), torch.from_numpy(order)

    names = ("mean_average_precision", "r_precision", "mean_average_precision_at_r")
    calculator = AccuracyCalculator(include=names, k=None, knn_func=nearest, device=torch.device("cpu"))
    # classes of the reference are the distinct columns of `relevant`
    _, classes = np.unique(relevant.T, axis=0, return_inverse=True)
    query_classes = [int(classes.ravel()[row.argmax()]) for row in relevant]
    found = calculator.get_accuracy(
        torch.zeros(12, 1), torch.tensor(query_classes), torch.zeros(40, 1), torch.from_numpy(classes.ravel())
    )
    scores = retrieval_scores(distances, relevant, np.ones_like(relevant))
    assert (scores.mean_average_precision, scores.r_precision, scores.average_precision_at_r) == pytest.approx(
        tuple(found[name] for name in names), abs=1e-6
    )


def test_ndcg_precision_and_map_are_those_of_scikit_learn(ranking):
    from sklearn.metrics import average_precision_score, ndcg_score, precision_score

    distances, relevant = ranking
    first_10 = distances.argsort(axis=1).argsort(axis=1) < 10
    expected = (
        ndcg_score(relevant, -distances),
        np.mean([precision_score(right, found) for right, found in zip(relevant, first_10, strict=True)]),
        np.mean([average_precision_score(right, -row) for right, row in zip(relevant, distances, strict=True)]),
    )
    scores = retrieval_scores(distances, relevant, np.ones_like(relevant), k=10)
    assert (scores.ndcg, scores.precision_at_k, scores.mean_average_precision) == pytest.approx(expected, abs=1e-9)


def test_a_query_without_a_right_answer_has_nan_for_scores_and_no_part_in_means():
    relevant = np.array([[True, False], [False, False]])
    scores = query_scores([[1, 2], [1, 2]], relevant, np.ones((2, 2), bool))
    assert scores.ndcg.tolist()[0] == 1.0
    assert np.isnan(scores.ndcg[1])
    assert retrieval_scores([[1, 2], [1, 2]], relevant, np.ones((2, 2), bool)).ndcg == 1.0


def test_false_positive_rates_are_the_roc_curve_of_scikit_learn():
    from sklearn.metrics import roc_curve

    generator = np.random.default_rng(5)
    relevant = generator.random((20, 30)) < 0.2
    distances = generator.random((20, 30)) - 0.3 * relevant
    false_rate, true_rate, _ = roc_curve(relevant.ravel(), -distances.ravel(), drop_intermediate=False)
    # without ties a rate is reached at a step of the curve, where the false rate does not change
    wanted = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
    expected = [false_rate[np.searchsorted(true_rate, rate - 1e-12)] for rate in wanted]
    assert false_positive_rates(distances, relevant, np.ones_like(relevant), wanted) == pytest.approx(
        expected, abs=1e-9
    )
