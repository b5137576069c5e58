"""Decimal numbers from bytes: one compiled pass, bit for bit what Python's float() gives.

Sixteen bytes are compared in one vector instruction, up to eight digits converted in one 64-bit word (Lemire, "Number
parsing at a gigabyte per second", 2021). Where the digits of a number fit 53 bits and its power of ten is at most 10^22
both are exact as float64 and one division rounds once (Clinger 1990). Longer numbers are divided in double-double
arithmetic, and the answer stands unless it lies too near the middle between two floats to be sure; those, and all
spellings that the scanner does not know, are left to `float()`.
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

#: White bytes that must follow the last byte to be scanned, because sixteen are looked at in one go, and eight behind.
PADDING = 32

_DIVISOR = np.array([float(10**power) for power in range(45)])
_DIVISOR_REST = np.array([float(10**power - int(float(10**power))) for power in range(45)])  # 10^44 needs 103 bits
_SIGNED_DIVISOR = np.concatenate([_DIVISOR[:23], -_DIVISOR[:23]])
_POWER = np.array([10 ** min(power, 8) for power in range(18)], dtype=np.uint64)  # larger ones are not understood

_ZERO_DIGITS = np.uint64(0x3030303030303030)
_EVEN_BYTES = np.uint64(0x000000FF000000FF)
_HUNDREDS = np.uint64(0x000F424000000064)
_TEN_THOUSANDS = np.uint64(0x0000271000000001)
_EXACT_INTEGERS = np.uint64(1 << 53)
_ZERO, _TEN = np.uint64(48), np.uint64(10)
_BEYOND = np.uint64(3 << 16)  # two bytes behind the sixteen that were looked at, taken for no digits


@intrinsic
def _trailing_zeros(_typing_context: Any, word: Any) -> Any:
    """Number of zero bits below the lowest one of a uint64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def _not_digits(_typing_context: Any, text: Any, position: Any) -> Any:
    """Which of the sixteen bytes of an array of bytes from `position` on are no digits: the first is the lowest bit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        sixteen_bytes = ir.VectorType(ir.IntType(8), 16)
        start = builder.gep(context.make_array(signature.args[0])(context, builder, arguments[0]).data, [arguments[1]])
        block = builder.load(builder.bitcast(start, sixteen_bytes.as_pointer()))
        block.align = 1
        digits = builder.sub(block, ir.Constant(sixteen_bytes, [48] * 16))
        flags = builder.icmp_unsigned(">", digits, ir.Constant(sixteen_bytes, [9] * 16))
        return builder.zext(builder.bitcast(flags, ir.IntType(16)), ir.IntType(64))

    return types.uint64(text, types.uint64), generate


@njit(cache=True, nogil=True)
def eight_bytes(text, position):  # type: ignore[no-untyped-def]
    """The eight bytes at `position` as one word, the first lowest; the compiler makes one load of it."""
    word = np.uint64(0)
    for byte in range(8):
        word |= np.uint64(text[position + np.uint64(byte)]) << np.uint64(8 * byte)
    return word


@njit(cache=True, nogil=True)
def _value_of(word, count):  # type: ignore[no-untyped-def]
    """The number that the first `count` bytes of `word` spell, one to eight digits."""
    # zeros come before what is a digit; without the mask, a count that is not 1 to 8 would shift by more than a word
    digits = (word ^ _ZERO_DIGITS) << ((np.uint64(64) - np.uint64(8) * count) & np.uint64(63))
    digits = digits * np.uint64(10) + (digits >> np.uint64(8))
    digits = (digits & _EVEN_BYTES) * _HUNDREDS + ((digits >> np.uint64(16)) & _EVEN_BYTES) * _TEN_THOUSANDS
    return (digits >> np.uint64(32)) & np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True, inline="always")
def scan_short_number(text, position, mark):  # type: ignore[no-untyped-def]
    """The number that starts at `position`: the position behind it, its value, and whether it was understood.

    Short is a number of one to eight digits before the decimal mark and as many behind it, if there is one, and an
    exponent from -22 to 0: nearly every one. `text` ends with PADDING white bytes; a number ends at a byte <= 32. Loops
    should leave the others to `scan_long_number` outside their inner loop: a call inside costs a third of the speed.
    """
    one = np.uint64(1)
    others = _not_digits(text, position) | _BEYOND  # type: ignore[call-arg]
    sign = np.uint64(text[position] == 45)
    others &= ~sign
    point = _trailing_zeros(others)
    whole_count = point - sign
    mantissa = _value_of(eight_bytes(text, position + sign), whole_count)
    understood = whole_count - one < np.uint64(8)
    end = position + point
    power = np.uint64(0)  # of ten that the digits are divided by
    if text[end] == mark:
        power = _trailing_zeros(others & (others - one)) - point - one
        understood = understood & (power - one < np.uint64(8))
        mantissa = mantissa * _POWER[power] + _value_of(eight_bytes(text, end + one), power)
        end += one + power
    if text[end] | 32 == 101 and text[end + one] == 45:  # e-
        end += np.uint64(2)
        understood = understood & (np.uint64(text[end]) - _ZERO < _TEN)
        exponent = np.uint64(0)
        while np.uint64(text[end]) - _ZERO < _TEN and exponent < 100:
            exponent = exponent * _TEN + np.uint64(text[end]) - _ZERO
            end += one
        power += exponent
        understood = understood & (power <= 22)
        power = min(power, np.uint64(22))
    understood = understood & (text[end] <= 32) & (mantissa < _EXACT_INTEGERS)
    return end, np.float64(np.int64(mantissa)) / _SIGNED_DIVISOR[power + np.uint64(23) * sign], understood


@njit(cache=True, nogil=True)
def scan_long_number(text, position, mark):  # type: ignore[no-untyped-def]
    """As `scan_short_number`, for any number of digits, a plus sign and powers of ten from -44 to 0."""
    one = np.uint64(1)
    negative = text[position] == 45
    if negative or text[position] == 43:
        position += one
    mantissa = np.uint64(0)
    digit_count = 0
    significant_count = 0
    exponent = np.int64(0)  # of ten
    behind_mark = cut = False
    while True:
        digit = np.uint64(text[position]) - _ZERO
        if digit < _TEN:
            digit_count += 1
            significant_count += 1 if mantissa > 0 or digit > 0 else 0
            if significant_count <= 19:
                mantissa = mantissa * _TEN + digit
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
        power, first_digit = np.int64(0), position
        while np.uint64(text[position]) - _ZERO < _TEN and power < 10_000:
            power = power * 10 + np.int64(text[position]) - 48
            position += one
        if position == first_digit:
            return position, 0.0, False
        exponent += -power if shrinks else power
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
