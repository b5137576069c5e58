"""Names, ratios and numbers as text and JSON show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_DISPLAY = {"spine1": "lower back", "spine2": "back", "spine3": "chest"}


def display_name(name: str) -> str:
    """A part or joint in words: `left arm`, `lower back`."""
    return _DISPLAY.get(name, name.replace("_", " "))


def without_side(name: str) -> str:
    """A joint in words without its side: `wrist`."""
    return display_name(name.removeprefix("left_").removeprefix("right_"))


def pace(speed: float) -> str:
    """A ratio of speeds in words."""
    if abs(speed - 1) < 0.03:
        return "at the same speed"
    return f"at {speed:.2f} times the speed"


def rounded(value: float | None, digits: int) -> float | None:
    """The value rounded to this many digits; None for None and NaN."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def rounded_list(values: NDArray[np.floating], digits: int) -> list[float | None]:
    """Values (n,) as a list of `rounded` numbers."""
    return [rounded(value, digits) for value in values.astype(np.float64).tolist()]
