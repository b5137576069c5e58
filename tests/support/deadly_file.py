"""Ingesting as a worker process does it, with a file that kills the process, or with work that never ends."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from mretrieve.indexer import worker

if TYPE_CHECKING:
    from mretrieve.indexer.worker import Piece, Results

NAME = "05.bvh"

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
