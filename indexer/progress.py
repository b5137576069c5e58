"""How far an ingest has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A moment of an ingest, told after every few files."""

    files_done: int
    files_total: int  # files that must be read in this run; unchanged ones are not counted
    clips: int  # clips read so far
    motion_s: float  # seconds of motion read so far
    refused: int  # files refused so far
    path: str  # the last file


#: Whoever wants to hear of progress; called in the process and thread that runs the ingest.
Listener = Callable[[Progress], None]
