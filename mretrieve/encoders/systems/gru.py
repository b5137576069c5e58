"""`gru`: a small bidirectional GRU with attention, the network that learns a user's own labels in a minute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...motion import CANONICAL_FPS
from ...motion.bones import USED_JOINTS
from ..body_sequence import BodySequence, normalised_positions
from ..embedding_network import EmbeddingNetwork, NetworkSettings
from ..layers.attention import SelfAttention
from ..layers.packing import MaskedBatchNorm
from ..layers.recurrent import valid_frames


@dataclass(frozen=True)
class GruSettings(NetworkSettings):
    """Sizes; nothing here is from a paper.

    Attributes:
        view: "heading" sees poses by their own body; "filmed" sees the views that lifted clips come from.
        hidden: units of each direction.
        hops: attention heads.
        embedding: length of the embedding.
        dropout: rate of dropout.
        stride: frames from one step to the next; velocities cover the frames between.
    """

    view: Literal["heading", "filmed"] = "heading"
    hidden: int = 96
    hops: int = 4
    embedding: int = 64
    dropout: float = 0.2
    stride: int = 2

    @property
    def as_filmed(self) -> bool:
        """See NetworkSettings."""
        return self.view == "filmed"


def reversed_in_time(x: Tensor, lengths: Tensor) -> Tensor:
    """A padded batch (B, T, C) with each sequence back to front, its padding still at the end."""
    frames = torch.arange(x.shape[1], device=x.device)
    order = torch.where(frames < lengths[:, None], lengths[:, None] - 1 - frames, frames)
    return x.gather(1, order[..., None].expand(-1, -1, x.shape[2]))


class Gru(EmbeddingNetwork):
    """BiGRU over positions, velocities and root motion, each normalised; attention, one linear layer, L2 norm."""

    settings_class = GruSettings
    settings: GruSettings

    def __init__(self, settings: GruSettings) -> None:
        super().__init__(settings, settings.embedding)
        size = 4 * len(USED_JOINTS) if settings.as_filmed else 6 * len(USED_JOINTS) + 4
        self.norm = MaskedBatchNorm(size)
        self.forwards = nn.GRU(size, settings.hidden, batch_first=True)
        self.backwards = nn.GRU(size, settings.hidden, batch_first=True)
        self.attention = SelfAttention(2 * settings.hidden, 32, settings.hops)
        self.projection = nn.Linear(2 * settings.hidden * settings.hops, settings.embedding)

    def inputs(self, sequence: BodySequence) -> NDArray[np.float32]:
        """See EmbeddingNetwork; metres and metres per second."""
        if self.settings.as_filmed:
            joints = sequence.positions[..., USED_JOINTS, :2]
            parts = [joints, _velocities(joints)]
        else:
            joints = normalised_positions(sequence)
            parts = [joints, _velocities(joints), sequence.rates[..., None]]
        return np.concatenate([part.reshape(*joints.shape[:-2], -1) for part in parts], axis=-1)

    def forward(self, x: Tensor, lengths: Tensor, branches: int = 1) -> Tensor:
        """See EmbeddingNetwork; embeddings have norm 1, and `branches` is not used."""
        pooled = nn.functional.dropout(self.pooled(x, lengths), self.settings.dropout, self.training)
        return nn.functional.normalize(self.projection(pooled), dim=1)

    def pooled(self, x: Tensor, lengths: Tensor) -> Tensor:
        """States (B, 2 H hops), pooled by attention, of sequences (B, T, C) of `lengths` (B,)."""
        x, lengths = x[:, :: self.settings.stride], (lengths - 1) // self.settings.stride + 1
        valid = valid_frames(lengths, x.shape[1])
        x = self.norm(x, valid)
        ahead, _ = self.forwards(x)
        back, _ = self.backwards(reversed_in_time(x, lengths))
        states = torch.cat([ahead, reversed_in_time(back, lengths)], dim=2) * valid[..., None]
        pooled, _ = self.attention(states, lengths)
        return cast(Tensor, pooled)


def _velocities(joints: NDArray[np.float32]) -> NDArray[np.float32]:
    """Velocities (..., T, J, D), m/s, from the frame before: padding behind a sequence changes none of them."""
    velocities = np.zeros_like(joints)
    np.subtract(joints[..., 1:, :, :], joints[..., :-1, :, :], out=velocities[..., 1:, :, :])
    if joints.shape[-3] > 1:
        velocities[..., 0, :, :] = velocities[..., 1, :, :]
    velocities *= np.float32(CANONICAL_FPS)
    return velocities
