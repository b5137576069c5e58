"""Squared distances written as inner products, so that an inner product search can find the nearest vectors.

|q - x|^2 / (s_q s_x), with any positive s of each vector, is minus the inner product of a query and a stored vector of
K + 2 numbers: (2 q, -1, -|q|^2) / s_q and (x, |x|^2, 1) / s_x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
    return np.concatenate([numbers / scale, scale - variance / scale, 1 / scale], axis=1)


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
