"""A signal that arrives at the same point of a program on every machine, however fast or busy."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
from typing import Any


def signal_at_call(number: signal.Signals, function: str, call: int) -> None:
    """This process sends itself a signal when it calls `function` (dotted, with its module) for the `call`-th time."""
    module_name, _, name = function.rpartition(".")
    module = importlib.import_module(module_name)
    original, calls = getattr(module, name), itertools.count(1)

    def counted(*arguments: Any, **options: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), number)
        return original(*arguments, **options)

    setattr(module, name, counted)
