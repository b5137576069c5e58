"""What a network must offer so that `LearnedEncoder` can encode with it and a training can train it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from .body_sequence import BodySequence
from .network_settings import NetworkSettings


class EmbeddingNetwork(nn.Module):
    """A network that embeds sequences of poses; called without arguments but its settings.

    Attributes:
        settings_class: the dataclass of its settings.
        settings: what it was made with.
        dimension: E, the length of an embedding.
    """

    settings_class: ClassVar[type[NetworkSettings]]

    def __init__(self, settings: NetworkSettings, dimension: int) -> None:
        super().__init__()
        self.settings = settings
        self.dimension = dimension

    def inputs(self, sequence: BodySequence) -> NDArray[np.float32]:
        """Inputs (..., T, C) float32 of the network, from a sequence (..., T)."""
        raise NotImplementedError

    def forward(self, x: Tensor, lengths: Tensor, branches: int = 1) -> Tensor:
        """Embeddings (B, E) of sequences (B, T, C) of `lengths` (B,), in `branches` runs of equal length."""
        raise NotImplementedError

    def frame_weights(self, x: Tensor, lengths: Tensor) -> Tensor | None:
        """How much each frame counts in the embeddings (B, T), of sum 1; None for a network without attention."""
        return None
