"""Precision against recall, against its definition written out."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.evaluation import precision_recall


def plain_interpolated(relevant_in_order: list[bool], recall: float) -> float:
    total, best = sum(relevant_in_order), 0.0
    for rank in range(1, len(relevant_in_order) + 1):
        found = sum(relevant_in_order[:rank])
        if found / total >= recall - 1e-9:
            best = max(best, found / rank)
    return best


@pytest.mark.parametrize("points", [11, 101])
def test_the_curve_is_the_mean_of_the_interpolated_precisions(points: int):
    generator = np.random.default_rng(2)
    distances, relevant = generator.random((7, 25)), generator.random((7, 25)) < 0.3
    allowed = generator.random((7, 25)) < 0.8
    recalls = np.linspace(0, 1, points)
    orders = [relevant[q][np.argsort(np.where(allowed[q], distances[q], 9))][: allowed[q].sum()] for q in range(7)]
    expected = [np.mean([plain_interpolated(order.tolist(), recall) for order in orders]) for recall in recalls]
    curve = precision_recall(distances, relevant, allowed, recalls)
    assert curve.precision == pytest.approx(expected, abs=1e-9)
    assert (np.diff(curve.precision) <= 1e-12).all()


def test_eleven_points_are_the_default_and_a_perfect_ranking_is_1_everywhere():
    curve = precision_recall([[1, 2, 3]], [[1, 1, 0]], np.ones((1, 3)))
    assert curve.recall == pytest.approx(np.arange(11) / 10)
    assert curve.precision == pytest.approx(np.ones(11))


def test_when_everything_is_tied_precision_is_the_share_of_relevant_answers():
    curve = precision_recall(np.zeros((1, 8)), [[1, 1, 0, 0, 0, 0, 0, 0]], np.ones((1, 8)))
    assert curve.precision == pytest.approx(np.full(11, 0.25))


def test_what_is_infinitely_far_is_never_recalled():
    curve = precision_recall([[1, np.inf]], [[1, 1]], np.ones((1, 2)), [0.5, 1.0])
    assert curve.precision == pytest.approx([1.0, 0.0])
