"""What a network must offer so that `LearnedEncoder` can encode with it and a training can train it; its settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import FormatError
from .body_sequence import BodySequence

#: No width, depth or number of classes of ours comes near it; a damaged file could ask for any.
LARGEST = 8192

S = TypeVar("S")


@dataclass(frozen=True)
class NetworkSettings:
    """Base of the settings of a network, whose fields all have defaults: see `checked_settings`."""

    @property
    def as_filmed(self) -> bool:
        """Whether it looks at the views that clips were lifted from, instead of at poses by their own body."""
        return False

    @property
    def depth(self) -> int:
        """Number of layers; a file with fewer tensors than that cannot hold the network."""
        return 1


def checked_settings(settings_class: type[S], given: Mapping[str, Any]) -> S:
    """Settings of a dataclass whose fields all have defaults: each of the default's type.

    Whole numbers are from 0 to LARGEST, others from 0 to 1.

    Raises:
        FormatError: one is unknown, of another type, or out of range.
    """
    if not isinstance(given, Mapping):
        raise FormatError("its settings are no table; the file is damaged")
    known: dict[str, Any] = {field.name: field.default for field in fields(settings_class)}  # type: ignore[arg-type]
    choices = {name: get_args(hint) for name, hint in get_type_hints(settings_class).items()}
    for name, value in given.items():
        if name not in known:
            raise FormatError(f"a setting {name!r} is not known; a newer mretrieve wrote it, or the file is damaged")
        kind = type(known[name])
        fits = type(value) is kind or (kind is float and type(value) is int)
        if fits and choices[name]:
            fits = value in choices[name]
        elif fits and kind in (int, float):
            fits = 0 <= value <= (LARGEST if kind is int else 1)
        if not fits:
            raise FormatError(f"its setting {name} is {str(value)[:40]!r}, which cannot be; the file is damaged")
    return settings_class(**given)


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
