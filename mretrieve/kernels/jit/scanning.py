"""Decimal numbers from bytes: bit for bit what Python's float() gives, or left to it."""

# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import numpy as np
from numba import njit

from ..scan_results import DIFFERS, DONE, LARGEST_VALUE, NEEDS_FLOAT, TOO_MANY

_POWERS = np.array([float(10**power) for power in range(23)])


@njit(cache=True, nogil=True)
def _digits(text, position, value):
    """The position behind the digits at `position`, 15 at most, and the number that they spell, behind `value`."""
    last = position + 15
    while position < last and 48 <= text[position] < 58:
        value = value * 10 + np.int64(text[position]) - 48
        position += 1
    return position, value


@njit(cache=True, nogil=True)
def _number(text, position, mark):
    """The number that starts at `position`: the position behind it, its value, and whether it was understood.

    It is if its digits and its power of ten are exact as float64: one division then rounds once (Clinger 1990). Longer
    ones are left to `float()`. A number ends at a byte <= 32.
    """
    negative = text[position] == 45
    first = position + (negative or text[position] == 43)
    position, mantissa = _digits(text, first, np.int64(0))
    count, power = position - first, 0
    if text[position] == mark:
        first = position + 1
        position, mantissa = _digits(text, first, mantissa)
        power = position - first
        count += power
    if text[position] | 32 == 101 and text[position + 1] == 45:  # e-
        first = position + 2
        position, exponent = _digits(text, first, np.int64(0))
        power += exponent if 1 <= position - first <= 2 else len(_POWERS)
    if not 1 <= count <= 15 or power >= len(_POWERS) or text[position] > 32:
        return position, 0.0, False
    value = mantissa / _POWERS[power]
    return position, (-value if negative else value), value <= LARGEST_VALUE


@njit(cache=True, nogil=True)
def _breaks_a_row(first, last, row_length):
    """Whether a line with the values `first` to `last` (exclusive) holds the end of one row and a part of another."""
    crosses = (last - 1) // row_length != first // row_length
    return crosses and (last % row_length != 0 or first % row_length != 0)


@njit(cache=True, nogil=True)
def scan_rows(text, stop, mark, row_length, values, state):
    """Fill `values` (N,) with the white-space separated numbers of text[:stop], in rows of `row_length`.

    `text` (uint8) ends with PADDING white bytes behind `stop`; `mark` is the decimal mark. `state` (int64) is
    (position, values so far, values before this line, position of the end of the first line that holds the end of one
    row and a part of another, or -1). The scan stops when it needs help and can go on from `state`: NEEDS_FLOAT at the
    start of a token for `float()`, TOO_MANY at the first number that has no place in `values`.
    """
    position, count, line_first = state[0], state[1], state[2]
    status = DONE
    while status == DONE:
        byte = text[position]
        if byte <= 32:
            if (byte == 10 or byte == 13 or position >= stop) and count != line_first:
                if state[3] < 0 and _breaks_a_row(line_first, count, row_length):
                    state[3] = position
                line_first = count
            if position >= stop:
                break
            if byte < 9 or (byte > 13 and byte < 32):
                status = NEEDS_FLOAT  # a control character is damage and no blank
            else:
                position += 1
        elif count == values.size:
            status = TOO_MANY
        else:
            after, value, understood = _number(text, position, mark)
            if understood:
                values[count] = value
                count += 1
                position = after
            else:
                status = NEEDS_FLOAT
    state[0], state[1], state[2] = position, count, line_first
    return status


@njit(cache=True, nogil=True)
def scan_frames(text, stop, mark, layout, column_ends, values, state):
    """Fill `values` (T, N) with the AMC frames of text[:stop] from `state` on.

    The layout is that of `amc_scan.layout_of`, and the columns of each bone end at one of `column_ends`. `state`
    (int64) is (position, frame, bone or -1 between frames, column, whether the bone's name is read, number of the last
    frame, position of this frame), and the scan can go on from it: NEEDS_FLOAT at the start of a token for `float()`.
    DIFFERS means that the frame at state[6] breaks with the layout or the numbering.
    """
    position, frame, bone, column = state[0], state[1], state[2], state[3]
    named, last_number, frame_position = state[4], state[5], state[6]
    name_ends = layout[3]
    status = DONE
    while status == DONE:
        if bone < 0:  # between frames
            position = frame_position = _skip_white(text, position, stop)
            if position >= stop:
                break
            position, number = _digits(text, position, np.int64(0))
            position = _skip_blanks(text, position)
            if text[position] > 32 or number != last_number + 1 or frame >= values.shape[0]:
                status = DIFFERS
            last_number = number
            bone = column = named = 0
            continue
        if named == 0:
            position = _skip_white(text, position, stop)
            position, named = _skip_name(text, position, stop, layout, name_ends[bone], name_ends[bone + 1])
            if not named:
                status = DIFFERS
                break
        status, position, column = _bone_values(text, position, mark, values[frame], column, column_ends[bone])
        if column == column_ends[bone]:
            position = _skip_blanks(text, position)
            if text[position] > 32:
                status = DIFFERS
            named = 0
            bone += 1
            if bone == column_ends.size:
                bone = -1
                frame += 1
    state[0], state[1], state[2], state[3] = position, frame, bone, column
    state[4], state[5], state[6] = named, last_number, frame_position
    return status


@njit(cache=True, nogil=True)
def _bone_values(text, position, mark, values, column, end):
    """Fill `values` (N,) of a frame from `column` to `end`: status, the position behind, and the next column."""
    while column < end:
        position = _skip_blanks(text, position)
        if text[position] <= 32:
            return DIFFERS, position, column
        after, value, understood = _number(text, position, mark)
        if not understood:
            return NEEDS_FLOAT, position, column
        values[column] = value
        column += 1
        position = after
    return DONE, position, column


@njit(cache=True, nogil=True)
def _skip_name(text, position, stop, layout, first, last):
    """The position behind the name that the words `first` to `last` of the layout spell, and 1; 0 for another name."""
    words, masks, lengths, _ = layout
    for index in range(first, last):
        word = np.uint64(0)
        for byte in range(8):
            word |= np.uint64(text[position + byte]) << np.uint64(8 * byte)
        if position >= stop or word & masks[index] != words[index]:
            return position, 0
        position += np.int64(lengths[index])
    return position, np.int64(text[position] <= 32)


@njit(cache=True, nogil=True)
def _skip_blanks(text, position):
    while text[position] == 32 or text[position] == 9:
        position += 1
    return position


@njit(cache=True, nogil=True)
def _skip_white(text, position, stop):
    while position < stop and (text[position] == 32 or 9 <= text[position] <= 13):
        position += 1
    return position
