"""Evaluation tasks: which clips are compared, which answers are right, and which clips may be trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion import LabelledClip


@dataclass(frozen=True, eq=False)
class EvaluationTask:
    """Queries against a gallery. Tasks that share tuples of clips share the work of comparing them.

    Attributes:
        name: the condition, such as "clean" or "cross-subject".
        queries: Q clips.
        gallery: G clips.
        relevant: (Q, G) right answers.
        allowed: (Q, G) answers that count; a query's own clip never does.
    """

    name: str
    queries: tuple[LabelledClip, ...]
    gallery: tuple[LabelledClip, ...]
    relevant: NDArray[np.bool_]
    allowed: NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = (len(self.queries), len(self.gallery))
        if self.relevant.shape != shape or self.allowed.shape != shape:
            raise ValueError(f"{shape[0]} queries and {shape[1]} clips, but {self.relevant.shape} relevant")

    @classmethod
    def of(
        cls, name: str, queries: Sequence[LabelledClip], gallery: Sequence[LabelledClip] | None = None
    ) -> EvaluationTask:
        """Clips with a query's label are right, those of its group do not count; queries are the default gallery."""
        asked = tuple(queries)
        answers = asked if gallery is None else tuple(gallery)
        relevant, same_group = (
            np.array([getattr(query, key) for query in asked])[:, None] == np.array([getattr(c, key) for c in answers])
            for key in ("label", "group")
        )
        return cls(name, asked, answers, relevant, ~same_group)


@dataclass(frozen=True, eq=False)
class Fold:
    """A training split, and the tasks for what is trained on it.

    Attributes:
        train: the clips to train on; empty if nothing may be trained.
        tasks: the tasks.
    """

    train: tuple[LabelledClip, ...]
    tasks: tuple[EvaluationTask, ...]


@dataclass(frozen=True)
class Protocol:
    """A named evaluation with a pinned split.

    Attributes:
        name: its name.
        about: one line about what is compared.
        needs: data that must be in the data folder.
        folds: reads the data folder; every fold has the same tasks in the same order.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    folds: Callable[[Path], tuple[Fold, ...]]
