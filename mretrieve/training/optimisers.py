"""The optimiser of a recipe, and how large its steps are."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .recipe import Optimiser

#: The exponential schedule: the rate is multiplied so, once in so many updates (mmd-nca.md, section 6).
_DECAY, _DECAY_EVERY = 0.96, 50


def optimiser_of(settings: Optimiser, network: nn.Module) -> torch.optim.Optimizer:
    """An optimiser of a network's weights."""
    if settings.kind == "adam":
        return torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, foreach=False
        )
    return torch.optim.SGD(
        network.parameters(), lr=settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
    )


def learning_rate(settings: Optimiser, update: int, done: float) -> float:
    """The learning rate of an update, `done` being the part of the run that is over."""
    if settings.schedule == "exponential":
        return float(settings.learning_rate * _DECAY ** (update // _DECAY_EVERY))
    return float(settings.learning_rate * 0.5 * (1 + np.cos(np.pi * done)))
