"""Threads that answer requests: a fixed number, with a queue of limited length before them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .limits import BusyError, Limits, TooSlowError

_Result = TypeVar("_Result")


class WorkQueue:
    """Runs work in threads, and refuses it if too much is waiting.

    A thread cannot be interrupted: work that takes too long keeps its thread until it ends, although its request was
    given up.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="mretrieve")
        self._unfinished = 0
        self._lock = threading.Lock()

    @property
    def unfinished(self) -> int:
        """Number of pieces of work that run or wait."""
        return self._unfinished

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """The result of `work`, or the error that it raises.

        Raises:
            BusyError: too many requests are waiting.
            TooSlowError: the limit of time has passed. Work that has not begun by then is dropped.
        """
        with self._lock:
            if self._unfinished >= self._limits.threads + self._limits.waiting:
                raise BusyError(f"{self._unfinished} requests are being answered or waiting; try again later")
            self._unfinished += 1
        running = self._threads.submit(work)
        running.add_done_callback(self._finished)
        future = asyncio.wrap_future(running)
        await asyncio.wait({future}, timeout=self._limits.request_s)
        if future.done():
            return future.result()
        running.cancel()
        future.add_done_callback(_noticed)
        raise TooSlowError(
            f"no answer within {self._limits.request_s:g} s; shorten the motion, lower k or rerank, or try again later"
        )

    def close(self) -> None:
        """Wait until everything that runs has ended; work that waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _finished(self, _running: Future[Any]) -> None:
        with self._lock:
            self._unfinished -= 1


def _noticed(future: asyncio.Future[Any]) -> None:
    """Take note of an error that no request is left to report, so that asyncio does not."""
    if not future.cancelled():
        future.exception()
