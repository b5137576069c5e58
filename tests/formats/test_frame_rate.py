"""The rate that a printed frame time means."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mretrieve.formats.bvh import DROP_FRAME_RATES, USUAL_RATES, frame_rate


def printed(rate: float, decimals: int, *, truncated: bool = False) -> str:
    if truncated:
        return f"{1 / rate:.{decimals + 3}f}"[:-3]
    return f"{1 / rate:.{decimals}f}"


def spellings(number: str) -> list[str]:
    """The same number with the same digits, written in other ways."""
    digits = number.removeprefix("0.").rstrip("0")
    plain = "0." + digits
    exponent = len(digits)
    whole = digits.lstrip("0")
    return [
        plain, "." + digits, plain + "00", "+" + plain, plain.replace(".", ","), f"{whole}e-{exponent}",
        f"{whole}.0E-{exponent:02}", f"{whole[0]}.{whole[1:] or '0'}e-{exponent - len(whole) + 1}",
    ]  # fmt: skip


EXACT = [n for n in range(1, 1001) if Fraction(1, n) == Fraction(f"{1 / n:.9f}")]


def test_most_rates_that_have_a_short_frame_time_are_covered() -> None:
    assert {1, 2, 4, 5, 8, 10, 16, 20, 25, 40, 50, 80, 100, 125, 200, 250, 500, 1000} <= set(EXACT)


@pytest.mark.parametrize("rate", EXACT)
def test_digits_that_are_exactly_a_whole_rate_are_that_rate_in_every_spelling(rate: int) -> None:
    number = f"{1 / rate:.9f}".rstrip("0")
    if rate == 1:
        assert [frame_rate(text) for text in (b"1", b"1.0", b"1e0", b"0.1e1")] == [1.0] * 4
    else:
        assert {text: frame_rate(text.encode()) for text in spellings(number)} == dict.fromkeys(spellings(number), rate)


@pytest.mark.parametrize("decimals", [6, 7, 8, 10, 12, 17])
@pytest.mark.parametrize("truncated", [False, True])
def test_six_digits_and_more_are_enough_for_every_whole_rate(decimals: int, truncated: bool) -> None:
    read = {rate: frame_rate(printed(rate, decimals, truncated=truncated).encode()) for rate in range(1, 1001)}
    wrong = {rate: found for rate, found in read.items() if found != rate}
    if decimals == 6:  # the last digits are zeros, or a microsecond is more than from one rate to the next
        assert len(wrong) <= (150 if truncated else 1)
        assert all(rate > 300 for rate in wrong)
    else:
        assert wrong == {}


@pytest.mark.parametrize("decimals", [3, 4, 5, 6, 7])
def test_fewer_digits_mean_a_rate_that_prints_as_they_do(decimals: int) -> None:
    for number in {printed(rate, decimals) for rate in range(1, 1001)}:
        digits = number.strip("0.")
        if len(digits) > 1:
            found = frame_rate(number.encode())
            assert found is not None
            last_digit = float(f"1e-{len(number.rstrip('0')) - 2}")
            assert -0.51 * last_digit <= 1 / found - float(number) < last_digit, number
            assert [frame_rate(text.encode()) for text in spellings(number)] == [found] * 8


@pytest.mark.parametrize("rate", USUAL_RATES)
@pytest.mark.parametrize(
    ("significant", "truncated"),
    [(2, False), *((n, truncated) for n in (3, 4, 5, 7, 9) for truncated in (False, True))],
)
def test_a_usual_rate_is_meant_by_digits_that_it_prints_as_unless_these_are_exactly_another(
    rate: int, significant: int, truncated: bool
) -> None:
    number = printed(rate, significant + (len(str(rate - 1)) - 1), truncated=truncated)
    exact = 1 / Fraction(number)
    expected = float(exact) if exact.denominator <= 2 else float(rate)
    if len(number.strip("0.")) >= 2:
        assert frame_rate(number.encode()) == expected


@pytest.mark.parametrize("rate", DROP_FRAME_RATES)
@pytest.mark.parametrize("decimals", [6, 7, 8, 10, 17])
def test_a_drop_frame_rate_needs_six_decimals(rate: float, decimals: int) -> None:
    assert frame_rate(printed(rate, decimals).encode()) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (b"0.0333333", 30.0),
        (b".0333333", 30.0),
        (b"0,0333333", 30.0),
        (b"3.33333e-2", 30.0),
        (b"0.033333", 30.0),
        (b"0.0333", 30.0),
        (b"0.033", 30.0),
        (b"0.0330000", 30.0),
        (b"3.3e-2", 30.0),
        (b"0.03333334", 30.0),  # single precision
        (b"0.03333333507180214", 30.0),
        (b"0.0334", 29.97),
        (b"0.0333667", 29.97),
        (b"0.0083333", 120.0),
        (b"0.008333", 120.0),
        (b"0.0083", 120.0),
        (b"0.016667", 60.0),
        (b"0.016666", 60.0),  # truncated
        (b"0.0167", 60.0),
        (b"0.017", 60.0),
        (b"0.0417", 24.0),
        (b"0.041708", 23.976),
        (b"0.083333", 12.0),
        (b"0.0345", 29.0),
        (b"0.008", 125.0),
        (b"0.004", 250.0),
        (b"0.08", 12.5),  # half a whole rate
        (b"0.016", 62.5),
    ],
)
def test_the_rate_that_is_meant(text: bytes, rate: float) -> None:
    assert frame_rate(text) == rate


@pytest.mark.parametrize("text", [b"0.03", b"0.0300", b"0.3", b"0.0340123", b"0.0333666667", b"0.0000123"])
def test_digits_that_fit_no_rate_and_a_single_digit_are_taken_as_they_stand(text: bytes) -> None:
    assert frame_rate(text) == pytest.approx(1 / float(text), rel=1e-15)


@pytest.mark.parametrize("text", [b"0", b"-0.03", b"nan", b"inf", b"1e-9", b"33.3", b"1e400", b"abc", b"0.0.3", b""])
def test_what_is_no_frame_time_has_no_rate(text: bytes) -> None:
    assert frame_rate(text) is None
