"""Ingest on several processes of this machine, with results in the order of the work."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Protocol

from mretrieve.kernels.one_thread import ONE_THREAD
from mretrieve.storage.records import ShardRecord
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard

from .changes import FileTask
from .ingest import Ingested, Ingester, IngestSpec
from .report import FileEntry, Outcome

#: Results that may wait for an earlier one, per process: this bounds the memory.
AHEAD = 4

Piece = Sequence[FileTask]
Results = list[Ingested]


class Workers(Protocol):
    """Reads files and writes shards: processes of this machine, or a Ray cluster."""

    @property
    def shards_at_once(self) -> int:
        """Number of shards that may be in writing."""

    def ingest(
        self, spec: IngestSpec, pieces: Sequence[Piece], stopped: Callable[[], bool]
    ) -> Generator[Results, None, None]:
        """Ingest pieces of work and yield the results of each, in the order of `pieces`, until `stopped()`."""

    def write(self, index: Path, files: Sequence[Sequence[ShardClip]]) -> Callable[[], ShardRecord]:
        """Write the clips of some files as a shard; the returned function waits until it is complete."""


@dataclass(frozen=True)
class Processes:
    """Processes of this machine. The calling one writes the shards.

    Attributes:
        count: number of processes that read; 1 for the calling one.
    """

    count: int

    @property
    def shards_at_once(self) -> int:
        """See Workers."""
        return 1

    def ingest(
        self, spec: IngestSpec, pieces: Sequence[Piece], stopped: Callable[[], bool]
    ) -> Generator[Results, None, None]:
        """See Workers."""
        return ingest_in_order(spec, pieces, self.count, stopped)

    def write(self, index: Path, files: Sequence[Sequence[ShardClip]]) -> Callable[[], ShardRecord]:
        """See Workers."""
        record = write_shard(index, list(chain.from_iterable(files)))
        return lambda: record


def ingest_in_order(
    spec: IngestSpec, pieces: Sequence[Piece], processes: int, stopped: Callable[[], bool]
) -> Generator[Results, None, None]:
    """Ingest pieces of work and yield the results of each, in the order of `pieces`, until `stopped()`.

    The results do not depend on `processes`. With 1, or if no process can be started, this process does the work.
    """
    if not pieces:
        return  # and load no encoder
    own = Ingester(spec)  # raises before anything is started
    done = 0
    if processes > 1:
        with suppress(OSError):  # no process can be started
            for results in _on_workers(spec, pieces, processes, stopped):
                yield results
                done += 1
            return
    for piece in pieces[done:]:
        if stopped():
            return
        yield own.ingest(piece)


def _on_workers(
    spec: IngestSpec, pieces: Sequence[Piece], processes: int, stopped: Callable[[], bool]
) -> Iterator[Results]:
    """Start again after a worker has died; a file that kills a worker even if read alone is refused."""
    done = 0
    while done < len(pieces):
        try:
            for results in _on_living_workers(spec, pieces[done:], processes, stopped):
                yield results
                done += 1
            return
        except BrokenProcessPool:
            if stopped():  # by a signal that the workers got too
                return
            piece = pieces[done]  # or a later one in hand, whose turn then comes
            if processes == 1:
                yield [crashed(task) for task in piece]
            else:
                alone = _on_workers(spec, [[task] for task in piece], 1, lambda: False)
                yield [result for results in alone for result in results]
            done += 1


def _on_living_workers(
    spec: IngestSpec, pieces: Sequence[Piece], processes: int, stopped: Callable[[], bool]
) -> Iterator[Results]:
    """As long as no worker dies; then BrokenProcessPool."""
    waiting = iter(pieces)
    submitted: deque[Future[Results]] = deque()
    with _worker_pool(spec, processes) as submit:
        while not stopped():
            with suppress(BrokenProcessPool):  # the future of the file that caused it raises it below
                for piece in islice(waiting, AHEAD * processes - len(submitted)):
                    submitted.append(submit(piece))
            if not submitted:
                return
            with suppress(TimeoutError):
                results = submitted[0].result(timeout=0.2)
                submitted.popleft()
                yield results


@contextmanager
def _worker_pool(spec: IngestSpec, processes: int) -> Iterator[Callable[[Piece], Future[Results]]]:
    """Processes that ingest submitted pieces until the block ends, be it amid a file, or this process does.

    Raises:
        OSError: no process can be started.
    """
    parent, alive = Pipe(duplex=False)
    context = get_context("spawn")
    started_count = context.Value("i", 0)
    arguments = (spec, parent, started_count)
    executor = ProcessPoolExecutor(processes, context, initializer=_start_worker, initargs=arguments)

    def submit(piece: Piece) -> Future[Results]:
        with _spawning():
            return executor.submit(_ingest, piece)

    try:
        try:
            started = [submit([]) for _ in range(processes)]
            started[0].result()
        except (BrokenProcessPool, ValueError):  # ValueError: the pool closed its pipes while one more was started
            raise OSError("no process can be started") from None
        yield submit
    finally:
        alive.close()
        executor.shutdown(cancel_futures=True)
        parent.close()


@contextmanager
def _spawning() -> Iterator[None]:
    """Within the block, processes start with one thread, without Ctrl-C and without the caller's script.

    multiprocessing imports `__main__` in each process that it spawns, so that a script without an
    `if __name__ == "__main__"` would index again in each worker. Ours need nothing from it.
    """
    main, environment = sys.modules["__main__"], os.environ.copy()
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(ONE_THREAD)
    on_posix = hasattr(signal, "pthread_sigmask")
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if on_posix else ()
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in ONE_THREAD:
            os.environ.pop(name)
        os.environ.update(environment)
        if on_posix:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _start_worker(spec: IngestSpec, parent: Connection, started_count: Synchronized[int]) -> None:
    global _ingester
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which decides what becomes of the work
    # Nothing is ever sent: the wait ends when the parent closes its end, or dies.
    Thread(target=lambda: (wait([parent]), os._exit(1)), daemon=True).start()
    with started_count.get_lock():
        number = started_count.value
        started_count.value += 1
    _ingester = Ingester(spec, number)


_ingester: Ingester  # in a worker process


def _ingest(piece: Piece) -> Results:
    return _ingester.ingest(piece)


def crashed(task: FileTask) -> Ingested:
    """A file that is refused because the process that read it died."""
    reason = "the process that read it died: it may need more memory than is available; please report it"
    found = task.found
    return Ingested(FileEntry(found.path, Outcome.REFUSED, found.size_bytes, found.mtime_ns, reason=reason))
