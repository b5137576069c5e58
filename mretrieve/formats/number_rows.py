"""The numbers of a motion block as a matrix, or the line and frame of the first one that is wrong."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from . import number_scan
from .motion_text import MotionText, printable

_LINE = re.compile(rb"[^\r\n]++")
_TOKEN = re.compile(rb"\S++")
_NUMBER = re.compile(rb"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+")


def number(token: bytes) -> float | None:
    """The value of a decimal number with '.' or ',' as its mark; None for anything else, NaN and infinity included."""
    if b"." not in token:
        token = token.replace(b",", b".")
    if len(token) > 400 or not _NUMBER.fullmatch(token):
        return None
    value = float(token)
    return value if math.isfinite(value) else None


def read_rows(text: MotionText, start: int, frame_count: int, row_length: int, claimed_at: int) -> NDArray[np.float64]:
    """`frame_count` rows of `row_length` numbers from the byte `start` to the end of the text, as (T, C) float64.

    A frame may be wrapped over lines and a line may hold several frames, but no line may hold the end of one frame and
    a part of the next: there a value is lost or too many. `claimed_at` is the position of the frame count in the text.

    Raises:
        FormatError: more or fewer numbers than declared, a token that is not a finite number or beyond LARGEST_VALUE.
    """
    total = frame_count * row_length
    if total > (text.size - start + 1) // 2:  # a number and its separator take two bytes: no memory on a false claim
        raise _count_error(text, start, frame_count, row_length, claimed_at)
    numbers = np.frombuffer(text.content, np.uint8)
    values = np.empty(total)
    state = np.array([start, 0, 0, -1], np.int64)
    mark = ord(".")
    while (status := number_scan.scan_rows(numbers, text.size, mark, row_length, values, state)) != number_scan.DONE:
        position, count = int(state[0]), int(state[1])
        if status == number_scan.TOO_MANY:
            raise _count_error(text, start, frame_count, row_length, claimed_at)
        if mark == ord(".") and b"," in _token(text, position).group():
            mark = ord(",")  # from the start again: points are now refused, as they might part thousands
            state[:] = start, 0, 0, -1
            continue
        values[count], state[0] = slow_number(text, position, mark, f"frame {count // row_length + 1}")
        state[1] = count + 1
    if state[1] < total:
        raise _count_error(text, start, frame_count, row_length, claimed_at)
    if state[3] >= 0:
        raise _shape_error(text, start, row_length) or text.error(
            int(state[3]) - 1,
            f"this line holds the end of one frame and a part of the next, but a frame has {row_length} values; look "
            "for a lost or doubled value here or before, or put each frame on a line of its own",
        )
    return values.reshape(frame_count, row_length)


def slow_number(text: MotionText, position: int, mark: int, where: str) -> tuple[float, int]:
    """The number at `position`, by `float()`, and the position after it; FormatError if it is not a number."""
    token = _token(text, position)
    other_mark = b"." if mark == ord(",") else b","
    value = None if other_mark in token.group() else number(token.group())
    if value is None or abs(value) > number_scan.LARGEST_VALUE:
        wrong = "is not a finite number" if value is None else "is larger than any motion"
        raise text.error(
            position,
            f"{where}: {printable(token.group()[:40])!r} {wrong}; correct this value or export the motion again",
        )
    return value, token.end()


def _token(text: MotionText, position: int) -> re.Match[bytes]:
    token = _TOKEN.match(text.content, position)
    assert token, "a scan stops at the start of a token"
    return token


def decimal_mark(text: MotionText, start: int) -> int:
    """',' if the text has one after `start`; points are then refused, as they might separate thousands."""
    return ord("," if text.content.find(b",", start) >= 0 else ".")


def _shape_error(text: MotionText, start: int, row_length: int) -> FormatError | None:
    """The first line with another number of values than a frame has; None if lines do not hold one frame each."""
    frame = 0
    for line in _LINE.finditer(text.content, start):
        value_count = len(line.group().split())
        if value_count == 0:
            continue
        frame += 1
        if value_count != row_length:
            if frame == 1 and value_count < row_length:
                return None
            return text.error(
                line.start(),
                f"frame {frame} has {value_count} values, the hierarchy declares {row_length} channels; correct or "
                "delete this row, or export the motion again",
            )
    return None


def _count_error(text: MotionText, start: int, frame_count: int, row_length: int, claimed_at: int) -> FormatError:
    """Why the block does not hold frame_count x row_length numbers."""
    if shape_error := _shape_error(text, start, row_length):
        return shape_error
    value_count = sum(1 for _ in _TOKEN.finditer(text.content, start))
    found, rest = divmod(value_count, row_length)
    partial = f" and {rest} of the {row_length} values of one more" if rest else ""
    return text.error(
        claimed_at,
        f"{frame_count} frames are declared, the data holds {found}{partial}; correct the frame count or export the "
        "motion again",
    )
