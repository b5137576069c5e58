"""`mmd-nca`: a layer-normalised BiLSTM with self-attention (Coskun et al. 2018, sections 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...motion.bone_rotations import swing_rotations
from ...motion.bones import BONES
from ..body_sequence import BodySequence, bone_directions, normalised_positions
from ..embedding_network import EmbeddingNetwork, NetworkSettings
from ..layers.attention import SelfAttention, mean_over_time
from ..layers.packing import MaskedBatchNorm
from ..layers.recurrent import LayerNormLSTM, valid_frames

#: Half the width of a uniform distribution of standard deviation .001.
SMALL = 0.001 * 3**0.5

_LEFT, _UP, _DOWN, _AHEAD = (1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1)
_RIGHT = (-1, 0, 0)
#: Of BONES: hips and shoulders, and pelvis to neck.
_ACROSS, _UPWARDS = ((0, 1), (11, 12)), (2, 9)
#: Where each of BONES points at rest (arms stretched out sideways), in the torso's frame.
_REST = np.array(
    [
        _LEFT, _RIGHT, _UP, _DOWN, _DOWN, _DOWN, _DOWN, _AHEAD, _AHEAD, _UP, _UP, _LEFT, _RIGHT, _LEFT, _RIGHT, _LEFT,
        _RIGHT,
    ],
    np.float32,
)  # fmt: skip


@dataclass(frozen=True)
class MmdNcaSettings(NetworkSettings):
    """The network of section 6; the last two are its ablations.

    Attributes:
        inputs: what it sees of a pose.
        root_motion: add velocity and turning of the root, which the paper's torso-aligned poses lack.
        hidden: units of each direction of the LSTM.
        attention_hidden: units of the attention's hidden layer.
        fully_connected: units of the hidden fully connected layers.
        embedding: length of the embedding.
        dropout: rate of dropout.
        attention: False averages over time instead.
        layer_norm: False makes it a plain LSTM.
    """

    inputs: Literal["rotations", "positions", "both"] = "both"
    root_motion: bool = True
    hidden: int = 128
    attention_hidden: int = 10
    fully_connected: int = 320
    embedding: int = 128
    dropout: float = 0.5
    attention: bool = True
    layer_norm: bool = True


class MmdNca(EmbeddingNetwork):
    """{LN-BiLSTM, dropout, BN, attention, FC, dropout, BN, FC, BN, FC, BN, L2 norm}; ReLU after all FC but the last."""

    settings_class = MmdNcaSettings
    settings: MmdNcaSettings

    def __init__(self, settings: MmdNcaSettings) -> None:
        super().__init__(settings, settings.embedding)
        width = 2 * settings.hidden
        self.lstm = LayerNormLSTM(_input_size(settings), settings.hidden, settings.layer_norm)
        self.state_norm = MaskedBatchNorm(width)
        self.attention = SelfAttention(width, settings.attention_hidden) if settings.attention else None
        sizes = (width, settings.fully_connected, settings.fully_connected, settings.embedding)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes[1:])
        for layer in self.layers:
            _initialise(layer)

    def inputs(self, sequence: BodySequence) -> NDArray[np.float32]:
        """See EmbeddingNetwork."""
        return mmd_nca_inputs(sequence, self.settings)

    def forward(self, x: Tensor, lengths: Tensor, branches: int = 1) -> Tensor:
        """Embeddings (B, E) of norm 1 of sequences (B, T, C) of `lengths` (B,).

        Rows are `branches` runs of equal length, branch after branch; all get the same dropout masks (section 6).
        """
        return self._with_attention(x, lengths, branches)[0]

    def frame_weights(self, x: Tensor, lengths: Tensor) -> Tensor:
        """See EmbeddingNetwork."""
        return self._with_attention(x, lengths)[1]

    def _with_attention(self, x: Tensor, lengths: Tensor, branches: int = 1) -> tuple[Tensor, Tensor]:
        """Embeddings (B, E) and how much each frame counted in them (B, T); without attention, all the same."""
        valid = valid_frames(lengths, x.shape[1])
        states = self.state_norm(self._dropped(self.lstm(x, lengths), branches), valid)
        if self.attention is None:
            hidden = mean_over_time(states, lengths)
            weights = valid / lengths[:, None]
        else:
            hidden, hops = self.attention(states, lengths)
            weights = hops.mean(dim=1)
        hidden = self.norms[0](self._dropped(torch.relu(self.layers[0](hidden)), branches))
        hidden = self.norms[1](torch.relu(self.layers[1](hidden)))
        return nn.functional.normalize(self.norms[2](self.layers[2](hidden)), dim=1), weights

    def _dropped(self, x: Tensor, branches: int) -> Tensor:
        rate = self.settings.dropout
        if not self.training or not rate:
            return x
        mask = nn.functional.dropout(torch.ones_like(x[: len(x) // branches]), rate)
        return x * mask.repeat(branches, *(1,) * (x.dim() - 1))


def mmd_nca_inputs(sequence: BodySequence, settings: MmdNcaSettings) -> NDArray[np.float32]:
    """Torso-aligned exponential maps and positions, by what the settings ask for: (..., T, C)."""
    leading = sequence.positions.shape[:-2]
    parts: list[NDArray[np.float32]] = []
    if settings.inputs != "positions":
        bones = bone_directions(sequence)
        turns = swing_rotations(bones.reshape(-1, len(BONES), 3), _REST, _ACROSS, _UPWARDS)
        parts.append(turns.reshape(*leading, -1))
    if settings.inputs != "rotations":
        parts.append(normalised_positions(sequence)[..., 1:, :].reshape(*leading, -1))
    if settings.root_motion:
        parts.append(sequence.rates)
    return np.concatenate(parts, axis=-1)


def _input_size(settings: MmdNcaSettings) -> int:
    each = 3 * len(BONES)
    return each * (2 if settings.inputs == "both" else 1) + 4 * settings.root_motion


def _initialise(layer: nn.Module) -> None:
    """Square matrices orthogonal, others uniform with standard deviation .001 (section 6).

    Batch norm behind each of them makes the scale of a matrix immaterial to what it gives, but not to what is
    learned: a matrix of a thousandth has a thousand times the gradient, relative to itself a million times, which is
    what makes the paper's learning rate of 1e-4 a large one.
    """
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.bias)
    if layer.in_features == layer.out_features:
        nn.init.orthogonal_(layer.weight)
    else:
        nn.init.uniform_(layer.weight, -SMALL, SMALL)
