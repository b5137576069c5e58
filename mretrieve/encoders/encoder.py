"""What an encoder is to the rest of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..motion import Clip


class Encoder(Protocol):
    """Turns windows into vectors that an index stores and that inner products compare.

    Stored vectors and query vectors may differ (a metric that is no plain inner product can be written as one of two
    different vectors): the distance of a query window q to a stored window x is
    `-(as_queries(encode([q]))[0] @ encode([x])[0])`, never below -1e-4, zero for the same window, about 1 for
    unrelated ones.
    """

    name: str  # the registry's name, also the file name of the space in a shard
    fingerprint: str  # hash of weights and preprocessing: vectors of other fingerprints cannot be compared
    dimension: int  # D

    def encode(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        """Vectors (N, D) as an index stores them, one per clip as a whole; clips may differ in length."""
        ...

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
