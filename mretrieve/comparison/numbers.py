"""Numbers as the JSON contracts hold them: rounded, and null for what was not observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rounded(value: float | None, digits: int) -> float | None:
    """The value to so many digits; None for None and NaN."""
    return None if value is None or not np.isfinite(value) else round(float(value), digits)


def listed(values: NDArray[np.floating], digits: int) -> list[float | None]:
    """Values (n,) as a list of `rounded` numbers."""
    return [rounded(value, digits) for value in values.astype(np.float64).tolist()]
