"""An encoder as a task of the training loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..encoders.learned import LearnedEncoder, build_network
from ..encoders.systems.deephums import DeepHumsSettings
from ..motion import LabelledClip
from .batches import Batch, BatchSource
from .held_out import clips_hash, held_out_map
from .objectives import Objective, objective_of
from .recipe import Recipe

Drawn = tuple[Batch, Tensor, Tensor]  # the batch, what the network sees of it (B, T, C), and valid frames (B,)


class EncoderTask:
    """Meets task.Task."""

    def __init__(self, recipe: Recipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]) -> None:
        """Pack clips and make a network. MRetrieveError where there are too few classes or clips, or no such loss."""
        camera = getattr(recipe.network, "view", "heading") == "camera"
        self._source = BatchSource(clips, recipe.sampling, recipe.augment, camera)
        if recipe.class_weight and isinstance(recipe.network, DeepHumsSettings):
            recipe = replace(recipe, network=replace(recipe.network, classes=len(self._source.classes)))
        self.recipe = recipe
        self._clips, self._held_out = clips, held_out
        self.network = build_network(recipe.architecture, recipe.network)
        self._objective: Objective = objective_of(recipe)

    @cached_property
    def data_hash(self) -> str:
        """See Task."""
        return clips_hash([*self._clips, *self._held_out])

    def draw(self, generator: np.random.Generator, progress: float) -> Drawn:
        """See Task."""
        batch = self._source.draw(generator, progress)
        inputs = torch.from_numpy(self.network.inputs(batch.sequence))
        return batch, inputs, torch.from_numpy(batch.lengths)

    def loss(self, batch: Drawn, device: torch.device) -> Tensor:
        """See Task."""
        drawn, inputs, lengths = batch
        embeddings = self.network(inputs.to(device), lengths.to(device), drawn.branches)
        return self._objective(self.network, embeddings, drawn)

    def score(self) -> float | None:
        """How well held-out clips find each other: their mean average precision."""
        return held_out_map(self._encoder(1.0), self._held_out) if self._held_out else None

    def made(self) -> LearnedEncoder:
        """The encoder, with the scale of its distances."""
        embedded = self._encoder(1.0).embed([item.clip for item in self._clips]).astype(np.float64)
        # the mean over all pairs of different clips, from sums
        count = len(embedded)
        total = 2 * (count * (embedded**2).sum() - (embedded.sum(axis=0) ** 2).sum())
        typical = max(float(total / (count * (count - 1))), 1e-6)
        self.network.cpu()
        return self._encoder(typical)

    def _encoder(self, typical_distance: float) -> LearnedEncoder:
        return LearnedEncoder(self.recipe.architecture, self.network, typical_distance, self.recipe.lengths)
