"""Fixed-speed alignment: the query laid over a longer motion at one speed, from every start and at every speed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import cheapest_fixed_speed


def fixed_speed_costs(
    query: NDArray[np.float32], frames: NDArray[np.int64], motion: NDArray[np.float32], speeds: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The cheapest fixed-speed alignment from each start.

    Args:
        query: (n, D), the compared frames of the query.
        frames: (n,) their positions in the query, ascending from 0.
        motion: (m, D).
        speeds: (S,) frames of the motion per frame of the query.

    Returns:
        (m,) mean squared distance over the compared frames, infinite if no alignment fits; (m,) its end, exclusive.
    """
    costs = np.float32(-2.0) * (query @ motion.T)
    costs += np.einsum("nd,nd->n", query, query)[:, None]
    costs += np.einsum("md,md->m", motion, motion)
    return cheapest_fixed_speed(costs, frames, speeds)
