"""What the training loop trains: an encoder, or what maps into one's space."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .recipe import Optimiser

Made = TypeVar("Made", covariant=True)


class Plan(Protocol):
    """What the loop itself must know of a recipe."""

    @property
    def updates(self) -> int: ...
    @property
    def validate_every(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def optimiser(self) -> Optimiser: ...
    def to_json(self) -> dict[str, Any]: ...


class Task(Protocol[Made]):
    """What is trained: batches, what is minimised on them, and what the network becomes."""

    @property
    def recipe(self) -> Plan: ...
    @property
    def network(self) -> nn.Module: ...

    @property
    def data_hash(self) -> str:
        """Hash of all that decides the run besides recipe and seed."""
        ...

    def draw(self, generator: np.random.Generator, progress: float) -> Any:
        """A batch, by the generator alone; `progress` in [0, 1] is how far the run is. Called on a thread beside."""
        ...

    def loss(self, batch: Any, device: torch.device) -> Tensor:
        """What is minimised, of a batch of `draw`."""
        ...

    def score(self) -> float | None:
        """How good the network is now, from 0 to 1, on what it is not trained on; None where there is no such thing."""
        ...

    def made(self) -> Made:
        """What the trained network is for the rest of the engine."""
        ...
