"""Smooth curves over time: through keys without overshoot, and seeded wandering that looks the same at any rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def through(t: Floats, times: Sequence[float], values: ArrayLike, slopes: Mapping[int, float] | None = None) -> Floats:
    """A curve that passes through K keys, rests at its first, last and turning keys, and never overshoots.

    `t` (T,) and `times` (K,) rising, in seconds; `values` (K,) or (K, D). `slopes` fixes the slope at some keys (by
    number). Outside the keys the first and last value hold. Monotone cubic of Fritsch and Carlson (1980).
    """
    x, y = np.asarray(times, float), np.asarray(values, float)
    flat = y.reshape(len(y), -1)
    step = np.diff(x)[:, None]
    secant = np.diff(flat, axis=0) / step
    slope = np.zeros_like(flat)
    before, after = secant[:-1], secant[1:]
    same_way = before * after > 0
    near, far = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    slope[1:-1] = np.divide(
        (near + far) * before * after, near * after + far * before, out=np.zeros_like(before), where=same_way
    )
    for key, value in (slopes or {}).items():
        slope[key] = value
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(x) - 2)
    h = step[i]
    u = np.clip((t - x[i])[:, None] / h, 0.0, 1.0)
    curve = flat[i] + u * h * slope[i] + u**2 * (3 * (flat[i + 1] - flat[i]) - h * (2 * slope[i] + slope[i + 1]))
    curve += u**3 * (2 * (flat[i] - flat[i + 1]) + h * (slope[i] + slope[i + 1]))
    return np.asarray(curve).reshape(len(t), *y.shape[1:])


def eased(u: Floats) -> Floats:
    """From 0 to 1 as a reaching limb goes: speed and acceleration are zero at both ends (minimum jerk)."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def bump(u: Floats) -> Floats:
    """0 at u = 0 and u = 1, 1 half-way, as the height of a swinging foot."""
    u = np.clip(u, 0.0, 1.0)
    return 16 * u**2 * (1 - u) ** 2


class Wander:
    """Seeded smooth noise, a function of time: a uniform cubic B-spline through random knots, unit deviation."""

    def __init__(self, rng: np.random.Generator, duration_s: float, size: int, knot_s: float = 0.7) -> None:
        self._knot_s = knot_s
        self._knots = rng.standard_normal((int(duration_s / knot_s) + 5, size))

    def __call__(self, t: Floats) -> Floats:
        """Values (T, size) at the times t (T,) in seconds."""
        u = np.clip(t / self._knot_s, 0.0, len(self._knots) - 4.001)
        i = u.astype(int)
        u = (u - i)[:, None]
        weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
        blended = sum(weight * self._knots[i + n] for n, weight in enumerate(weights))
        return np.asarray(blended) / 6 / 0.7
