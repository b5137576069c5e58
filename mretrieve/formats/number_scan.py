"""Decimal numbers from bytes: one compiled pass, bit for bit what Python's float() gives.

Up to eight digits are found and converted at once in one 64-bit word (Lemire, "Number parsing at a gigabyte per
second", 2021). Where the digits of a number fit 53 bits and its power of ten is at most 10^22 both are exact as float64
and one division rounds once (Clinger 1990). Longer numbers are divided in double-double arithmetic, and the answer
stands unless it lies too near the middle between two floats to be sure; those, and all spellings that the scanner does
not know, are left to `float()`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit
from numba.core import types
from numba.extending import intrinsic

#: What a scan ends with.
DONE, NEEDS_FLOAT, TOO_MANY, DIFFERS = range(4)

#: No coordinate in any unit and no angle is larger; a number beyond it is damage, and float32 would hide it.
LARGEST_VALUE = 1e9

#: White bytes that must follow the last byte to be scanned, because eight are looked at in one go.
PADDING = 16

_DIVISOR = np.array([float(10**power) for power in range(45)])
_DIVISOR_REST = np.array([float(10**power - int(float(10**power))) for power in range(45)])  # 10^44 needs 103 bits
_POWER = np.array([10**power for power in range(9)], dtype=np.uint64)

_ZERO_DIGITS = np.uint64(0x3030303030303030)
_TO_HIGH_BIT = np.uint64(0x7676767676767676)
_HIGH_BITS = np.uint64(0x8080808080808080)
_EVEN_BYTES = np.uint64(0x000000FF000000FF)
_HUNDREDS = np.uint64(0x000F424000000064)
_TEN_THOUSANDS = np.uint64(0x0000271000000001)
_EXACT_INTEGERS = np.uint64(1 << 53)


@intrinsic
def _trailing_zeros(_typing_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest one of a uint64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True)
def eight_bytes(text, position):  # type: ignore[no-untyped-def]
    """The eight bytes at `position` as one word, the first lowest; the compiler makes one load of it."""
    word = np.uint64(0)
    for byte in range(8):
        word |= np.uint64(text[position + np.uint64(byte)]) << np.uint64(8 * byte)
    return word


@njit(cache=True, nogil=True)
def _eight_digits(text, position):  # type: ignore[no-untyped-def]
    """Value and number of the leading digits among the eight bytes at `position`."""
    digits = eight_bytes(text, position) ^ _ZERO_DIGITS
    others = ((digits + _TO_HIGH_BIT) | digits) & _HIGH_BITS  # right up to the first byte that is no digit
    count = np.uint64(8)
    if others != 0:
        bits = _trailing_zeros(others) & np.uint64(56)  # type: ignore[call-arg]
        count = bits >> np.uint64(3)
        digits = (digits << (np.uint64(56) - bits)) << np.uint64(8)  # zeros take the place of what is no digit
    digits = digits * np.uint64(10) + (digits >> np.uint64(8))
    digits = (digits & _EVEN_BYTES) * _HUNDREDS + ((digits >> np.uint64(16)) & _EVEN_BYTES) * _TEN_THOUSANDS
    return (digits >> np.uint64(32)) & np.uint64(0xFFFFFFFF), count


@njit(cache=True, nogil=True, inline="always")
def scan_short_number(text, position, mark):  # type: ignore[no-untyped-def]
    """The number that starts at `position`: the position behind it, its value, and whether it was understood.

    Short is a number of up to eight digits on either side of the decimal mark and an exponent from -22 to 0, which is
    nearly every one. `text` ends with PADDING white bytes; a number ends at a byte <= 32. Loops should leave the others
    to `scan_long_number` outside their inner loop: a call inside costs a third of the speed.
    """
    negative = text[position] == 45
    position += np.uint64(negative)
    mantissa, digit_count = _eight_digits(text, position)
    position += digit_count
    power = np.uint64(0)  # of ten that the digits are divided by
    if text[position] == mark:
        fraction, power = _eight_digits(text, position + np.uint64(1))
        position += np.uint64(1) + power
        mantissa = mantissa * _POWER[power] + fraction
        digit_count += power
    if text[position] | 32 == 101 and text[position + np.uint64(1)] == 45:  # e-
        exponent, exponent_digit_count = _eight_digits(text, position + np.uint64(2))
        position += np.uint64(2) + exponent_digit_count
        power = power + exponent if exponent_digit_count > 0 else np.uint64(99)
    understood = text[position] <= 32 and digit_count > 0 and mantissa < _EXACT_INTEGERS and power <= 22
    value = np.float64(np.int64(mantissa)) / _DIVISOR[min(power, np.uint64(22))]
    return position, (-value if negative else value), understood


@njit(cache=True, nogil=True)
def scan_long_number(text, position, mark):  # type: ignore[no-untyped-def]
    """As `scan_short_number`, for any number of digits, a plus sign and powers of ten from -44 to 0."""
    one, ten = np.uint64(1), np.uint64(10)
    negative = text[position] == 45
    if negative or text[position] == 43:
        position += one
    mantissa = np.uint64(0)
    digit_count = significant_count = 0
    exponent = np.int64(0)  # of ten
    behind_mark = cut = False
    while True:
        digit = np.uint64(text[position]) - np.uint64(48)
        if digit < ten:
            digit_count += 1
            significant_count += mantissa > 0 or digit > 0
            if significant_count <= 19:
                mantissa = mantissa * ten + digit
                exponent -= np.int64(behind_mark)
            elif behind_mark:
                cut = True
            else:
                return position, 0.0, False
        elif text[position] == mark and not behind_mark:
            behind_mark = True
        else:
            break
        position += one
    if digit_count == 0:
        return position, 0.0, False
    if text[position] | 32 == 101:  # e
        position += one
        shrinks = text[position] == 45
        if shrinks or text[position] == 43:
            position += one
        power, power_count = _eight_digits(text, position)
        if power_count == 0:
            return position, 0.0, False
        position += power_count
        exponent += -np.int64(power) if shrinks else np.int64(power)
    if text[position] > 32 or exponent > 0 or exponent < -44:
        return position, 0.0, False

    value = np.float64(mantissa)
    divisor = _DIVISOR[-exponent]
    if mantissa < _EXACT_INTEGERS and exponent >= -22:
        value /= divisor
    else:
        rest = np.float64(np.int64(mantissa - np.uint64(value)))
        quotient = value / divisor
        product, error = _exact_product(quotient, divisor)
        correction = ((value - product) - error + rest - quotient * _DIVISOR_REST[-exponent]) / divisor
        value = quotient + correction
        correction -= value - quotient
        doubt = value * (2.0**-58 if cut else 2.0**-90)  # digits behind the 19th are less than 10^-18 of it
        if value + (correction + doubt) != value or value + (correction - doubt) != value:
            return position, 0.0, False
    return position, (-value if negative else value), value <= LARGEST_VALUE


@njit(cache=True, nogil=True)
def _exact_product(a, b):  # type: ignore[no-untyped-def]
    """a * b and its rounding error (Dekker 1971)."""
    split = 134217729.0  # 2^27 + 1
    a_high = a * split - (a * split - a)
    b_high = b * split - (b * split - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


@njit(cache=True, nogil=True)
def scan_rows(text, stop, mark, row_length, values, state):  # type: ignore[no-untyped-def]
    """Fill `values` with the white-space separated numbers of text[:stop], in rows of `row_length`.

    `state` is (position, values so far, values before this line, position of the end of the first line that holds the
    end of one row and a part of another, or -1). The scan stops where it needs help and can go on from `state`:
    NEEDS_FLOAT at the start of a token for `float()`, TOO_MANY at the first number that has no place in `values`.
    """
    position = np.uint64(state[0])
    end = np.uint64(stop)
    count = state[1]
    line_first = state[2]
    status = DONE
    while True:
        understood = True
        while understood:
            byte = text[position]
            if byte <= 32:
                if (byte == 10 or byte == 13 or position >= end) and count != line_first:
                    if count - line_first != row_length or count % row_length != 0:
                        crosses = (count - 1) // row_length != line_first // row_length
                        if crosses and (count % row_length != 0 or line_first % row_length != 0) and state[3] < 0:
                            state[3] = np.int64(position)
                    line_first = count
                if position >= end:
                    break
                if byte < 9 or (byte > 13 and byte < 32):
                    status = NEEDS_FLOAT  # a control character is damage and no blank
                    break
                position += np.uint64(1)
                continue
            if count == values.size:
                status = TOO_MANY
                break
            after, value, understood = scan_short_number(text, position, mark)
            if understood:
                values[count] = value
                count += 1
                position = after
        if understood:
            break
        after, value, understood = scan_long_number(text, position, mark)
        if not understood:
            status = NEEDS_FLOAT
            break
        values[count] = value
        count += 1
        position = after
    state[0] = np.int64(position)
    state[1] = count
    state[2] = line_first
    return status
