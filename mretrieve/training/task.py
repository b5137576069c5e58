"""What the training loop trains, and the part of a recipe that every training has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

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


@dataclass(frozen=True)
class Optimiser:
    """Steps, and how large they are.

    Attributes:
        kind: stochastic gradient descent with momentum, or Adam.
        learning_rate: the first one.
        schedule: "exponential" multiplies it by .96 every 50 updates; "cosine" takes it to 0 over the run.
        momentum: of "sgd".
        largest_gradient: global norm to which gradients are clipped.
        weight_decay: decay of the weights.
        averaging: share of the running average of the weights that remains at each update; 0 keeps no average.
    """

    kind: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1e-4
    schedule: Literal["exponential", "cosine"] = "exponential"
    momentum: float = 0.9
    largest_gradient: float = 25.0
    weight_decay: float = 0.0
    averaging: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides a training but data and seed: what the loop needs; a system's recipe adds its settings.

    Attributes:
        architecture: name of the `EncoderSpec` that is trained.
        optimiser: the optimiser's settings.
        updates: number of training steps.
        validate_every: updates between two validations.
        patience: number of validations without improvement after which training stops; 0 never stops it.
    """

    architecture: str
    optimiser: Optimiser = field(default_factory=Optimiser)
    updates: int = 5000
    validate_every: int = 100
    patience: int = 0

    @property
    def needs_labels(self) -> bool:
        """Whether clips without a label cannot be trained on."""
        return False

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """The recipe with other values of some fields, by name: {"updates": 100, "network.hidden": 64}."""
        recipe = self
        for path, value in changes.items():
            recipe = _replaced(recipe, path.split("."), value)
        return recipe

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON holds them."""
        content: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return content


def _replaced(settings: Any, path: list[str], value: Any) -> Any:
    name, *inner = path
    return replace(settings, **{name: _replaced(getattr(settings, name), inner, value) if inner else value})
