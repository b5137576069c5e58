"""The optimiser of a recipe, its learning rate, and the running average of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .task import Optimiser

#: The exponential schedule (mmd-nca.md, section 6): the rate is multiplied by _DECAY every _DECAY_EVERY updates.
_DECAY, _DECAY_EVERY = 0.96, 50


def make_optimiser(settings: Optimiser, network: nn.Module) -> torch.optim.Optimizer:
    """An optimiser of a network's weights."""
    if settings.kind == "adam":
        return torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay, foreach=False
        )
    return torch.optim.SGD(
        network.parameters(), lr=settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
    )


def learning_rate(settings: Optimiser, update: int, done: float) -> float:
    """The learning rate of an update; `done` in [0, 1] is the part of the run that is over."""
    if settings.schedule == "exponential":
        return float(settings.learning_rate * _DECAY ** (update // _DECAY_EVERY))
    return float(settings.learning_rate * 0.5 * (1 + np.cos(np.pi * done)))


class RunningAverage:
    """The average of weights and batch norm statistics over the last updates, which is better than any of them."""

    def __init__(self, network: nn.Module, kept: float) -> None:
        """`kept`: share of the average that remains at each update; 0 keeps no average, only the last weights."""
        self._network = network
        averaged = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]
        self._average = AveragedModel(network, multi_avg_fn=averaged, use_buffers=True) if kept else None

    def update(self) -> None:
        """Take in the network's present weights."""
        if self._average is not None:
            self._average.update_parameters(self._network)

    def take_over(self) -> None:
        """Give the network the average for good."""
        if self._average is not None:
            self._network.load_state_dict(self._average.module.state_dict())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Within the context the network has the average; afterwards its own weights again."""
        own = copied(self._network)
        self.take_over()
        try:
            yield
        finally:
            self._network.load_state_dict(own)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint must hold of it."""
        return {} if self._average is None else self._average.state_dict()

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore what `tensors` gave."""
        if self._average is not None:
            self._average.load_state_dict(tensors)


def copied(network: nn.Module) -> dict[str, Tensor]:
    """A copy of a network's weights and statistics on the CPU."""
    return {key: value.detach().to("cpu", copy=True) for key, value in network.state_dict().items()}
