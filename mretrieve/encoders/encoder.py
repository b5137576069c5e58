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
    `-(as_queries(encode([q]))[0] @ encode([x])[0])`, never below -1e-4, zero for the same window.
    """

    name: str  # the registry's name, also the file name of the space in a shard
    fingerprint: str  # hash of weights and preprocessing: vectors of other fingerprints cannot be compared
    dimension: int  # D

    def encode(self, windows: Sequence[Clip]) -> NDArray[np.float32]:
        """Vectors (N, D) as an index stores them, one per window; windows may differ in length."""
        ...

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (N, D) whose inner product with a stored vector is minus their distance, from encoded ones (N, D)."""
        ...
