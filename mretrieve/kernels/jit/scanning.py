"""Decimal numbers from bytes: bit for bit what Python's float() gives, or left to it."""

# mypy: disable-error-code="no-untyped-def, assignment"

from __future__ import annotations

import numpy as np
from numba import njit

from ..scan_results import DIFFERS, DONE, LARGEST_VALUE, NEEDS_FLOAT, TOO_MANY

_POWERS = np.array([float(10**power) for power in range(45)])
_REMAINDERS = np.array([float(10**power - int(float(10**power))) for power in range(45)])  # 10^44 needs 103 bits
_EXACT_INTEGERS = 1 << 53


@njit(cache=True, nogil=True)
def _number(text, position, mark):
    """The number that starts at `position`: the position behind it, its value, and whether it was understood.

    If its digits and its power of ten are exact as float64, one division rounds once (Clinger 1990). Others, of up to
    18 digits and powers from -44, are divided in double-double arithmetic, and the value stands unless it lies too near
    the middle between two floats. A number ends at a byte <= 32.
    """
    negative = text[position] == 45
    if negative or text[position] == 43:
        position += 1
    mantissa, exponent, digits, behind_mark = 0, 0, 0, False
    while True:
        digit = np.int64(text[position]) - 48
        if 0 <= digit < 10:
            if mantissa >= 10**17:
                return position, 0.0, False
            digits += 1
            mantissa = mantissa * 10 + digit
            exponent -= behind_mark
        elif text[position] == mark and not behind_mark:
            behind_mark = True
        else:
            break
        position += 1
    if text[position] | 32 == 101:  # e
        position += 1
        shrinks = text[position] == 45
        if shrinks or text[position] == 43:
            position += 1
        power, first_digit = 0, position
        while 48 <= text[position] < 58 and power < 10_000:
            power = power * 10 + np.int64(text[position]) - 48
            position += 1
        if position == first_digit:
            return position, 0.0, False
        exponent += -power if shrinks else power
    if digits == 0 or text[position] > 32 or not -44 <= exponent <= 0:
        return position, 0.0, False
    value, divisor = np.float64(mantissa), _POWERS[-exponent]
    if mantissa < _EXACT_INTEGERS and exponent >= -22:
        value /= divisor
    else:
        quotient = value / divisor
        product, error = _exact_product(quotient, divisor)
        rest = (value - product) - error + np.float64(mantissa - np.int64(value)) - quotient * _REMAINDERS[-exponent]
        value = quotient + rest / divisor
        rest = rest / divisor - (value - quotient)
        if value + (rest + value * 2.0**-90) != value or value + (rest - value * 2.0**-90) != value:
            return position, 0.0, False
    return position, (-value if negative else value), value <= LARGEST_VALUE


@njit(cache=True, nogil=True)
def _exact_product(a, b):
    """a * b and its rounding error (Dekker 1971)."""
    split = 134217729.0  # 2^27 + 1
    a_high = a * split - (a * split - a)
    b_high = b * split - (b * split - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


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
                if count - line_first != row_length or count % row_length != 0:
                    crosses = (count - 1) // row_length != line_first // row_length
                    if crosses and (count % row_length != 0 or line_first % row_length != 0) and state[3] < 0:
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
    words, masks, lengths, name_ends = layout
    status = DONE
    while status == DONE:
        if bone < 0:  # between frames
            position = frame_position = _skip_white(text, position, stop)
            if position >= stop:
                break
            number, last_digit = 0, position + 15
            while position < last_digit and 48 <= text[position] < 58:
                number = number * 10 + np.int64(text[position]) - 48
                position += 1
            position = _skip_blanks(text, position)
            if text[position] > 32 or number != last_number + 1 or frame >= values.shape[0]:
                status = DIFFERS
            last_number = number
            bone = column = named = 0
            continue
        if named == 0:
            position = _skip_white(text, position, stop)
            for index in range(name_ends[bone], name_ends[bone + 1]):
                word = np.uint64(0)
                for byte in range(8):
                    word |= np.uint64(text[position + byte]) << np.uint64(8 * byte)
                if position >= stop or word & masks[index] != words[index]:
                    status = DIFFERS
                    break
                position += np.int64(lengths[index])
            if text[position] > 32:
                status = DIFFERS
            named = 1
        while status == DONE and column < column_ends[bone]:
            position = _skip_blanks(text, position)
            if text[position] <= 32:
                status = DIFFERS
                break
            after, value, understood = _number(text, position, mark)
            if not understood:
                status = NEEDS_FLOAT
                break
            values[frame, column] = value
            column += 1
            position = after
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
def _skip_blanks(text, position):
    while text[position] == 32 or text[position] == 9:
        position += 1
    return position


@njit(cache=True, nogil=True)
def _skip_white(text, position, stop):
    while position < stop and (text[position] == 32 or 9 <= text[position] <= 13):
        position += 1
    return position
