"""Evaluation tasks: which clips are compared, which answers are right, and how queries are perturbed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip, LabelledClip
from ..motion.augmentation import change_speed, lose_joints, other_body
from ..motion.bones import USED_JOINTS


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


LOST_JOINTS = 4  # of the 17 below the pelvis that every rig has in the same place
LIMB_SCALE = 0.2
JOINT_OFFSET_M = 0.015


@dataclass(frozen=True)
class Perturbation:
    """A random change of a clip.

    Attributes:
        name: what is changed.
        change: returns the changed clip.
    """

    name: str
    change: Callable[[Clip, np.random.Generator], Clip]

    def __call__(self, items: Sequence[LabelledClip]) -> tuple[LabelledClip, ...]:
        """The items, each perturbed in its own way; the same items always in the same way."""
        generator = np.random.default_rng(0)
        return tuple(replace(item, clip=self.change(item.clip, generator)) for item in items)


def drop_joints(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip without 4 random joints in all frames; the pelvis always stays."""
    return lose_joints(clip, generator.choice(USED_JOINTS[1:], LOST_JOINTS, replace=False))


def other_rig(clip: Clip, generator: np.random.Generator) -> Clip:
    """The clip on a body whose bones are .8 to 1.2 times as long, its joints displaced by 15 mm (RMS)."""
    return other_body(clip, generator, LIMB_SCALE, JOINT_OFFSET_M)


PERTURBATIONS = (
    Perturbation("clean", lambda clip, _: clip),
    Perturbation("20 % of the joints missing", drop_joints),
    Perturbation("half speed", lambda clip, _: change_speed(clip, 0.5)),
    Perturbation("double speed", lambda clip, _: change_speed(clip, 2.0)),
    Perturbation("other rig", other_rig),
)
