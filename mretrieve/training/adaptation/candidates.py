"""The spaces that are learned from labels: linear metrics, and the networks whose spec has an adaptation budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...encoders.catalogue import trainable_specs
from ...encoders.encoder import StoredEncoder
from ...encoders.spec import AdaptationBudget
from ...motion import LabelledClip
from ..loop import TrainingProgress, train
from ..system import training_module
from ..task import Recipe
from .linear import fit_lda, fit_nca

LINEAR = {"lda": "linear metric (LDA)", "nca": "linear metric (NCA)"}


@dataclass(frozen=True, eq=False)
class LabelledDescriptions:
    """Labelled clips with the input of linear metrics.

    Attributes:
        clips: N clips.
        described: (C, N, 192) descriptions of the clips and their copies.
    """

    clips: Sequence[LabelledClip]
    described: NDArray[np.float64]


def network_budgets() -> dict[str, AdaptationBudget]:
    """The networks that are tried, by name; those that need least time first."""
    found = {name: training.adaptation for name, training in trainable_specs().items() if training.adaptation}
    return dict(sorted(found.items(), key=lambda item: item[1].least_minutes))


def space_titles() -> dict[str, str]:
    """All spaces by name, in plain words."""
    return LINEAR | {name: budget.title for name, budget in network_budgets().items()}


def candidates() -> tuple[tuple[str, ...], ...]:
    """Each space alone, then sums of distances: LDA with every set of networks, NCA with the quickest network."""
    networks = list(network_budgets())
    sums = [("lda", *some) for count in range(1, len(networks) + 1) for some in combinations(networks, count)]
    sums += [("nca", name) for name in networks[:1]]
    return (*((name,) for name in space_titles()), *sums)


def fit_space(
    space: str,
    labelled: LabelledDescriptions,
    *,
    minutes: float,
    seed: int,
    update_fraction: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> StoredEncoder:
    """An encoder of one space; a network stops after that fraction of its recipe's updates, or after `minutes`."""
    labels = [item.label for item in labelled.clips]
    if space == "lda":
        return fit_lda(labelled.described, labels)
    if space == "nca":
        return fit_nca(labelled.described, labels, seed)

    def report(now: TrainingProgress) -> None:
        if progress is not None and now.update % 100 == 0:
            progress(f"{space}: update {now.update}, loss {now.loss:.2f}, at most {now.left_s:.0f} s left")

    recipe: Recipe = training_module(space).adaptation_recipe([item.clip for item in labelled.clips])
    recipe = replace(recipe, updates=max(1, round(update_fraction * recipe.updates)))
    encoder: StoredEncoder = train(recipe, labelled.clips, seed=seed, minutes=minutes, progress=report).encoder
    encoder.name = space
    return encoder
