"""What an encoder is to the rest of the engine: vectors of windows whose inner products are distances, alone or fused.

A squared distance |q - x|^2 / (s_q s_x), with any positive s of each vector, is minus the inner product of a query and
a stored vector of K + 2 numbers: (2 q, -1, -|q|^2) / s_q and (x, |x|^2, 1) / s_x. Every encoder's distance is about 1
between unrelated motions, so distances of several encoders can be averaged; and as a sum of inner products is the inner
product of concatenated vectors, one search serves one space or several.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.clip import CanonicalFrames
from ..motion.view import View

if TYPE_CHECKING:
    import torch


class WindowEncoder(Protocol):
    """Turns windows into vectors that an index stores and that inner products compare.

    Stored vectors and query vectors may differ (a metric that is not a plain inner product can be written as one of two
    different vectors): the distance of a query window q to a stored window x is
    `-(as_queries(encode([q]))[0] @ encode([x])[0])`, never below -1e-4, zero for the same window, about 1 for
    unrelated ones.

    Attributes:
        name: the registry's name, or the name that its weights file was given.
        fingerprint: hash of weights and preprocessing; vectors of different fingerprints cannot be compared.
        dimension: D, the length of its vectors.
    """

    name: str
    fingerprint: str
    dimension: int

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Vectors (N, D) as an index stores them, one per clip as a whole; clips may differ in length."""
        vectors = [self.encode_windows(clip, np.array([[0, clip.frame_count]])) for clip in clips]
        return np.concatenate(vectors) if vectors else np.empty((0, self.dimension), np.float32)

    def encode_windows(self, clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Vectors (W, D) as an index stores them, of windows (W, 2) of one clip: first frame, frame after the last.

        What windows share is computed once. A window sees the clip around it where a rate of change is taken, so it
        may differ a little from the same frames cut out and encoded alone.
        """
        ...

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (N, D) whose inner product with a stored vector is minus their distance, from encoded ones (N, D)."""
        ...

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """Encoded vectors (N, D) of the weighted means of N groups: vectors (N, K, D), weights (N, K) of sum > 0."""
        ...


@runtime_checkable
class FrameEncoder(Protocol):
    """An encoder that also describes single frames, so that two clips can be aligned in its space."""

    def frame_features(self, clip: Clip) -> NDArray[np.float32]:
        """Features (T, F) of the frames of a clip, to be compared by Euclidean distance."""
        ...


@runtime_checkable
class ClipsEncoder(WindowEncoder, Protocol):
    """An encoder that encodes the windows of many clips in less time together than clip by clip."""

    def encode_clips(self, clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float32]]:
        """Vectors (W, D) of the windows (W, 2) of each clip, to the last bit those of `encode_windows`.

        ValueError for a window that is empty or leaves its clip.
        """
        ...


@runtime_checkable
class DeviceEncoder(WindowEncoder, Protocol):
    """An encoder that can run on a GPU, where it encodes the windows of many clips together."""

    def on_device(self, device: torch.device) -> DeviceEncoder:
        """A copy of it on a device, of the same name and fingerprint."""
        ...

    def encode_all(self, clips: Sequence[Clip], windows: Sequence[NDArray[np.integer]]) -> list[NDArray[np.float32]]:
        """Vectors (W, D) of the windows (W, 2) of each clip, as `encode_windows` gives them but for rounding errors.

        ValueError for a window that is empty or leaves its clip.
        """
        ...


class ViewEncoder(Protocol):
    """Turns views into vectors that inner products compare, as those of a `WindowEncoder`."""

    name: str
    fingerprint: str
    dimension: int

    def encode(self, views: Sequence[View]) -> NDArray[np.float32]:
        """Vectors (N, D) as they are stored, one per view as a whole; views may differ in length."""
        ...

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        ...

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        ...


class ViewFrameEncoder(Protocol):
    """Turns each frame of a view into a vector; two views are compared by warping, by the cosines of their vectors."""

    name: str
    fingerprint: str
    dimension: int

    def frame_vectors(self, view: View) -> NDArray[np.float32]:
        """Vectors (T, D) of the frames of a view."""
        ...


@runtime_checkable
class PartEncoder(WindowEncoder, Protocol):
    """An encoder whose queries can weigh the parts of the body."""

    def weighted(self, part_weights: PartWeights) -> WindowEncoder:
        """The same encoder, of the same fingerprint and stored vectors, whose queries weigh the parts like this."""
        ...


def checked_windows(clip: CanonicalFrames, windows: NDArray[np.integer]) -> NDArray[np.int64]:
    """The windows (W, 2) of a clip; ValueError for one that is empty or leaves the clip."""
    windows = np.asarray(windows, np.int64).reshape(-1, 2)
    if (windows < 0).any() or (windows > clip.frame_count).any() or (windows[:, 0] >= windows[:, 1]).any():
        raise ValueError(f"windows are empty or leave the clip's {clip.frame_count} frames")
    return windows


class Stored(Protocol):
    """What a weights file can hold.

    Attributes:
        name: what it calls itself.
        fingerprint: hash of weights and preprocessing.
        architecture: name of its `EncoderSpec`.
    """

    name: str
    fingerprint: str
    architecture: str

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All arrays by name."""
        ...

    def settings(self) -> dict[str, Any]:
        """Everything else that decides its vectors, as JSON holds it."""
        ...


@dataclass(frozen=True, eq=False)
class StoredContent:
    """The content of a weights file, from which `from_content` of a class restores an encoder or a mapper.

    Attributes:
        architecture: name of its `EncoderSpec`.
        tensors: all arrays by name, as `to_tensors` gave them.
        settings: everything else that decides its vectors, as `settings` gave it.
        name: its own name; None for the default of its class.
    """

    architecture: str
    tensors: Mapping[str, NDArray[Any]]
    settings: Mapping[str, Any]
    name: str | None = None


class StoredEncoder(WindowEncoder, Stored, Protocol):
    """An encoder that a weights file can hold."""


def fingerprint_of(encoder: Stored, *versions: int) -> str:
    """Hash of all that decides an encoder's vectors: architecture, settings, `versions` of its code, and weights."""
    digest = hashlib.sha256(repr((encoder.architecture, encoder.settings(), *versions)).encode())
    for key, value in sorted(encoder.to_tensors().items()):
        digest.update(key.encode() + value.tobytes())
    return digest.hexdigest()


def stored_vectors(numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stored vectors (N, K + 2) of numbers (N, K), with s = 1."""
    squares = np.einsum("nd,nd->n", numbers, numbers)[:, None]
    return np.concatenate([numbers, squares, np.ones_like(squares)], axis=1)


def scaled_vectors(
    numbers: NDArray[np.float32], squares: NDArray[np.float32], variance: float | np.float32
) -> NDArray[np.float32]:
    """Stored vectors (N, K + 2) of numbers (N, K) whose sums of squares are `squares` (N,), s^2 = |x|^2 + variance.

    With the mean squared norm of motions as the variance, s says how far a motion is from motions in general: one that
    is unlike everything is a little nearer to everything.
    """
    scale = np.sqrt(squares + variance)[:, None]
    return np.concatenate([numbers / scale, scale - variance / scale, 1 / scale], axis=1, dtype=np.float32)


def query_vectors(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    """Query vectors (N, K + 2) of the same windows as stored vectors (N, K + 2)."""
    return np.concatenate([2 * stored[:, :-2], -stored[:, -1:], -stored[:, -2:-1]], axis=1)


def numbers_of(stored: NDArray[np.float32]) -> NDArray[np.float32]:
    """The numbers (..., K) that stored vectors (..., K + 2) were made of."""
    return np.asarray(stored[..., :-2] / stored[..., -1:])


def blended_numbers(stored: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Weighted means (N, K) of the numbers of stored vectors (N, G, K + 2), by weights (N, G) of sum > 0."""
    shares = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return np.asarray(np.einsum("nk,nkd->nd", shares, numbers_of(stored)), np.float32)


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
