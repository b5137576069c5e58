"""Losses over embeddings, each with the batches that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..encoders.embedding_network import EmbeddingNetwork
from .baseline_losses import baseline_loss
from .batches import Batch, Composition


class Objective(Composition):
    """What a network is trained for. Subclasses are frozen dataclasses, whose fields are settings of the loss.

    Attributes:
        name: the loss, as `--loss` names it.
    """

    name: str

    @property
    def needs_labels(self) -> bool:
        """Whether clips without a label are of no use to it."""
        return True

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """The loss, a scalar, of embeddings (B, E) of a batch."""
        raise NotImplementedError


@dataclass(frozen=True)
class ClassObjective(Objective):
    """A loss of `baseline_losses`.

    Attributes:
        name: the loss.
    """

    name: str

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective. MRetrieveError if the loss is unknown or its library is not installed."""
        return baseline_loss(self.name)(embeddings, torch.from_numpy(batch.labels).to(embeddings.device))
