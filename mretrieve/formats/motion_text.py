"""A text file in memory that knows its path and its lines, so that every message can name them."""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import FormatError
from .number_scan import PADDING

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BINARY_RUN = bytes(8)


@dataclass(frozen=True, eq=False)
class MotionText:
    """The bytes of a text file without its byte-order mark; UTF-16 is converted to UTF-8.

    Attributes:
        path: the file.
        content: the text, followed by PADDING line feeds that are not in the file, for the number scanner.
        size: bytes of text without the padding.
    """

    path: Path
    content: bytearray
    size: int

    @classmethod
    def load(cls, path: Path) -> MotionText:
        """Read a whole file. FormatError: it cannot be read, is empty or is not text."""
        try:
            with path.open("rb", buffering=0) as file:
                content = _memory(os.fstat(file.fileno()).st_size + PADDING)
                filled = 0
                while count := file.readinto(memoryview(content)[filled:]):
                    filled += count
                beyond = file.read()  # nothing, unless the file has grown or has no size
        except OSError as error:
            raise FormatError(f"{path}: cannot be read: {error.strerror}; check the path and its permissions") from None
        except MemoryError:
            raise FormatError(f"{path}: the file does not fit in memory; cut it into shorter takes") from None
        del content[filled:]
        content += beyond
        return cls.of(path, content)

    @classmethod
    def of(cls, path: Path, content: bytearray) -> MotionText:
        """The text that a file of this content holds; FormatError: it is empty or not text. `content` is used up."""
        if content.startswith(codecs.BOM_UTF8):
            del content[: len(codecs.BOM_UTF8)]
        elif content.startswith(_UTF16_MARKS):
            try:
                content = bytearray(content.decode("utf-16").encode("utf-8", "replace"))
            except UnicodeDecodeError as error:
                raise FormatError(f"{path}: broken UTF-16 at byte {error.start}; save the file as UTF-8 text") from None
        if not content or content.isspace():
            raise FormatError(f"{path}: the file is empty; export it again")
        if content.find(_BINARY_RUN, 0, 65536) >= 0:
            raise FormatError(f"{path}: binary data where text is expected; export the motion as text again")
        size = len(content)
        content += b"\n" * PADDING
        return cls(path, content, size)

    def free(self) -> None:
        """Give the content's memory to the next file; the text is empty afterwards."""
        if not _SPARE and len(self.content) <= LARGEST_SPARE:
            _SPARE.append(self.content)
        object.__setattr__(self, "content", bytearray(PADDING))
        object.__setattr__(self, "size", 0)

    def line_at(self, position: int) -> int:
        """Number of the line, from 1, that holds the byte at `position`; a lone CR ends a line if there is no LF."""
        line_end = b"\n" if self.content.find(b"\n", 0, self.size) >= 0 else b"\r"
        return self.content.count(line_end, 0, min(position, self.size)) + 1

    def line_text(self, position: int, limit: int = 40) -> str:
        """The rest of the line from `position`, shortened to `limit` characters, safe to print."""
        lines = bytes(self.content[position : position + 4 * limit]).splitlines() or [b""]
        words = printable(lines[0].strip())
        return words if len(words) <= limit else words[: limit - 3] + "..."

    def error(self, position: int, message: str) -> FormatError:
        """The error `path:line: message` for the byte at `position`."""
        return FormatError(f"{self.path}:{self.line_at(position)}: {message}")


#: Bytes of memory that are kept from one file to the next.
LARGEST_SPARE = 32 << 20
# The memory of one file that was read, if any: fresh pages would cost about a third of the time of reading numbers.
_SPARE: list[bytearray] = []


def _memory(length: int) -> bytearray:
    """`length` bytes of any content."""
    try:
        memory = _SPARE.pop()
    except IndexError:  # the first file, or another thread has it
        memory = bytearray()
    if len(memory) > length:
        del memory[length:]
    elif memory:
        memory += bytes(length - len(memory))
    else:
        memory = bytearray(length)
    return memory


def text_head(head: bytes) -> bytes:
    """The first bytes of a text file as formats recognise them: without byte-order mark, UTF-16 as UTF-8."""
    if head.startswith(_UTF16_MARKS):
        head = head.decode("utf-16", "replace").encode()
    return head.removeprefix(codecs.BOM_UTF8)


def decode(name: bytes) -> str:
    """Text of a name or comment: UTF-8 if it is valid, else Latin-1, which every byte string is."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")


def printable(token: bytes) -> str:
    """Text of a token for a message of one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in decode(token[:80]))
