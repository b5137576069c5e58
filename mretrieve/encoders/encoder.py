"""What an encoder is to the rest of the engine: vectors of windows, and, of some encoders, features of frames."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip
from ..motion.body_parts import PartWeights


class WindowEncoder(Protocol):
    """Turns windows into vectors that an index stores and that inner products compare.

    Stored vectors and query vectors may differ (a metric that is no plain inner product can be written as one of two
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
class PartEncoder(WindowEncoder, Protocol):
    """An encoder whose queries can weigh the parts of the body."""

    def weighted(self, part_weights: PartWeights) -> WindowEncoder:
        """The same encoder, of the same fingerprint and stored vectors, whose queries weigh the parts like this."""
        ...


def checked_windows(clip: Clip, windows: NDArray[np.integer]) -> NDArray[np.int64]:
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


class StoredEncoder(WindowEncoder, Stored, Protocol):
    """An encoder that a weights file can hold."""


def fingerprint_of(encoder: Stored, *versions: int) -> str:
    """Hash of all that decides an encoder's vectors: architecture, settings, `versions` of its code, and weights."""
    digest = hashlib.sha256(repr((encoder.architecture, encoder.settings(), *versions)).encode())
    for key, value in sorted(encoder.to_tensors().items()):
        digest.update(key.encode() + value.tobytes())
    return digest.hexdigest()
