"""Many files on many cores: this process and helper processes, results in the order of the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from types import TracebackType

from .changes import Task
from .ingest import Ingested, Ingester, Recipe
from .report import FileEntry, Outcome

#: How many results may wait for an earlier one, for each process: what bounds the memory.
AHEAD = 4

Piece = Sequence[Task]


def ingest_in_order(
    recipe: Recipe, pieces: Sequence[Piece], processes: int, stopped: Callable[[], bool]
) -> Generator[list[Ingested], None, None]:
    """Ingest pieces of work and yield the outcomes of each, in the order of `pieces`, until `stopped()`.

    This process works too: with `processes` = 1 nothing is started, with N there are N - 1 helpers, and the first
    pieces are done while those still start. What comes out does not depend on `processes`.
    """
    if not pieces:
        return  # and load no encoder
    own = Ingester(recipe)
    done: dict[int, list[Ingested]] = {}
    given = 0
    with ExitStack() as stack:
        helpers: list[Helper] = []
        with suppress(OSError):  # no more processes to be had: fewer do it too
            helpers.extend(stack.enter_context(Helper(recipe)) for _ in range(min(processes, len(pieces)) - 1))
        for number in range(len(pieces)):
            while number not in done:
                if stopped():
                    return
                limit = min(len(pieces), number + AHEAD * processes)
                for helper in helpers:
                    while given < limit and helper.wants_work:
                        helper.give(given, pieces[given])
                        given += 1
                # What is finished comes first, so that no helper runs dry; then a piece of our own; else we wait.
                for helper in _speaking(helpers, timeout_s=0 if given < limit else 0.2):
                    done |= helper.take()
                if number not in done and given < limit:
                    done[given] = own.ingest(pieces[given])
                    given += 1
            yield done.pop(number)


def _speaking(helpers: Sequence[Helper], timeout_s: float) -> list[Helper]:
    heard = wait([helper.connection for helper in helpers if helper.awaited], timeout_s)
    return [helper for helper in helpers if helper.connection in heard]


class Helper:
    """A process that ingests pieces.

    It is a fresh interpreter and no fork of this one: a fork copies the locks of threads that it does not have, and
    multiprocessing's other ways run the caller's script again. It ends when its end of the pipe closes, so none is left
    behind whatever becomes of this process.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._pieces: dict[int, Piece] = {}  # given and not yet taken, in order
        self._start()

    def _start(self) -> None:
        self.connection, theirs = Pipe()
        limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", f"from {__name__} import help_with; help_with({theirs.fileno()})"],
            env={**os.environ, **limits, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for the parent, which decides what becomes of the work in hand
        )
        theirs.close()
        self._ready = False
        self._lost = False
        with suppress(OSError):  # it died: `take` finds out
            self.connection.send(self._recipe)

    @property
    def wants_work(self) -> bool:
        """Whether to give it a piece: one in hand and one waiting, so that it never waits for us."""
        return self._ready and len(self._pieces) < 2

    @property
    def awaited(self) -> bool:
        """Whether something will come from it."""
        return bool(self._pieces) or not (self._ready or self._lost)

    def give(self, number: int, piece: Piece) -> None:
        """Hand over a piece of work."""
        self._pieces[number] = piece
        with suppress(OSError):  # it died: `take` finds out
            self.connection.send(piece)

    def take(self) -> dict[int, list[Ingested]]:
        """What it has to say; waits for it. Where it died, its pieces are done over, one file at a time."""
        try:
            outcome: list[Ingested] = self.connection.recv()
        except (EOFError, OSError):
            # One that cannot even start (out of memory, a frozen interpreter) is done without.
            self._lost = not self._ready
            return self._recovered() if self._ready else {}
        if not self._ready:
            self._ready = True
            return {}
        number = next(iter(self._pieces))
        del self._pieces[number]
        return {number: outcome}

    def _recovered(self) -> dict[int, list[Ingested]]:
        """The pieces in hand when the process died, with the file that kills it refused."""
        pieces, self._pieces = self._pieces, {}
        return {number: [self._alone(task) for task in piece] for number, piece in pieces.items()}

    def _alone(self, task: Task) -> Ingested:
        """One file in a process of its own."""
        self.close()
        self._start()
        self.take()
        try:
            self.connection.send([task])
            outcome: list[Ingested] = self.connection.recv()
        except (EOFError, OSError):
            status = self._process.wait()
            self.close()
            self._start()
            return _deadly(task, status)
        return outcome[0]

    def close(self) -> None:
        """End the process."""
        self.connection.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Helper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _deadly(task: Task, status: int) -> Ingested:
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
    reason = f"the process that read it died ({how}): it may need more memory than there is; please report it"
    found = task.found
    return Ingested(FileEntry(found.path, Outcome.REFUSED, found.size_bytes, found.mtime_ns, reason=reason))


def help_with(descriptor: int) -> None:
    """What a helper process runs: a recipe comes, then pieces, and their outcomes go back, until the pipe closes."""
    connection = Connection(descriptor)
    try:
        ingester = Ingester(connection.recv())
        connection.send([])  # ready
        while True:
            connection.send(ingester.ingest(connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)
