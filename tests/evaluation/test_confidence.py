"""Intervals over groups: what they are made of, and that they hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from mretrieve.evaluation import false_positive_rates, mean_interval, rate_intervals
from mretrieve.evaluation.confidence import RESAMPLES


def test_a_mean_is_resampled_by_whole_groups():
    generator = np.random.default_rng(1)
    groups = [f"g{number}" for number in generator.integers(0, 6, 40)]
    values = generator.random(40)
    values[3] = np.nan  # a query without a right answer
    names = sorted({group for group, value in zip(groups, values, strict=True) if not np.isnan(value)})
    means = []
    for counts in np.random.default_rng(0).multinomial(len(names), [1 / len(names)] * len(names), RESAMPLES):
        drawn = [
            values[q]
            for name, count in zip(names, counts, strict=True)
            for q in range(40)
            if groups[q] == name and not np.isnan(values[q])
            for _ in range(count)
        ]
        means.append(np.mean(drawn))
    interval = mean_interval(values, groups)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=1e-9)


def test_one_group_has_no_interval():
    assert np.isnan(mean_interval([0.2, 0.9], ["a", "a"]).low)
    assert np.isnan(rate_intervals([[1, 2]], [[1, 0]], np.ones((1, 2)), ["a"], [0.9])[0].high)


def test_groups_that_agree_leave_no_doubt_and_queries_that_only_repeat_add_no_certainty():
    sure = mean_interval([0.5] * 6, list("aabbcc"))
    assert (sure.low, sure.high) == (0.5, 0.5)
    few, many = mean_interval([0, 1], ["a", "b"]), mean_interval([0] * 50 + [1] * 50, ["a"] * 50 + ["b"] * 50)
    assert (few.low, few.high) == (many.low, many.high) == (0.0, 1.0)


def test_95_percent_of_the_intervals_hold_the_true_mean_where_there_are_groups_enough():
    generator = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        centres = generator.normal(0.7, 0.1, 30)
        values = (centres[:, None] + generator.normal(0, 0.1, (30, 4))).ravel()
        interval = mean_interval(values, np.repeat([f"g{n}" for n in range(30)], 4).tolist())
        held += interval.low <= 0.7 <= interval.high
    assert 0.88 <= held / 200 <= 0.99


def test_a_rates_interval_is_that_of_resampled_queries():
    generator = np.random.default_rng(8)
    relevant = generator.random((24, 30)) < 0.3
    distances = generator.random((24, 30)) - 0.3 * relevant
    allowed = generator.random((24, 30)) < 0.9
    groups = np.repeat(list("abcd"), 6)
    rates = []
    for counts in np.random.default_rng(0).multinomial(4, [0.25] * 4, RESAMPLES)[:300]:
        rows = np.concatenate(
            [np.flatnonzero(groups == g) for g, c in zip("abcd", counts, strict=True) for _ in range(c)]
        )
        rates.append(false_positive_rates(distances[rows], relevant[rows], allowed[rows], [0.9])[0])
    found = rate_intervals(distances, relevant, allowed, groups.tolist(), [0.9])[0]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])), abs=0.02)
