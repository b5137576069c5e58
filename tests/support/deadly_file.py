"""Ingesting as a worker process or a Ray task does it, with a file that kills the process, or with endless work."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from mretrieve.indexer import worker

if TYPE_CHECKING:
    from mretrieve.indexer.ray_workers import _Work
    from mretrieve.indexer.worker import Piece, Results

NAME = "05.bvh"

#: A file that `read_in_second_task` makes when it dies.
DIED = ".died"

_ingest = worker._ingest


def ingest(piece: Piece) -> Results:
    """Die at the file NAME, as if for lack of memory."""
    if any(task.found.path == NAME for task in piece):
        os._exit(137)
    return _ingest(piece)


def never_finish(piece: Piece) -> Results:
    """Take the longer than anyone waits, if there is work at all."""
    if piece:
        time.sleep(600)
    return _ingest(piece)


def read_in_task(work: _Work, piece: Piece) -> Any:
    """The same in a Ray task."""
    from mretrieve.indexer import ray_workers

    if any(task.found.path == NAME for task in piece):
        os._exit(137)
    return ray_workers._read(work, piece)


def read_in_second_task(work: _Work, piece: Piece) -> Any:
    """Die at the file NAME the first time."""
    from mretrieve.indexer import ray_workers

    died = work.spec.folders[""] / DIED
    if any(task.found.path == NAME for task in piece) and not died.exists():
        died.touch()
        os._exit(137)
    return ray_workers._read(work, piece)
