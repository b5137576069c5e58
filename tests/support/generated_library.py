"""What the fixtures `library` and `demo` hand to the tests of search and of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mretrieve import Index
from mretrieve.storage.snapshot import Snapshot


@dataclass(frozen=True)
class Demo:
    """A folder with `library/`, the motion files in it, and a query beside it."""

    folder: Path
    motions: list[Path]
    query: Path


@dataclass(frozen=True, eq=False)
class Library:
    """A folder of motion files with its index."""

    folder: Path
    index: Path
    opened: Index

    @property
    def short_clip(self) -> str:
        """A clip of a few seconds."""
        return next(clip for clip in self.opened.clips if "_kick_" in clip)

    @property
    def long_take(self) -> str:
        """A take of many actions."""
        return next(clip for clip in self.opened.clips if "_take_" in clip)

    @property
    def snapshot(self) -> Snapshot:
        """The version that `opened` reads."""
        return Snapshot.open(self.index)
