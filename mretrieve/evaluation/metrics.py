"""How good a ranking is: mean average precision, top-1, precision at k, R-precision, nDCG; precision against recall.

Equal distances are in no order: every figure is its mean over all orders of what is tied (McSherry and Najork 2008,
"Computing information retrieval performance measures efficiently in the presence of tied scores"). Without ties, mean
average precision, R-precision and MAP@R are those of pytorch-metric-learning (`mean_average_precision`, `r_precision`,
`mean_average_precision_at_r`), precision at k and nDCG those of scikit-learn (`precision_score`, `ndcg_score`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class RetrievalScores:
    """Means over the queries that have at least one relevant answer; all in [0, 1], NaN if there are none.

    Attributes:
        mean_average_precision: mean of the average precisions.
        top1: part of the queries whose first answer is relevant.
        precision_at_k: relevant part of the first k answers; missing answers count as irrelevant.
        query_count: queries with a relevant answer.
        r_precision: relevant part of the first R answers, R being the number of relevant ones.
        average_precision_at_r: sum of the precisions at the relevant ones of the first R answers, over R.
        ndcg: discounted cumulative gain of the whole ranking, gain 1 / log2(rank + 1), over the best possible.
    """

    mean_average_precision: float
    top1: float
    precision_at_k: float
    query_count: int
    r_precision: float
    average_precision_at_r: float
    ndcg: float


@dataclass(frozen=True, eq=False)
class QueryScores:
    """The same of every query, (Q,) float64 each; NaN for a query without a relevant answer."""

    average_precision: NDArray[np.float64]
    top1: NDArray[np.float64]
    precision_at_k: NDArray[np.float64]
    r_precision: NDArray[np.float64]
    average_precision_at_r: NDArray[np.float64]
    ndcg: NDArray[np.float64]


def cross_group(labels: Sequence[str], groups: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of N items answer which of the same N, (N, N) each: `relevant` (same label) and `allowed` (other group)."""
    label_array, group_array = np.asarray(labels), np.asarray(groups)
    return label_array[:, None] == label_array, group_array[:, None] != group_array


def query_scores(distances: ArrayLike, relevant: ArrayLike, allowed: ArrayLike, k: int = 10) -> QueryScores:
    """Scores of each of Q queries against G items.

    Args:
        distances: (Q, G), smaller is nearer; infinite for an item that is not among a query's answers at all.
        relevant: (Q, G), which items are right.
        allowed: (Q, G), which items compete; the others are left out of a query's ranking.
        k: answers that precision is taken over.

    Raises:
        ValueError: the shapes differ, k is less than 1, or an allowed distance is NaN.
    """
    distance_array = np.asarray(distances, np.float64)
    relevant_array, allowed_array = np.asarray(relevant, bool), np.asarray(allowed, bool)
    if not distance_array.shape == relevant_array.shape == allowed_array.shape or distance_array.ndim != 2:
        raise ValueError(f"shapes differ: {distance_array.shape}, {relevant_array.shape}, {allowed_array.shape}")
    if k < 1:
        raise ValueError(f"k is {k}; give 1 or more")
    if np.isnan(distance_array[allowed_array]).any():
        raise ValueError("a distance is NaN")
    rows = np.full((len(distance_array), 6), np.nan)
    for query in np.flatnonzero((relevant_array & allowed_array).any(axis=1)):
        competing = allowed_array[query]
        rows[query] = _scores_of(distance_array[query, competing], relevant_array[query, competing], k)
    return QueryScores(*rows.T)


def retrieval_scores(distances: ArrayLike, relevant: ArrayLike, allowed: ArrayLike, k: int = 10) -> RetrievalScores:
    """Means over the queries that have a relevant answer; arguments and errors as `query_scores`."""
    scores = query_scores(distances, relevant, allowed, k)
    counted = ~np.isnan(scores.average_precision)
    values = {field.name: getattr(scores, field.name)[counted] for field in fields(scores)}
    means = {name: float(of_queries.mean()) if counted.any() else float("nan") for name, of_queries in values.items()}
    return RetrievalScores(means.pop("average_precision"), query_count=int(counted.sum()), **means)


def average_precision(similarities: ArrayLike, relevant: ArrayLike) -> float:
    """Average precision of one ranking of G answers, (G,) each: larger similarity is nearer; 0 if none is relevant."""
    similarity_array, relevant_array = np.asarray(similarities, np.float64), np.asarray(relevant, bool)
    return _scores_of(-similarity_array, relevant_array, 1)[0] if relevant_array.any() else 0.0


def false_positive_rates(
    distances: ArrayLike,
    relevant: ArrayLike,
    allowed: ArrayLike,
    true_positive_rates: Sequence[float] = (0.9, 0.8, 0.7),
) -> NDArray[np.float64]:
    """Part of the irrelevant pairs at or below the distance that lets a given part of the relevant pairs through.

    All allowed pairs of the (Q, G) arrays are pooled, as Coskun et al. (2018) do; in a tie the rate is interpolated.
    ValueError if there are no relevant or no irrelevant pairs.
    """
    allowed_array = np.asarray(allowed, bool)
    values, hits = np.asarray(distances, np.float64)[allowed_array], np.asarray(relevant, bool)[allowed_array]
    if hits.all() or not hits.any():
        raise ValueError("a rate needs relevant and irrelevant pairs; one kind is missing")
    _, ends, right = tied(values, hits)
    return rates_at(np.cumsum(right) / hits.sum(), (ends - np.cumsum(right)) / (~hits).sum(), true_positive_rates)


def rates_at(
    true_rate: NDArray[np.float64], false_rate: NDArray[np.float64], wanted_rates: Sequence[float]
) -> NDArray[np.float64]:
    """False positive rates where the true positive rate first reaches the wanted ones, linear between the points.

    Both curves (P,) do not fall, end at 1, and begin after the point (0, 0), which is added.
    """
    true_rate, false_rate = np.concatenate([[0.0], true_rate]), np.concatenate([[0.0], false_rate])
    rates = []
    for wanted in wanted_rates:
        end = int(np.searchsorted(true_rate, wanted - 1e-12))  # the first point that reaches the rate
        gained = true_rate[end] - true_rate[end - 1]
        part = (wanted - true_rate[end - 1]) / gained if end and gained > 0 else 1.0
        rates.append(false_rate[max(end - 1, 0)] + part * (false_rate[end] - false_rate[max(end - 1, 0)]))
    return np.asarray(rates)


def tied(
    distances: NDArray[np.float64], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Groups of equal distance, nearest first: where each starts and ends, and how many relevant it holds."""
    _, group, sizes = np.unique(distances, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    right = np.bincount(group.ravel(), weights=relevant, minlength=len(sizes)).astype(np.int64)
    return ends - sizes, ends, right


def chances(distances: NDArray[np.float64], relevant: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Of each rank (G,) of one query: the chance of a relevant answer, and how many of the ranks up to it, itself
    among them, are relevant if it is. Means over all orders of what is tied."""
    starts, ends, right = tied(distances, relevant)
    before = np.cumsum(right) - right
    sizes = ends - starts
    group = np.repeat(np.arange(len(sizes)), sizes)
    # of a tie of t items with r relevant, a rank holds a relevant one with r / t, and then the i ranks of the tie above
    # it hold i (r - 1) / (t - 1) others
    above = (np.arange(len(distances)) - starts[group]) * (right[group] - 1) / np.maximum(sizes[group] - 1, 1)
    chance = right[group] / sizes[group] * np.isfinite(np.sort(distances))  # an infinite distance is not an answer
    return chance, before[group] + 1 + above


def _scores_of(
    distances: NDArray[np.float64], relevant: NDArray[np.bool_], k: int
) -> tuple[float, float, float, float, float, float]:
    """One query's scores in the order of QueryScores."""
    chance, found = chances(distances, relevant)
    ranks = np.arange(1, len(distances) + 1)
    total = int(relevant.sum())
    precisions = chance * found / ranks
    gains = 1 / np.log2(ranks + 1)
    return (
        float(precisions.sum() / total),
        float(chance[0]),
        float(chance[:k].sum() / k),
        float(chance[:total].sum() / total),
        float(precisions[:total].sum() / total),
        float((chance * gains).sum() / gains[:total].sum()),
    )


ELEVEN_POINTS = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Interpolated precision, mean over the queries that have a relevant answer.

    Attributes:
        recall: (P,) rising recalls.
        precision: (P,) precisions.
    """

    recall: NDArray[np.float64]
    precision: NDArray[np.float64]


def precision_recall(
    distances: ArrayLike, relevant: ArrayLike, allowed: ArrayLike, recalls: ArrayLike = ELEVEN_POINTS
) -> PrecisionRecall:
    """The interpolated curve: at recall r, the highest precision at any recall of r or more (Manning et al. 2008, 8.4).

    Arguments (Q, G) as `query_scores`. Among ties, precision and recall are those of their mean count of relevant
    answers. An answer at infinite distance is none: recalls that are never reached have precision 0. With
    `recalls=np.linspace(0, 1, 101)` or finer it is the full curve. NaN where no query has a relevant answer.
    """
    distance_array, wanted = np.asarray(distances, np.float64), np.asarray(recalls, np.float64)
    relevant_array, allowed_array = np.asarray(relevant, bool), np.asarray(allowed, bool)
    curves = []
    for query in np.flatnonzero((relevant_array & allowed_array).any(axis=1)):
        competing = allowed_array[query]
        recall, precision = curve_of(distance_array[query, competing], relevant_array[query, competing])
        best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
        curves.append(best[np.searchsorted(recall, wanted - 1e-12)])
    mean = np.mean(curves, axis=0) if curves else np.full(len(wanted), np.nan)
    return PrecisionRecall(wanted, np.asarray(mean))


def curve_of(
    distances: NDArray[np.float64], relevant: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision (G,) of one query after each of its answers, not interpolated; one or more is relevant."""
    chance, _ = chances(distances, relevant)
    found = np.cumsum(chance)
    return found / relevant.sum(), found / np.arange(1, len(found) + 1)
