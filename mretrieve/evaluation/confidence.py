"""How far a figure may be off because other performers, styles or recordings could have been asked.

Queries of one group are no independent draws, so whole groups are drawn: the percentile bootstrap over groups (Efron
and Tibshirani 1993, chapter 13), seeded. It needs several groups: with one, there is no interval; with five performers
it is a rough one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metrics import rates_at

RESAMPLES = 2000
LEVEL = 0.95
#: Number of distances between which pairs are counted; each lets through the same number of relevant pairs more.
_BINS = 4096


@dataclass(frozen=True)
class Interval:
    """Interval of a figure with a probability of 95 %; NaN if there are fewer than two groups."""

    low: float
    high: float


NO_INTERVAL = Interval(float("nan"), float("nan"))


def mean_interval(values: ArrayLike, groups: Sequence[str]) -> Interval:
    """Of the mean of values (Q,) over the queries of all groups; NaN among the values are left out."""
    array = np.asarray(values, np.float64)
    known = np.flatnonzero(~np.isnan(array))
    _, members = np.unique(np.asarray(groups, str)[known], return_inverse=True)
    draws = _draws(int(members.max(initial=-1)) + 1)
    if draws is None:
        return NO_INTERVAL
    sums = np.bincount(members, weights=array[known])
    return _between((draws @ sums) / (draws @ np.bincount(members)))


def rate_intervals(
    distances: ArrayLike,
    relevant: ArrayLike,
    allowed: ArrayLike,
    groups: Sequence[str],
    true_positive_rates: Sequence[float],
) -> list[Interval]:
    """Of the false positive rates of `false_positive_rates` (same arguments), by the groups (Q,) of the queries.

    Distances between pairs are told apart at 4096 places, evenly spread over the relevant pairs: a rate is exact to
    about 1 / 4096.
    """
    distance_array, allowed_array = np.asarray(distances, np.float64), np.asarray(allowed, bool)
    hits = np.asarray(relevant, bool) & allowed_array
    misses = allowed_array & ~hits
    names, members = np.unique(np.asarray(groups), return_inverse=True)
    draws = _draws(len(names))
    if draws is None or not hits.any() or not misses.any():
        return [NO_INTERVAL for _ in true_positive_rates]
    edges = np.unique(np.quantile(distance_array[hits], np.linspace(0, 1, _BINS), method="higher"))
    shape = (len(names), len(edges) + 1)

    def counted(pairs: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Of each resample, how many of the pairs lie at or below each edge: (R, edges + 1)."""
        rows, columns = np.nonzero(pairs)
        cells = members.ravel()[rows] * shape[1] + np.searchsorted(edges, distance_array[rows, columns])
        table = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
        return np.asarray(np.cumsum(draws @ table, axis=1))

    true_count, false_count = counted(hits), counted(misses)
    some = (true_count[:, -1] > 0) & (false_count[:, -1] > 0)
    rates = np.array(
        [
            rates_at(true / true[-1], false / false[-1], true_positive_rates)
            for true, false in zip(true_count[some], false_count[some], strict=True)
        ]
    )
    return [_between(column) for column in rates.T]


def _draws(group_count: int) -> NDArray[np.float64] | None:
    """How often each group is in each resample, (RESAMPLES, groups); None if there is nothing to resample."""
    if group_count < 2:
        return None
    generator = np.random.default_rng(0)
    return generator.multinomial(group_count, np.full(group_count, 1 / group_count), RESAMPLES).astype(np.float64)


def _between(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
