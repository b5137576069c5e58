"""Frames per second from a frame time that was printed with too few digits."""

from __future__ import annotations

from .number_rows import number

#: Rates that cameras and studios use. 23.976, 29.97 and 59.94 stand for n * 1000/1001.
NOMINAL_RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 48.0, 50.0, 59.94, 60.0, 72.0, 90.0, 100.0, 120.0, 200.0, 240.0)


def frame_rate(frame_time: bytes) -> float | None:
    """Rate in frames a second for a printed frame time in seconds; None where that is none or
    where it is not between 0.00001 and 1: such a file gives milliseconds, or is damaged.

    `0.0333333` is 30 and not 30.00003: where exactly one nominal rate prints as these digits, rounded (or else cut
    off), that rate is meant; where none or several do, the rate is exactly 1 / frame time.
    """
    seconds = number(frame_time)
    if seconds is None or not 1e-5 <= seconds <= 1:
        return None
    decimals = len(frame_time.replace(b",", b".").partition(b".")[2])
    if b"e" not in frame_time.lower():
        for printed in (_rounded, _cut_off):
            meant = [rate for rate in NOMINAL_RATES if printed(1 / rate, decimals) == f"{seconds:.{decimals}f}"]
            if meant:
                return meant[0] if len(meant) == 1 else 1 / seconds
    return 1 / seconds


def _rounded(seconds: float, decimals: int) -> str:
    return f"{seconds:.{decimals}f}"


def _cut_off(seconds: float, decimals: int) -> str:
    return f"{seconds:.{decimals + 3}f}"[:-3]
