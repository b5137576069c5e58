"""Methods on protocols: train if there is something to train, compare, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..errors import QueryError
from ..motion import LabelledClip
from .clustering import classical_scaling
from .distances import Distances, encoder_distances
from .report import Compared, EvaluationReport, report
from .task import EvaluationTask, Fold

#: Trains an encoder on labelled clips, from a seed.
Fit = Callable[[Sequence[LabelledClip], int], WindowEncoder]
#: Called with a line about what is being done.
Listener = Callable[[str], None]


@dataclass(frozen=True)
class Method:
    """What is evaluated: distances as they are, or a training that gives an encoder."""

    name: str
    distances: Distances | None = None
    fit: Fit | None = None

    def __post_init__(self) -> None:
        if (self.distances is None) == (self.fit is None):
            raise ValueError("a method has either distances or a training")


def evaluate(task: EvaluationTask, compared: WindowEncoder | Distances, *, k: int = 10) -> EvaluationReport:
    """The figures of one encoder, or of any distances between clips, on one task.

    Precision is taken over the first `k` answers. Needs scikit-learn, for the clusters.
    """
    distances = compared if isinstance(compared, Distances) else encoder_distances(compared)
    return report(distances.name, [[_Comparison(distances).of(task)]], k)


def evaluate_protocol(
    folds: Sequence[Fold], method: Method, *, seeds: int = 1, k: int = 10, progress: Listener = lambda line: None
) -> list[EvaluationReport]:
    """The reports of a method, one for each task of the folds; what is trained, is trained `seeds` times on each fold.

    QueryError where a method needs a training that the protocol does not allow.
    """
    numbers = range(seeds) if method.fit else range(1)
    runs: list[list[list[Compared]]] = []  # by seed, fold and task
    for seed in numbers:
        runs.append([])
        for number, fold in enumerate(folds, start=1):
            about = f"{method.name}, fold {number} of {len(folds)}" + (f", seed {seed}" if method.fit else "")
            comparison = _Comparison(_fitted(method, fold, seed, about, progress))
            progress(f"{about}: comparing")
            runs[-1].append([comparison.of(task) for task in fold.tasks])
    return [
        report(method.name, [[fold[number] for fold in run] for run in runs], k) for number in range(len(runs[0][0]))
    ]


def _fitted(method: Method, fold: Fold, seed: int, about: str, progress: Listener) -> Distances:
    if method.fit is None:
        assert method.distances is not None
        return method.distances
    if not fold.train:
        raise QueryError(
            f"{method.name}: this protocol has nothing to train on; evaluate shipped weights (--as-shipped) or a file"
        )
    progress(f"{about}: training on {len(fold.train)} clips")
    return encoder_distances(method.fit(fold.train, seed))


class _Comparison:
    """Distances on the tasks of one fold; tasks of the same clips are compared once."""

    def __init__(self, distances: Distances) -> None:
        self._distances = distances
        self._tables: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._embeddings: dict[int, NDArray[np.float64]] = {}

    def of(self, task: EvaluationTask) -> Compared:
        """A task with its distances, and its queries in a space of their own."""
        among = id(task.queries)
        if among not in self._embeddings:
            table = self._table(task.queries, task.queries)
            self._embeddings[among] = classical_scaling(table if self._distances.squared else table**2)
        return Compared(task, self._table(task.queries, task.gallery), self._embeddings[among])

    def _table(self, queries: tuple[LabelledClip, ...], gallery: tuple[LabelledClip, ...]) -> NDArray[np.float64]:
        key = (id(queries), id(gallery))
        if key not in self._tables:
            asked = [item.clip for item in queries]
            there = asked if gallery is queries else [item.clip for item in gallery]
            self._tables[key] = self._distances.between(asked, there)
        return self._tables[key]
