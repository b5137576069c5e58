"""Structured self-attention (Lin et al. 2017) as MMD-NCA uses it: several weighted means over time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .recurrent import valid_frames


class SelfAttention(nn.Module):
    """Scores of each frame and the means of the hidden states by them (mmd-nca.md, eq. 16).

    Equation 16 prints a = -log softmax(r). That is largest for the frame of the smallest r, not bounded, and not the
    attention of Lin et al., "from whose implementation it is derived"; with E = A S it would make the embedding grow
    with the number of frames. So a = softmax(r) over the valid frames, as there; padding has weight 0. The paper prints
    W_s1 as 200 x 10 and W_s2 as 10 x 1; Lin et al. have 10 hops, and FC(320) after them. `hops` = 1 is the printed one.
    """

    def __init__(self, width: int, hidden: int = 10, hops: int = 1) -> None:
        """Width of the hidden states, of the scores' hidden layer, and how many weighted means are taken."""
        super().__init__()
        self.first = nn.Linear(width, hidden, bias=False)
        self.second = nn.Linear(hidden, hops, bias=False)
        for layer in (self.first, self.second):
            nn.init.uniform_(layer.weight, -1 / math.sqrt(width), 1 / math.sqrt(width))

    def forward(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The means (B, hops * width) of states (B, T, width), and the weights (B, hops, T) of sum 1 over time."""
        scores = self.second(torch.tanh(self.first(states)))  # (B, T, hops)
        scores = scores.masked_fill(~valid_frames(lengths, states.shape[1])[..., None], -torch.inf)
        weights = torch.softmax(scores, dim=1).transpose(1, 2)
        return torch.bmm(weights, states).flatten(1), weights


def mean_over_time(states: Tensor, lengths: Tensor) -> Tensor:
    """The mean (B, width) of states (B, T, width) that are zero at padding: what stands in for attention without it."""
    return states.sum(dim=1) / lengths[:, None]
