"""What the training loop trains: an encoder, or a mapping into the space of one."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from .recipe import Recipe

Result = TypeVar("Result", covariant=True)


class Task(Protocol[Result]):
    """A network, its batches, its loss, and what it becomes."""

    @property
    def recipe(self) -> Recipe: ...
    @property
    def network(self) -> nn.Module: ...

    @property
    def score_name(self) -> str:
        """What `score` measures, in a few words."""
        ...

    @property
    def data_hash(self) -> str:
        """Hash of everything that decides the run besides recipe and seed."""
        ...

    def draw(self, generator: np.random.Generator, progress: float) -> Any:
        """A batch, which depends on the generator alone; `progress` in [0, 1]. Called on a second thread."""
        ...

    def loss(self, batch: Any, device: torch.device) -> Tensor:
        """The loss of a batch of `draw`, a scalar."""
        ...

    def score(self) -> float | None:
        """Quality of the network on clips that it is not trained on, from 0 to 1; None if there are none."""
        ...

    def result(self) -> Result:
        """The trained network as the rest of the engine uses it."""
        ...

    def report(self, result: Any) -> tuple[str, ...]:
        """Lines for the card about a result; empty if there is nothing besides its retrieval of held-out clips."""
        ...
