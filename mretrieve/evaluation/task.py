"""What is asked of a method: which clips are compared with which, which are right, and what it may learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion import LabelledClip


@dataclass(frozen=True, eq=False)
class EvaluationTask:
    """Queries against a gallery. Tasks that share tuples of clips share the work of comparing them."""

    name: str  # what is special about it: "clean", "cross-subject"
    queries: tuple[LabelledClip, ...]  # Q
    gallery: tuple[LabelledClip, ...]  # G
    relevant: NDArray[np.bool_]  # (Q, G), which answers are right
    allowed: NDArray[np.bool_]  # (Q, G), which answers count at all: never a query's own clip

    def __post_init__(self) -> None:
        shape = (len(self.queries), len(self.gallery))
        if self.relevant.shape != shape or self.allowed.shape != shape:
            raise ValueError(f"{shape[0]} queries and {shape[1]} clips, but {self.relevant.shape} relevant")

    @classmethod
    def of(
        cls, name: str, queries: Sequence[LabelledClip], gallery: Sequence[LabelledClip] | None = None
    ) -> EvaluationTask:
        """Right is what has the query's label; what has its group does not count. No gallery: the queries are it."""
        asked = tuple(queries)
        there = asked if gallery is None else tuple(gallery)
        relevant, same_group = (
            np.array([getattr(query, key) for query in asked])[:, None] == np.array([getattr(c, key) for c in there])
            for key in ("label", "group")
        )
        return cls(name, asked, there, relevant, ~same_group)


@dataclass(frozen=True, eq=False)
class Fold:
    """A training split, and the tasks that what was trained on it is asked."""

    train: tuple[LabelledClip, ...]  # empty where nothing may be trained
    tasks: tuple[EvaluationTask, ...]


@dataclass(frozen=True)
class Protocol:
    """A named evaluation with a pinned split."""

    name: str
    about: str  # one line: what is compared with what
    needs: tuple[str, ...]  # what must lie under the data folder
    folds: Callable[[Path], tuple[Fold, ...]]  # reads the data folder; every fold has the same tasks in the same order
