"""All numbers of a text, whatever its lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import scan_rows
from ..kernels.scan_results import DONE, TOO_MANY
from .motion_text import MotionText, slow_number


def read_numbers(text: MotionText, where: str = "a number") -> NDArray[np.float64]:
    """The numbers (N,) of a text that holds nothing else, separated by white space.

    Raises:
        FormatError: a token that is not a finite number; the message begins with `where`.
    """
    content = np.frombuffer(text.content, np.uint8)
    values = np.empty((text.size + 1) // 2)  # a number and its separator take two bytes
    state = np.array([0, 0, 0, -1], np.int64)
    while (status := scan_rows(content, text.size, ord("."), 1, values, state)) != DONE:
        assert status != TOO_MANY
        values[state[1]], state[0] = slow_number(text, int(state[0]), ord("."), where)
        state[1] += 1
    return values[: state[1]].copy()
