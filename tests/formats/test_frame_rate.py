"""The rate that a printed frame time means."""

from __future__ import annotations

import pytest

from mretrieve.formats.bvh import NOMINAL_RATES, frame_rate


@pytest.mark.parametrize("rate", NOMINAL_RATES)
@pytest.mark.parametrize("decimals", [6, 7, 8, 10, 17])
def test_a_rounded_nominal_frame_time_is_the_nominal_rate(rate: float, decimals: int) -> None:
    assert frame_rate(f"{1 / rate:.{decimals}f}".encode()) == rate


@pytest.mark.parametrize(
    ("printed", "rate"),
    [
        (b"0.0333333", 30.0),
        (b".0333333", 30.0),
        (b"0,0333333", 30.0),
        (b"0.033333", 30.0),
        (b"0.0083333", 120.0),
        (b"0.008333", 120.0),
        (b"0.016667", 60.0),
        (b"0.016666", 60.0),  # cut off, not rounded
        (b"0.0333667", 29.97),
        (b"0.04", 25.0),
        (b"0.005", 200.0),
    ],
)
def test_digits_that_fit_one_nominal_rate_mean_it(printed: bytes, rate: float) -> None:
    assert frame_rate(printed) == rate


@pytest.mark.parametrize("printed", [b"0.0417", b"0.033", b"0.0345", b"0.1", b"0.0333666667", b"3.3e-2"])
def test_digits_that_fit_none_or_several_are_taken_as_they_stand(printed: bytes) -> None:
    assert frame_rate(printed) == 1 / float(printed)


@pytest.mark.parametrize("printed", [b"0", b"-0.03", b"nan", b"inf", b"1e-9", b"33.3", b"1e400", b"abc", b"0.0.3", b""])
def test_what_is_no_frame_time_has_no_rate(printed: bytes) -> None:
    assert frame_rate(printed) is None
