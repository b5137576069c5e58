"""The frames of an AMC file as a matrix."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from .amc_lines import AmcFrame, AmcLines
from .amc_scan import layout_of, scan_frames
from .motion_text import MotionText, decode
from .number_rows import decimal_mark, slow_number
from .number_scan import NEEDS_FLOAT

#: Column of each (bone, degree of freedom).
Columns = dict[tuple[str, str], int]

_TOKEN = re.compile(rb"\S++")


def read_frames(
    text: MotionText, start: int, dofs: dict[str, tuple[str, ...]], skeleton: str
) -> tuple[NDArray[np.float64], Columns]:
    """Rows (T, N) of the frames from byte `start` to the end, and the column of every (bone, degree of freedom).

    `dofs` are the degrees of freedom of each bone of the skeleton, `skeleton` its file name for messages. The bones of
    a frame may be in any order; frames in the order of the first one are read in one compiled pass.

    Raises:
        FormatError: no frames, a frame that does not fit the skeleton or the one before it, or a value that is not
            a finite number; the message names line, frame and bone.
    """
    lines = AmcLines(text, dofs, skeleton)
    first = next(lines.frames(start), None)
    if first is None:
        raise text.error(text.size, "the motion has zero frames; export a take with motion")
    layout = list(first.bones)
    columns: Columns = {}
    column_ends = []
    for name in layout:
        bone = decode(name)
        columns.update({(bone, dof): len(columns) + place for place, dof in enumerate(dofs[bone])})
        column_ends.append(len(columns))

    mark = decimal_mark(text, start)
    rows, position = _scan(text, start, mark, first, np.array(column_ends, np.int64))
    if position == text.size:
        return rows, columns
    rest = [_row(text, frame, layout, mark) for frame in lines.frames(position, first.number + len(rows))]
    return np.concatenate([rows, np.array(rest).reshape(-1, len(columns))]), columns


def _scan(
    text: MotionText, start: int, mark: int, first: AmcFrame, column_ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], int]:
    """The rows up to the first frame that does not follow the layout of `first`, and its position or the text's end."""
    layout = list(first.bones)
    smallest_frame = sum(map(len, layout)) + len(layout) + 2 * int(column_ends[-1]) + 2  # bytes
    values = np.empty(((text.size - start) // smallest_frame + 1, column_ends[-1]))
    names = layout_of(layout)
    numbers = np.frombuffer(text.content, np.uint8)
    state = np.array([start, 0, -1, 0, 0, first.number - 1, start], np.int64)
    while scan_frames(numbers, text.size, mark, names, column_ends, values, state) == NEEDS_FLOAT:
        position, frame, bone, column = state[:4].tolist()
        where = f"frame {first.number + frame}, bone {decode(layout[bone])!r}"
        values[frame, column], state[0] = slow_number(text, position, mark, where)
        state[3] = column + 1
    return values[: state[1]], int(state[6])


def _row(text: MotionText, frame: AmcFrame, layout: list[bytes], mark: int) -> list[float]:
    return [
        slow_number(text, token.start(), mark, f"frame {frame.number}, bone {decode(name)!r}")[0]
        for name in layout
        for token in _TOKEN.finditer(text.content, *frame.bones[name])
    ]
