"""`linear-metric`: a linear map of the numbers of `pose-statistics`, learned from labels in seconds.

`pose-statistics` describes a window by 64 numbers for all of it and 128 for its 2-second pieces, and its vectors give
these numbers back. So this metric needs no pass over the motion, and works on any rig. It is fitted by
mretrieve/training/adaptation/linear.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion import Clip
from ..encoder import StoredContent, blended_numbers, numbers_of, query_vectors, scaled_vectors
from ..registry import DEFAULT_ENCODER, load_encoder
from .pose_statistics import PoseStatistics


class LinearMetric:
    """A `WindowEncoder`. The distance is |q - x|^2 / (s_q s_x) of the mapped numbers, with s as in PoseStatistics."""

    architecture = "linear-metric"

    def __init__(
        self, mean: NDArray[np.floating], matrix: NDArray[np.floating], variance: float, name: str | None = None
    ) -> None:
        """
        Args:
            mean: (192,) numbers of the middle of all motions.
            matrix: (192, K), numbers less their mean are multiplied by it from the right.
            variance: mean squared norm of mapped motions, which becomes a distance of about 1 between unrelated ones.
            name: the name of its space in an index; else the architecture's.
        """
        self._default = default_encoder()
        self._mean = np.asarray(mean, np.float32)
        self._matrix = np.asarray(matrix, np.float32)
        self._variance = np.float32(variance)
        self.name = name or self.architecture
        self.dimension = self._matrix.shape[1] + 2
        digest = hashlib.sha256(repr((self.architecture, self.settings())).encode())
        for value in self.to_tensors().values():
            digest.update(value.tobytes())
        self.fingerprint = digest.hexdigest()

    @classmethod
    def from_content(cls, content: StoredContent) -> LinearMetric:
        """See StoredContent. FormatError if tensors and settings do not fit this version."""
        check_default(content.settings)
        mean, matrix = content.tensors["mean"], content.tensors["matrix"]
        count = description_size()
        if mean.shape != (count,) or matrix.ndim != 2 or len(matrix) != count or not matrix.shape[1]:
            raise FormatError(f"a map of {matrix.shape} does not fit the {count} numbers of {DEFAULT_ENCODER}")
        if not np.isfinite(mean).all() or not np.isfinite(matrix).all():
            raise FormatError("a number of the map is not finite; train or copy it again")
        return cls(mean, matrix, float(content.settings["variance"]), content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """The map."""
        return {"matrix": self._matrix, "mean": self._mean}

    def settings(self) -> dict[str, Any]:
        """Everything but the map that decides its vectors, as JSON holds it."""
        return {"variance": float(self._variance), "default": self._default.fingerprint}

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return self.of_default(self._default.encode(clips))

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder. ValueError for a window that is empty or leaves the clip."""
        return self.of_default(self._default.encode_windows(clip, windows))

    def of_default(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (N, D) of the windows whose `pose-statistics` vectors are (N, 196)."""
        return self._stored(np.asarray((descriptions(vectors) - self._mean) @ self._matrix, np.float32))

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return query_vectors(vectors)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return self._stored(blended_numbers(vectors, weights))

    def _stored(self, mapped: NDArray[np.float32]) -> NDArray[np.float32]:
        return scaled_vectors(mapped, np.einsum("nd,nd->n", mapped, mapped), self._variance)


def default_encoder() -> PoseStatistics:
    """The shipped `pose-statistics`, loaded once."""
    encoder = load_encoder(DEFAULT_ENCODER)
    assert isinstance(encoder, PoseStatistics)
    return encoder


def description_size() -> int:
    """Number of numbers in a description: 192."""
    return sum(part.stop - part.start - 2 for part in default_encoder().parts)


def descriptions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The numbers (N, 192) of `pose-statistics` vectors (N, 196): 64 of the whole, 128 of the pieces."""
    return np.concatenate([numbers_of(vectors[:, part]) for part in default_encoder().parts], axis=1)


def check_default(settings: Mapping[str, Any]) -> None:
    """FormatError if a file was fitted on other weights of `pose-statistics` than these."""
    if settings["default"] != default_encoder().fingerprint:
        raise FormatError(f"it was trained on other weights of {DEFAULT_ENCODER} than these; train it again")
