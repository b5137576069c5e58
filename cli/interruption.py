"""Ctrl-C and termination: the first one asks to stop at a good place, a second one ends the process at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click


@contextmanager
def stop_signals(answer: str) -> Iterator[list[int]]:
    """A list that the first signal's number is written to; `answer` is printed then."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with suppress(OSError):  # whoever listened may be gone
            click.echo(answer, err=True)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
