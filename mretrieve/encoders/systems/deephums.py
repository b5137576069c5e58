"""`deephums`: IndRNN layers over joint positions and their motion field (Battan, Venkat, Sharma 2020, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ...motion.bones import USED_JOINTS
from ..body_sequence import BodySequence, motion_field, normalised_positions
from ..embedding_network import EmbeddingNetwork, NetworkSettings
from ..layers.packing import Packing
from ..layers.recurrent import IndRNN

#: Displacements of a frame are centimetres, positions decimetres: brought to one size.
_FIELD_SCALE = 10.0


@dataclass(frozen=True)
class DeepHumsSettings(NetworkSettings):
    """The network: section 4.5 gives the size of the embedding, the IndRNN paper the rest.

    Attributes:
        layers: number of IndRNN layers.
        hidden: units of each layer but the last.
        embedding: length of the embedding, units of the last layer.
        longest_frames: frames of the longest sequence, for the constraint on recurrent weights.
        dropout: rate of dropout.
        classes: outputs of the cross-entropy head (supervised set-up); 0 for none.
    """

    layers: int = 4
    hidden: int = 512
    embedding: int = 512
    longest_frames: int = 600
    dropout: float = 0.1
    classes: int = 0

    @property
    def depth(self) -> int:
        """See NetworkSettings."""
        return self.layers


class DeepHums(EmbeddingNetwork):
    """IndRNN layers, each with batch norm behind it; the embedding is the state of the last frame."""

    settings_class = DeepHumsSettings
    settings: DeepHumsSettings

    def __init__(self, settings: DeepHumsSettings) -> None:
        super().__init__(settings, settings.embedding)
        sizes = [6 * len(USED_JOINTS) - 6 + 4, *[settings.hidden] * (settings.layers - 1), settings.embedding]
        self.layers = nn.ModuleList(
            IndRNN(a, b, settings.longest_frames, keeps_long=number == settings.layers - 1)
            for number, (a, b) in enumerate(pairwise(sizes))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:-1])
        self.last_norm = nn.BatchNorm1d(settings.embedding)
        self.head = nn.Linear(settings.embedding, settings.classes) if settings.classes else None

    def inputs(self, sequence: BodySequence) -> NDArray[np.float32]:
        """Joint positions on bones of one length, their motion field, and the root's motion: (..., T, C) float32."""
        positions = normalised_positions(sequence)[..., 1:, :]
        field = motion_field(positions) * _FIELD_SCALE
        leading = positions.shape[:-2]
        return np.concatenate([positions.reshape(*leading, -1), field.reshape(*leading, -1), sequence.rates], axis=-1)

    def forward(self, x: Tensor, lengths: Tensor, branches: int = 1) -> Tensor:
        """See EmbeddingNetwork; `branches` is not used."""
        packing = Packing(lengths, x.shape[1])
        rows = packing.rows(x)
        for layer, norm in zip(self.layers, self.norms, strict=False):
            rows = nn.functional.dropout(norm(layer(rows, packing)), self.settings.dropout, self.training)
        last = packing.last(self.layers[-1](rows, packing))
        return nn.functional.normalize(self.last_norm(last), dim=1)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Class scores (B, classes) of embeddings (B, E) for the cross-entropy of equation 2."""
        assert self.head is not None
        scores: Tensor = self.head(embeddings * self.settings.embedding**0.5)
        return scores
