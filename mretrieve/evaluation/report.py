"""The figures of a method on a task: means over seeds, and how far they may be off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .clustering import ClusterScores, cluster_scores
from .confidence import NO_INTERVAL, Interval, mean_interval, rate_intervals
from .distances import retrieved_errors_mm
from .metrics import PrecisionRecall, QueryScores, false_positive_rates, precision_recall, query_scores
from .task import EvaluationTask

TRUE_POSITIVE_RATES = (0.95, 0.90, 0.85, 0.80, 0.75, 0.70)
#: Recalls at which the curve is drawn and written.
RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True)
class Figure:
    """One number of a report.

    Attributes:
        mean: over seeds.
        deviation: sample standard deviation over seeds; NaN with one.
        interval: confidence interval over groups of queries.
    """

    mean: float
    deviation: float
    interval: Interval


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """A method's figures on a task.

    Attributes:
        method: name of the method.
        task: name of the task.
        k: number of answers of precision at k.
        seeds: number of trainings.
        query_count: queries with a relevant answer.
        gallery_count: clips of the gallery.
        group_count: groups among these queries.
        figures: the fields of QueryScores, fpr95 ... fpr70, nmi, f1 and dtw_error_mm, by name.
        curve: mean over seeds.
        embedding: (Q, E) coordinates of the queries of the first seed and fold, see `clustering`.
        labels: (Q,) their labels.
    """

    method: str
    task: str
    k: int
    seeds: int
    query_count: int
    gallery_count: int
    group_count: int
    figures: Mapping[str, Figure]
    curve: PrecisionRecall
    embedding: NDArray[np.float64]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compared:
    """A task with the distances of a method.

    Attributes:
        task: the task.
        distances: (Q, G).
        embedding: (Q, E) of `clustering.classical_scaling`.
    """

    task: EvaluationTask
    distances: NDArray[np.float64]
    embedding: NDArray[np.float64]


def report(method: str, runs: Sequence[Sequence[Compared]], k: int = 10) -> EvaluationReport:
    """One report of a task that was run with several seeds, each in one or more folds: runs[seed][fold].

    Queries of all folds count alike. Pairs of all folds are pooled for false positive rates, as they are: an encoder's
    distances are scaled so that unrelated motions are about 1 apart. Clusters are found in each fold alone. Intervals
    are over groups of queries: of figures that are means over queries, after their mean over seeds; of false positive
    rates, the mean of the seeds' intervals; there are none of clusters.
    """
    tasks = [compared.task for compared in runs[0]]
    groups = [query.group for task in tasks for query in task.queries]
    by_seed = [_query_values(run, k) for run in runs]
    answerable = ~np.isnan(by_seed[0]["average_precision"])
    pooled = [_Pooled.of(run) for run in runs]
    curves = [precision_recall(p.distances, p.relevant, p.allowed, RECALLS).precision for p in pooled]
    first = runs[0][0]
    return EvaluationReport(
        method=method,
        task=first.task.name,
        k=k,
        seeds=len(runs),
        query_count=int(answerable.sum()),
        gallery_count=len({item.path for task in tasks for item in task.gallery}),
        group_count=len({groups[index] for index in np.flatnonzero(answerable)}),
        figures=_query_figures(by_seed, groups) | _rate_figures(pooled, groups) | _cluster_figures(runs),
        curve=PrecisionRecall(RECALLS, np.asarray(np.mean(curves, axis=0))),
        embedding=first.embedding,
        labels=tuple(query.label for query in first.task.queries),
    )


def _query_figures(by_seed: Sequence[Mapping[str, NDArray[np.float64]]], groups: Sequence[str]) -> dict[str, Figure]:
    """Figures that are means over queries."""
    figures = {}
    for key in by_seed[0]:
        seeds = np.stack([values[key] for values in by_seed])
        known = ~np.isnan(seeds[0])
        interval = mean_interval(seeds.mean(axis=0), groups)
        figures[key] = _figure([float(row[known].mean()) if known.any() else np.nan for row in seeds], interval)
    return figures


def _rate_figures(pooled: Sequence[_Pooled], groups: Sequence[str]) -> dict[str, Figure]:
    """False positive rates."""
    figures = {}
    rates = [_false_positive_rates(tables, groups) for tables in pooled]
    for number, rate in enumerate(TRUE_POSITIVE_RATES):
        low, high = (float(np.mean([getattr(each[number][1], end) for each in rates])) for end in ("low", "high"))
        figures[f"fpr{100 * rate:.0f}"] = _figure([each[number][0] for each in rates], Interval(low, high))
    return figures


def _cluster_figures(runs: Sequence[Sequence[Compared]]) -> dict[str, Figure]:
    """Agreement of clusters and classes."""
    scores = [[cluster_scores(c.embedding, [q.label for q in c.task.queries]) for c in run] for run in runs]
    return {
        field.name: _figure([float(np.mean([getattr(score, field.name) for score in run])) for run in scores])
        for field in fields(ClusterScores)
    }


def _query_values(run: Sequence[Compared], k: int) -> dict[str, NDArray[np.float64]]:
    """Values of each query, the folds' queries one after another."""
    scores = [query_scores(c.distances, c.task.relevant, c.task.allowed, k) for c in run]
    values = {
        field.name: np.concatenate([getattr(fold, field.name) for fold in scores]) for field in fields(QueryScores)
    }
    return {**values, "dtw_error_mm": np.concatenate([retrieved_errors_mm(c.task, c.distances) for c in run])}


@dataclass(frozen=True, eq=False)
class _Pooled:
    """The folds' tables (Q_f, G_f), stacked, and padded on the right with pairs that are not allowed."""

    distances: NDArray[np.float64]
    relevant: NDArray[np.bool_]
    allowed: NDArray[np.bool_]

    @classmethod
    def of(cls, run: Sequence[Compared]) -> _Pooled:
        shape = (sum(len(c.task.queries) for c in run), max(len(c.task.gallery) for c in run))
        pooled = cls(np.full(shape, np.inf), np.zeros(shape, bool), np.zeros(shape, bool))
        first = 0
        for compared in run:
            queries, gallery = compared.distances.shape
            part = (slice(first, first + queries), slice(gallery))
            pooled.distances[part] = compared.distances
            pooled.relevant[part], pooled.allowed[part] = compared.task.relevant, compared.task.allowed
            first += queries
        return pooled


def _false_positive_rates(pooled: _Pooled, groups: Sequence[str]) -> list[tuple[float, Interval]]:
    """Rate and interval at each of TRUE_POSITIVE_RATES; NaN if one kind of pairs is missing."""
    tables = (pooled.distances, pooled.relevant, pooled.allowed)
    if not (pooled.relevant & pooled.allowed).any() or not (~pooled.relevant & pooled.allowed).any():
        return [(float("nan"), NO_INTERVAL) for _ in TRUE_POSITIVE_RATES]
    rates = false_positive_rates(*tables, TRUE_POSITIVE_RATES)
    return list(zip(rates.tolist(), rate_intervals(*tables, groups, TRUE_POSITIVE_RATES), strict=True))


def _figure(values: Sequence[float], interval: Interval = NO_INTERVAL) -> Figure:
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Figure(float(np.mean(values)), deviation, interval)
