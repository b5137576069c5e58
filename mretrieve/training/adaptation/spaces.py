"""The spaces that can be learned from labels, and what each is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...encoders.encoder import StoredEncoder
from ...motion import Clip, LabelledClip
from .linear import fit_lda, fit_nca

if TYPE_CHECKING:
    from ..recipe import Recipe

#: What a space is called, and in plain words.
SPACES: dict[str, str] = {
    "lda": "linear metric (LDA)",
    "nca": "linear metric (NCA)",
    "gru": "recurrent network (GRU, supervised contrast)",
    "mmd-nca": "MMD-NCA network",
}
_LONGEST_FLAT = 60  # frames of a sequence; every frame is looked at
#: Updates that a small network makes for few clips, and one more for each clip, up to its recipe's.
_FEWEST_UPDATES = 300
LINEAR = ("lda", "nca")
#: What is tried: each space alone, then sums of their distances.
CANDIDATES: tuple[tuple[str, ...], ...] = (
    ("lda",),
    ("nca",),
    ("gru",),
    ("mmd-nca",),
    ("lda", "gru"),
    ("nca", "gru"),
    ("lda", "mmd-nca"),
    ("lda", "gru", "mmd-nca"),
)


@dataclass(frozen=True, eq=False)
class Lesson:
    """Labelled clips with what linear metrics need of them."""

    clips: Sequence[LabelledClip]
    described: NDArray[np.float64]  # (C, N, 192)


def learn(
    space: str,
    lesson: Lesson,
    *,
    minutes: float,
    seed: int,
    thoroughness: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> StoredEncoder:
    """An encoder of one of SPACES; a network ends after that part of its recipe's updates, or after `minutes`."""
    labels = [item.label for item in lesson.clips]
    if space == "lda":
        return fit_lda(lesson.described, labels)
    if space == "nca":
        return fit_nca(lesson.described, labels, seed)
    from ..loop import Progress, train  # torch

    def told(state: Progress) -> None:
        if progress is not None and state.update % 100 == 0:
            progress(f"{space}: update {state.update}, loss {state.loss:.2f}, {state.left_s:.0f} s left at most")

    recipe = network_recipe(space, [item.clip for item in lesson.clips])
    recipe = replace(recipe, updates=max(1, round(thoroughness * recipe.updates)))
    trained = train(recipe, lesson.clips, seed=seed, minutes=minutes, progress=told)
    trained.encoder.name = space
    return trained.encoder


def network_recipe(space: str, clips: Sequence[Clip]) -> Recipe:
    """How a network is trained on a user's clips: the small one briefly on few; flat ones as the camera saw them."""
    from ...encoders.systems.gru import GruSettings
    from ..recipe import default_recipe

    recipe = default_recipe(space)
    network = recipe.network
    if not isinstance(network, GruSettings):
        return recipe
    recipe = replace(recipe, updates=min(recipe.updates, _FEWEST_UPDATES + len(clips)))
    if not all(is_flat(clip) for clip in clips):
        return recipe
    return replace(
        recipe,
        network=replace(network, view="camera", stride=1),
        sampling=replace(recipe.sampling, longest=min(recipe.sampling.longest, _LONGEST_FLAT)),
    )


def is_flat(clip: Clip) -> bool:
    """Whether all joints are at one depth all the time: poses found in a video, not in space."""
    low, high = clip.positions.min(axis=(0, 1)), clip.positions.max(axis=(0, 1))
    return bool(high[2] - low[2] <= 1e-4 * max(float((high - low)[:2].max()), 1e-9))
