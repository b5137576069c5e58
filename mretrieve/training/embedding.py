"""Networks that embed sequences of poses: their recipes, and their training as a task of the loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from ..encoders.embedding_network import NetworkSettings
from ..encoders.learned import LearnedEncoder, Lengths, build_network, encoder_class
from ..errors import MRetrieveError
from ..motion import LabelledClip
from .batches import Augment, Batch, BatchSource, Sampling
from .held_out import clips_hash, held_out_map
from .objectives import Objective
from .system import make_objective
from .task import Recipe

#: A batch, the network's inputs for it (B, T, C), and valid frames (B,).
Drawn = tuple[Batch, Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class EmbeddingRecipe(Recipe):
    """The recipe of an `EmbeddingNetwork`.

    Attributes:
        network: settings of the network.
        objective: the loss, and the make-up of batches.
        sampling: the size of batches.
        augment: augmentation of the sequences.
        lengths: how the trained encoder cuts clips.
    """

    network: NetworkSettings
    objective: Objective
    sampling: Sampling = field(default_factory=Sampling)
    augment: Augment = field(default_factory=Augment)
    lengths: Lengths = field(default_factory=Lengths)

    @property
    def needs_labels(self) -> bool:
        """See Recipe."""
        return self.objective.needs_labels

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """See Recipe; "loss" exchanges the objective.

        Raises:
            MRetrieveError: the loss is unknown, or a setting of the exchanged loss is changed as well.
        """
        others = dict(changes)
        own = self.objective.name
        loss = others.pop("loss", own)
        if loss == own:
            return super().with_changes(others)
        for path in others:
            if path.startswith("objective."):
                setting = path.removeprefix("objective.")
                raise MRetrieveError(f"{setting} is a setting of the loss {own}: leave it out, or the loss {loss}")
        return replace(self, objective=make_objective(loss)).with_changes(others)


class EmbeddingTask:
    """Meets task.Task."""

    score_name = "held-out mAP"

    def __init__(
        self, recipe: EmbeddingRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
    ) -> None:
        """Pack clips and make a network. MRetrieveError if there are too few classes or clips, or no such loss."""
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self._source = BatchSource(clips, recipe.objective, recipe.sampling, recipe.augment, recipe.network.as_filmed)
        self.network = build_network(recipe.architecture, recipe.network)

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> Drawn:
        """See Task."""
        batch = self._source.draw(generator, progress)
        return batch, torch.from_numpy(self.network.inputs(batch.sequence)), torch.from_numpy(batch.lengths)

    def loss(self, batch: Drawn, device: torch.device) -> Tensor:
        """See Task."""
        drawn, inputs, lengths = batch
        embeddings = self.network(inputs.to(device), lengths.to(device), drawn.branches)
        return self.recipe.objective.loss(self.network, embeddings, drawn)

    def score(self) -> float | None:
        """Mean average precision of the held-out clips among each other."""
        return held_out_map(self._encoder(1.0), self._held_out) if self._held_out else None

    def result(self) -> LearnedEncoder:
        """The encoder, with the scale of its distances."""
        embedded = self._encoder(1.0).embed([item.clip for item in self._clips]).astype(np.float64)
        # the mean over all pairs of different clips, from sums
        count = len(embedded)
        total = 2 * (count * (embedded**2).sum() - (embedded.sum(axis=0) ** 2).sum())
        typical = max(float(total / (count * (count - 1))), 1e-6)
        self.network.cpu()
        return self._encoder(typical)

    def report(self, result: LearnedEncoder) -> tuple[str, ...]:
        """See Task."""
        return ()

    def _encoder(self, typical_distance: float) -> LearnedEncoder:
        make = encoder_class(self.recipe.architecture)
        return make(self.recipe.architecture, self.network, typical_distance, self.recipe.lengths)
