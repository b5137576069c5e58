"""Losses over embeddings, each with the batches that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..encoders.embedding_network import EmbeddingNetwork
from .baseline_losses import baseline_loss
from .batches import Batch, Composition, Draw, Sampling, draw_classes, draw_members


class Objective(Composition, Protocol):
    """What a network is trained for. Implementations are frozen dataclasses, whose fields are settings of the loss."""

    @property
    def name(self) -> str:
        """The loss, as `--loss` names it."""
        ...

    @property
    def needs_labels(self) -> bool:
        """Whether clips without a label are of no use to it."""
        ...

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """The loss, a scalar, of embeddings (B, E) of a batch."""
        ...


@dataclass(frozen=True)
class ClassObjective:
    """A loss of `baseline_losses` over 1 + `others` classes, `per_class` sequences each.

    Attributes:
        name: the loss.
    """

    name: str
    needs_labels = True
    least_classes = 2

    def draw(
        self, members: Sequence[NDArray[np.int64]], clips: int, sampling: Sampling, generator: np.random.Generator
    ) -> Draw:
        """See Composition."""
        classes = draw_classes(members, sampling, generator)
        return Draw(draw_members(members, classes, sampling, generator))

    def similarity(
        self,
        positions: NDArray[np.float32],
        rates: NDArray[np.float32],
        lengths: NDArray[np.int64],
        clips: NDArray[np.int64],
    ) -> None:
        """See Composition: classes say what is similar."""

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective. MRetrieveError if the loss is unknown or its library is not installed."""
        return baseline_loss(self.name)(embeddings, torch.from_numpy(batch.labels).to(embeddings.device))
