"""The part of a recipe that every training has: how long it lasts and how large its steps are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self


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
