"""Rank pooling: one vector for a sequence of vectors, which says how they change (Fernando et al. 2016)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Ridge of the regression, relative to the mean square of the features.
_RIDGE = 1e-2


def rank_pooled(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """The vector (F,), of length 1, whose inner product with the mean of the frames so far grows evenly with time.

    Fernando, Gavves, Oramas, Ghodrati, Tuytelaars, "Rank pooling for action recognition" (PAMI 2017): the features up
    to a frame are averaged, and a support vector regression predicts the frame's number from the mean. Here the
    regression is ridge regression, which has a solution in closed form.

    Args:
        features: (T, F), T > 0.
    """
    values = np.asarray(features, np.float64)
    numbers = np.arange(1, len(values) + 1)
    means = np.cumsum(values, axis=0) / numbers[:, None]
    square = means.T @ means / len(means)
    ridge = _RIDGE * np.trace(square) / len(square) + 1e-12
    target = means.T @ (numbers / len(numbers)) / len(means)
    pooled = np.linalg.solve(square + ridge * np.eye(len(square)), target)
    return np.asarray(pooled / max(float(np.linalg.norm(pooled)), 1e-12), np.float32)
