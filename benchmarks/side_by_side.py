"""What the benchmarks of warping share: generated motions, and methods that take turns on the clock."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FEATURES = 66  # 22 joints


def motions(seed: int, lengths: NDArray[np.int64]) -> list[NDArray[np.float32]]:
    """Smooth curves (length, FEATURES) in metres, a new motion each."""
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        rates, phases = rng.uniform(0.3, 2.0, (3, FEATURES)), rng.uniform(0, 2 * np.pi, (3, FEATURES))
        times = np.arange(length)[:, None, None] / 30.0
        made.append((0.2 * np.sin(2 * np.pi * rates * times + phases).sum(axis=1)).astype(np.float32))
    return made


def medians_ms(runs: list[Callable[[], object]], rounds: int, clock: Callable[[], float]) -> list[float]:
    """The median time of each in milliseconds, all of them taking turns; the clock counts seconds."""
    times = np.empty((rounds, len(runs)))
    for run in runs:
        run()
    for turn in range(rounds):
        for index, run in enumerate(runs):
            started = clock()
            run()
            times[turn, index] = (clock() - started) * 1e3
    return [float(median) for median in np.median(times, axis=0)]
