"""Several encoders as one: the distance is the weighted mean of theirs.

Every encoder's distance is about 1 between unrelated motions, so that means of them have a meaning. A distance is minus
an inner product, and a sum of inner products is one of vectors side by side: what searches one space searches several.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..motion import Clip
from .encoder import WindowEncoder


class FusedEncoder:
    """A `WindowEncoder`. A vector is the parts' vectors, concatenated; only queries are weighted."""

    def __init__(self, parts: Sequence[tuple[WindowEncoder, float]]) -> None:
        """Join encoders, each with the weight of its distance; only the ratio of the weights counts.

        Raises:
            QueryError: there is no part, or the weights are none.
        """
        if not parts:
            raise QueryError("a fusion needs at least one encoder")
        encoders = [encoder for encoder, _ in parts]
        self.name = ",".join(encoder.name for encoder in encoders)
        self.weights = mean_weights([weight for _, weight in parts], [encoder.name for encoder in encoders])
        self.dimension = sum(encoder.dimension for encoder in encoders)
        known = [(encoder.fingerprint, weight) for encoder, weight in zip(encoders, self.weights, strict=True)]
        self.fingerprint = hashlib.sha256(repr(known).encode()).hexdigest()
        self._encoders = encoders
        self._slices = places_of(encoders)

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return np.concatenate([encoder.encode(clips) for encoder in self._encoders], axis=1)

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return np.concatenate([encoder.encode_windows(clip, windows) for encoder in self._encoders], axis=1)

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        queries = np.empty_like(vectors)
        for encoder, part, weight in zip(self._encoders, self._slices, self.weights, strict=True):
            queries[:, part] = np.float32(weight) * encoder.as_queries(vectors[:, part])
        return queries

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return blend_parts(self._encoders, vectors, weights)


def places_of(encoders: Sequence[WindowEncoder]) -> list[slice]:
    """Where each encoder's vectors lie in those of all, side by side."""
    ends = np.cumsum([encoder.dimension for encoder in encoders]).tolist()
    return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def blend_parts(
    encoders: Sequence[WindowEncoder], vectors: NDArray[np.float32], weights: NDArray[np.floating]
) -> NDArray[np.float32]:
    """See WindowEncoder.blend: of vectors (N, K, D) side by side, each part by its own encoder."""
    places = places_of(encoders)
    parts = [encoder.blend(vectors[..., part], weights) for encoder, part in zip(encoders, places, strict=True)]
    return np.concatenate(parts, axis=1)


def mean_weights(weights: Sequence[float], names: Sequence[str]) -> tuple[float, ...]:
    """Weights of the named encoders that sum to 1.

    Raises:
        QueryError: they are not as many as the encoders, not finite, below 0, or all 0.
    """
    listed = ", ".join(f"{weight:g}" for weight in weights) or "none"
    if len(weights) != len(names):
        raise QueryError(f"weights {listed}: {len(names)} are needed, one for each of {', '.join(names)}")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not 0 < sum(weights) < math.inf:
        raise QueryError(f"weights {listed}: they must be numbers from 0 on, and one of them above 0")
    return tuple(weight / sum(weights) for weight in weights)


def encoder_names(encoder: str | Sequence[str]) -> tuple[str, ...]:
    """The names and files in "a,b", or in a list of such; a file whose own name has a comma is taken as one.

    Raises:
        QueryError: there is none, an empty one, or one twice.
    """
    given = [encoder] if isinstance(encoder, str) else list(encoder)
    names = [name.strip() for text in given for name in ([text] if Path(text).is_file() else text.split(","))]
    if not names or not all(names):
        raise QueryError(
            f"encoder {','.join(given)!r}: a name is empty; give them as in pose-statistics,./mine.safetensors"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise QueryError(f"encoder {','.join(given)!r}: {twice} is there twice; name each once")
    return tuple(names)
