"""The rows of exponential-map text as a matrix, or the line of the first one that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import number_scan
from .exponential_map_layouts import LAYOUTS
from .motion_text import MotionText, printable
from .number_rows import slow_number

_BLANKS = b" \t\v\f"


def read_rows(text: MotionText) -> tuple[int, NDArray[np.float64]]:
    """The number of columns C, a key of LAYOUTS, and the numbers (T, C) float64 of a text of T rows.

    Raises:
        FormatError: a row of another number of columns, or a field that is not one finite number.
    """
    frame_count, columns = _shape(text)
    values = np.empty(frame_count * columns)
    spaced = MotionText(text.path, text.content.replace(b",", b" "), text.size)  # every number where it was
    numbers = np.frombuffer(spaced.content, np.uint8)
    state = np.array([0, 0, 0, -1], np.int64)
    point = ord(".")
    while (status := number_scan.scan_rows(numbers, text.size, point, columns, values, state)) == (
        number_scan.NEEDS_FLOAT
    ):
        position, count = int(state[0]), int(state[1])
        where = f"frame {count // columns + 1}, column {count % columns + 1}"
        values[count], state[0] = slow_number(spaced, position, point, where)
        state[1] = count + 1
    aligned = status == number_scan.DONE and state[1] == values.size and state[3] < 0
    if not aligned or any(text.content.find(blank, 0, text.size) >= 0 for blank in _BLANKS):
        _require_one_number_a_field(text)
    return columns, values.reshape(frame_count, columns)


def _frames(text: MotionText) -> Iterator[tuple[int, int, bytes]]:
    """The number from 1, position and bytes of each line that is not blank."""
    frame = position = 0
    for line in bytes(text.content[: text.size]).splitlines(keepends=True):  # six times as fast as an expression
        if not line.isspace():
            frame += 1
            yield frame, position, line
        position += len(line)


def _shape(text: MotionText) -> tuple[int, int]:
    """The number of rows and of columns, by the commas."""
    frame = columns = 0
    for frame, position, line in _frames(text):
        found = line.count(b",") + 1
        columns = columns or found
        if found != columns:
            raise text.error(
                position, f"frame {frame} has {found} columns, the first {columns}; correct or delete this row"
            )
        if columns not in LAYOUTS:
            known = " or ".join(f"{count} ({layout.name})" for count, layout in LAYOUTS.items())
            raise text.error(position, f"{columns} columns; exponential maps have {known}; correct this row")
    return frame, columns


def _require_one_number_a_field(text: MotionText) -> None:
    for frame, position, line in _frames(text):
        for column, field in enumerate(line.split(b","), start=1):
            if len(field.split()) != 1:
                found = f"{printable(field.strip()[:40])!r} is not one number" if field.strip() else "no number"
                raise text.error(
                    position, f"frame {frame}, column {column}: {found}; correct this value or export the motion again"
                )
