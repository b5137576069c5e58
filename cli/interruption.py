"""Ctrl-C and termination: the first signal asks for a clean stop, a second one ends the process at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click


@contextmanager
def graceful_stop(message: str) -> Iterator[list[int]]:
    """Yield a list to which the number of the first signal is appended; `message` is printed then."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        with suppress(OSError):  # standard error may be closed
            click.echo(message, err=True)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
