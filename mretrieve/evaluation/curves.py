"""Precision against recall: of one query, and the mean over queries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .metrics import chances

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
