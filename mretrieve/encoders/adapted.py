"""`adapted`: the default encoder and spaces that learned somebody's labels, asked as far as a query resembles those.

A learned space is good at the classes it was shown and ruins others (their differences are what it learned to
overlook). So the distance of a query q is (1 - w(q)) * default + w(q) * learned: w depends on how near q is, in the
default space, to the nearest labelled clip. What resembles none of them is ranked as it always was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion import Clip
from .encoder import StoredContent, StoredEncoder, WindowEncoder, blend_parts, fingerprint_of, mean_weights, places_of
from .statistics.linear_metric import LinearMetric, check_default, default_encoder
from .weights_file import stored_encoder


@dataclass(frozen=True)
class Gate:
    """w(d) = ceiling / (1 + exp((d - threshold) / softness)) at default distance d from the nearest labelled clip.

    Attributes:
        threshold: default distance at which half of the ceiling is reached; about 1 is unrelated.
        ceiling: largest share of the distance that learned spaces have.
        softness: width of the transition.
    """

    threshold: float = 0.25
    ceiling: float = 0.85
    softness: float = 0.03

    def __call__(self, nearest: NDArray[np.floating]) -> NDArray[np.float64]:
        """Part of the learned spaces (N,) for queries that are `nearest` (N,) to a labelled clip."""
        steps = np.clip((np.asarray(nearest, np.float64) - self.threshold) / self.softness, -50, 50)
        return np.asarray(self.ceiling / (1 + np.exp(steps)))


class AdaptedEncoder:
    """A `WindowEncoder`. A vector is the default's and the parts', concatenated; only queries are weighted."""

    architecture = "adapted"

    def __init__(
        self,
        parts: Sequence[tuple[StoredEncoder, float]],
        gate: Gate,
        labelled: NDArray[np.float32],
        name: str | None = None,
    ) -> None:
        """
        Args:
            parts: learned encoders, each with its weight among them; only the ratio of the weights counts.
            gate: how much a query asks of them.
            labelled: (R, 196) `pose-statistics` vectors of labelled clips, R > 0.
            name: the name of its space in an index; else the architecture's.
        """
        self._default = default_encoder()
        self._parts = [encoder for encoder, _ in parts]
        self._weights = mean_weights([weight for _, weight in parts], [encoder.name for encoder in self._parts])
        self.gate = gate
        self._labelled = np.asarray(labelled, np.float32)
        self.name = name or self.architecture
        encoders = [self._default, *self._parts]
        self.dimension = sum(encoder.dimension for encoder in encoders)
        self._slices = places_of(encoders)
        self.fingerprint = fingerprint_of(self)

    @classmethod
    def from_content(cls, content: StoredContent) -> AdaptedEncoder:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        check_default(content.settings)
        labelled = content.tensors["labelled"]
        if labelled.ndim != 2 or not len(labelled) or labelled.shape[1] != default_encoder().dimension:
            raise FormatError(f"its labelled clips are {labelled.shape}; train or copy it again")
        parts: list[tuple[StoredEncoder, float]] = []
        for number, part in enumerate(content.settings["parts"]):
            if part["architecture"] == cls.architecture:
                raise FormatError(f"a part of architecture {cls.architecture!r} cannot be in one; the file is damaged")
            prefix = f"{number}."
            own = {key.removeprefix(prefix): value for key, value in content.tensors.items() if key.startswith(prefix)}
            encoder = stored_encoder(StoredContent(part["architecture"], own, part["settings"], part["name"]))
            parts.append((encoder, float(part["weight"])))
        return cls(parts, Gate(**content.settings["gate"]), labelled, content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """The arrays of all parts, each name behind the part's number, and the labelled clips."""
        tensors = {"labelled": self._labelled}
        for number, encoder in enumerate(self._parts):
            tensors |= {f"{number}.{key}": value for key, value in encoder.to_tensors().items()}
        return tensors

    def settings(self) -> dict[str, Any]:
        """What besides the arrays decides its vectors, as JSON holds it."""
        return {
            "default": self._default.fingerprint,
            "gate": asdict(self.gate),
            "parts": [
                {
                    "architecture": encoder.architecture,
                    "name": encoder.name,
                    "weight": weight,
                    "settings": encoder.settings(),
                }
                for encoder, weight in zip(self._parts, self._weights, strict=True)
            ],
        }

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return self._encode(lambda encoder: encoder.encode(clips))

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        return self._encode(lambda encoder: encoder.encode_windows(clip, windows))

    def _encode(self, encode: Callable[[WindowEncoder], NDArray[np.float32]]) -> NDArray[np.float32]:
        default = encode(self._default)
        learned = [part.of_default(default) if isinstance(part, LinearMetric) else encode(part) for part in self._parts]
        return np.concatenate([default, *learned], axis=1)

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        share = self.learned_share(vectors)[:, None].astype(np.float32)
        default, *learned = self._slices
        queries = np.empty_like(vectors)
        queries[:, default] = (1 - share) * self._default.as_queries(vectors[:, default])
        for encoder, part, weight in zip(self._parts, learned, self._weights, strict=True):
            queries[:, part] = np.float32(weight) * share * encoder.as_queries(vectors[:, part])
        return queries

    def learned_share(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Part (N,) of the distance that the learned spaces have for queries of these vectors (N, D)."""
        return self.gate(nearest_labelled(vectors[:, self._slices[0]], self._labelled))

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return blend_parts([self._default, *self._parts], vectors, weights)


def nearest_labelled(queries: NDArray[np.float32], labelled: NDArray[np.float32]) -> NDArray[np.float32]:
    """Default distance (N,) of queries from the nearest labelled clip: `pose-statistics` vectors (N, 196), (R, 196)."""
    return np.asarray(-(default_encoder().as_queries(queries) @ labelled.T).max(axis=1))
