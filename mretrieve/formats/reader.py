"""The interface of a motion format: recognising and reading a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import FormatError
from ..motion.motion import Motion
from .motion_text import MotionText

#: Bytes from the beginning of a file by which its format is recognised.
HEAD_BYTES = 65536


@dataclass(frozen=True)
class ReadingOptions:
    """How motion files are read.

    Attributes:
        asf: the skeleton of all AMC files; None looks for one next to each file.
        rig_map: a saved rig map; None finds the map of each rig.
    """

    asf: Path | None = None
    rig_map: Path | None = None


@dataclass(frozen=True, eq=False)
class MotionFile:
    """A motion file on disk or in memory.

    Attributes:
        path: the file, or the name that messages give to content in memory.
        content: the bytes of content in memory; None reads `path`.
    """

    path: Path
    content: bytes | None = None

    def head(self) -> bytes:
        """The first HEAD_BYTES. FormatError: the file cannot be opened."""
        if self.content is not None:
            return self.content[:HEAD_BYTES]
        try:
            with self.path.open("rb") as file:
                return file.read(HEAD_BYTES)
        except OSError as error:
            raise self._unreadable(error) from None

    def read_bytes(self) -> bytes:
        """All bytes, for binary formats. FormatError: the file cannot be read."""
        try:
            return self.path.read_bytes() if self.content is None else self.content
        except OSError as error:
            raise self._unreadable(error) from None

    def text(self) -> MotionText:
        """All text, for text formats. FormatError: the file cannot be read, is empty or is not text."""
        return MotionText.load(self.path) if self.content is None else MotionText.of(self.path, bytearray(self.content))

    def _unreadable(self, error: OSError) -> FormatError:
        return FormatError(
            f"{self.path}: cannot be read: {error.strerror or error}; check the path and its permissions"
        )


@dataclass(frozen=True)
class Reader:
    """One motion format: how its files are recognised and read.

    Attributes:
        name: the format's name, as messages have it.
        suffixes: suffixes of its files, lower case without the dot. They count only if the content says nothing.
        recognises: whether the first bytes of a file, HEAD_BYTES at most, are of this format.
        read: the motions in a file, one per body; None for a format that is known but cannot be read. It raises
            FormatError, with file, line and remedy, for a file that is damaged or contradicts itself.
        hint: for a format that cannot be read, the reason and the remedy.
        is_companion: whether its files only accompany motion files, as skeletons do, and hold no motion themselves.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes, Path], bool]
    read: Callable[[MotionFile, ReadingOptions], list[Motion]] | None = None
    hint: str = ""
    is_companion: bool = False
