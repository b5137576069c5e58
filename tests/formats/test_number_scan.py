"""The compiled scanner gives float()'s bits, or says that it does not know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mretrieve.kernels import jit
from mretrieve.kernels.compiled import scan_rows
from mretrieve.kernels.scan_results import DONE, NEEDS_FLOAT, PADDING, TOO_MANY


def scan(text: str, capacity: int = 10_000, row_length: int = 1) -> tuple[int, np.ndarray, np.ndarray]:
    """Status, values and state after one scan."""
    content = np.frombuffer(bytearray(text.encode() + b"\n" * PADDING), np.uint8)
    state = np.array([0, 0, 0, -1], np.int64)
    values = np.zeros(capacity)
    status = scan_rows(content, len(text.encode()), ord("."), row_length, values, state)
    return status, values[: state[1]], state


def assert_exact(words: list[str]) -> None:
    """Every word comes out as float()'s bits; words that the scanner leaves are counted as such."""
    for word in words:
        status, values, _ = scan(word)
        if status == DONE:
            assert values.view(np.int64)[0] == np.array([float(word)]).view(np.int64)[0], word
        else:
            assert status == NEEDS_FLOAT


@given(st.floats(min_value=-1e9, max_value=1e9, allow_nan=False))
def test_shortest_representations_are_exact(value: float) -> None:
    assert_exact([repr(value)])


@given(st.floats(min_value=-1e6, max_value=1e6), st.integers(0, 30))
def test_fixed_decimals_are_exact(value: float, decimals: int) -> None:
    assert_exact([f"{value:.{decimals}f}", f"{value:.{decimals}e}", f"{value:.{decimals}g}"])


@given(st.from_regex(r"[+-]?\d{0,25}\.?\d{0,25}([eE][+-]?\d{1,3})?", fullmatch=True))
def test_any_spelling_is_exact_or_left_to_float(word: str) -> None:
    try:
        float(word)
    except ValueError:
        if word:
            assert scan(word)[0] == NEEDS_FLOAT
    else:
        assert_exact([word])


def test_halfway_cases_between_two_floats_are_not_guessed() -> None:
    """Digits of exact midpoints, and their neighbours in the 20th digit."""
    random = np.random.default_rng(5)
    for value in random.uniform(1, 1000, 300):
        above = np.nextafter(value, 2000)
        middle = int(value * 2**52) + int(above * 2**52)  # / 2^53: exact
        digits = f"{middle * 10**60 // 2**53:064d}"
        word = f"{digits[:-60]}.{digits[-60:]}"
        assert_exact([word, word[:-1] + "1", word[: len(word) - 40]])


@pytest.mark.skipif(scan_rows is jit.scan_rows, reason="installed without a C compiler")
def test_nearly_all_plain_numbers_need_no_help() -> None:
    random = np.random.default_rng(6)
    values = random.normal(scale=90, size=4000)
    text = " ".join(
        [repr(v) for v in values.tolist()] + [f"{v:.6f}" for v in values] + [f"{v:.6g}" for v in values * 1e-9]
    )
    helped, position, status = 0, 0, NEEDS_FLOAT
    while status == NEEDS_FLOAT:
        status, _, state = scan(text[position:], capacity=20_000)
        position = text.find(" ", position + int(state[0])) if status == NEEDS_FLOAT else len(text)
        helped += status == NEEDS_FLOAT
    assert helped <= 10


@pytest.mark.parametrize(
    "word", ["-", "+", ".", "-.", "e5", "1e", "1e+", "--1", "1.2.3", "1-2", "0x1", "1_0", "nan", "١"]
)
def test_what_is_no_number_is_left_to_float(word: str) -> None:
    assert scan(f"7 {word} 8")[0] == NEEDS_FLOAT


def test_numbers_beyond_the_largest_value_are_left_to_the_reader() -> None:
    assert scan("1000000001")[0] == NEEDS_FLOAT
    assert scan("999999999.5")[0] == DONE


def test_more_numbers_than_places_stop_the_scan() -> None:
    status, values, _ = scan("1 2 3", capacity=2)
    assert (status, values.tolist()) == (TOO_MANY, [1, 2])


@pytest.mark.parametrize(
    ("text", "row_length", "crosses"),
    [
        ("1 2\n3 4\n", 2, False),  # a row a line
        ("1\n2\n3\n4\n", 2, False),  # wrapped rows
        ("1 2 3 4\n5 6", 2, False),  # several rows a line
        ("1\n2 3\n4\n", 2, True),  # the second line ends one row and begins another
        ("1 2 3\n4 5 6\n", 2, True),
    ],
)
def test_lines_that_mix_two_rows_are_noticed(text: str, row_length: int, crosses: bool) -> None:
    status, _, state = scan(text, row_length=row_length)
    assert status == DONE
    assert (state[3] >= 0) == crosses
