"""Text of motion files: lines and words with their places, and rows of decimal numbers read in one compiled pass."""

from __future__ import annotations

import codecs
import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..kernels.compiled import scan_rows
from ..kernels.scan_results import DIFFERS, DONE, LARGEST_VALUE, NEEDS_FLOAT, PADDING, TOO_MANY

__all__ = ["DIFFERS", "DONE", "LARGEST_VALUE", "NEEDS_FLOAT", "PADDING", "TOO_MANY", "scan_rows"]


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
    def load(cls, path: Path, note: Callable[[bytearray], None] = lambda _: None) -> MotionText:
        """Read a whole file and call `note` with its bytes. FormatError: it cannot be read, is empty or is not text."""
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
        note(content)
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
        if 0 <= (first := content.find(0, 0, 65536)) <= content.find(_BINARY_RUN, first, 65536):
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


_LINE = re.compile(rb"[^\r\n]++")
_TOKEN = re.compile(rb"\S++")
_NUMBER = re.compile(rb"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+")


def number(token: bytes) -> float | None:
    """The value of a decimal number with '.' or ',' as its mark; None for anything else, NaN and infinity included."""
    if b"." not in token:
        token = token.replace(b",", b".")
    if len(token) > 400 or not _NUMBER.fullmatch(token):
        return None
    value = float(token)
    return value if math.isfinite(value) else None


def read_rows(text: MotionText, start: int, frame_count: int, row_length: int, claimed_at: int) -> NDArray[np.float64]:
    """`frame_count` rows of `row_length` numbers from the byte `start` to the end of the text, as (T, C) float64.

    A frame may be wrapped over lines and a line may hold several frames, but no line may hold the end of one frame and
    a part of the next: there a value is lost or too many. `claimed_at` is the position of the frame count in the text.

    Raises:
        FormatError: more or fewer numbers than declared, a token that is not a finite number or beyond LARGEST_VALUE.
    """
    total = frame_count * row_length
    if total > (text.size - start + 1) // 2:  # a number and its separator take two bytes: no memory on a false claim
        raise _count_error(text, start, frame_count, row_length, claimed_at)
    numbers = np.frombuffer(text.content, np.uint8)
    values = np.empty(total)
    state = np.array([start, 0, 0, -1], np.int64)
    mark = ord(".")
    while (status := scan_rows(numbers, text.size, mark, row_length, values, state)) != DONE:
        position, count = int(state[0]), int(state[1])
        if status == TOO_MANY:
            raise _count_error(text, start, frame_count, row_length, claimed_at)
        if mark == ord(".") and b"," in _token(text, position).group():
            mark = ord(",")  # from the start again: points are now refused, as they might part thousands
            state[:] = start, 0, 0, -1
            continue
        values[count], state[0] = slow_number(text, position, mark, f"frame {count // row_length + 1}")
        state[1] = count + 1
    if state[1] < total:
        raise _count_error(text, start, frame_count, row_length, claimed_at)
    if state[3] >= 0:
        raise _shape_error(text, start, row_length) or text.error(
            int(state[3]) - 1,
            f"this line holds the end of one frame and a part of the next, but a frame has {row_length} values; look "
            "for a lost or doubled value here or before, or put each frame on a line of its own",
        )
    return values.reshape(frame_count, row_length)


def slow_number(text: MotionText, position: int, mark: int, where: str) -> tuple[float, int]:
    """The number at `position`, by `float()`, and the position after it; FormatError if it is not a number."""
    token = _token(text, position)
    other_mark = b"." if mark == ord(",") else b","
    value = None if other_mark in token.group() else number(token.group())
    if value is None or abs(value) > LARGEST_VALUE:
        wrong = "is not a finite number" if value is None else "is larger than any motion"
        raise text.error(
            position,
            f"{where}: {printable(token.group()[:40])!r} {wrong}; correct this value or export the motion again",
        )
    return value, token.end()


def _token(text: MotionText, position: int) -> re.Match[bytes]:
    token = _TOKEN.match(text.content, position)
    assert token, "a scan stops at the start of a token"
    return token


def decimal_mark(text: MotionText, start: int) -> int:
    """',' if the text has one after `start`; points are then refused, as they might separate thousands."""
    return ord("," if text.content.find(b",", start) >= 0 else ".")


def _shape_error(text: MotionText, start: int, row_length: int) -> FormatError | None:
    """The first line with another number of values than a frame has; None if lines do not hold one frame each."""
    frame = 0
    for line in _LINE.finditer(text.content, start):
        value_count = len(line.group().split())
        if value_count == 0:
            continue
        frame += 1
        if value_count != row_length:
            if frame == 1 and value_count < row_length:
                return None
            return text.error(
                line.start(),
                f"frame {frame} has {value_count} values, the hierarchy declares {row_length} channels; correct or "
                "delete this row, or export the motion again",
            )
    return None


def _count_error(text: MotionText, start: int, frame_count: int, row_length: int, claimed_at: int) -> FormatError:
    """Why the block does not hold frame_count x row_length numbers."""
    if shape_error := _shape_error(text, start, row_length):
        return shape_error
    value_count = sum(1 for _ in _TOKEN.finditer(text.content, start))
    found, rest = divmod(value_count, row_length)
    partial = f" and {rest} of the {row_length} values of one more" if rest else ""
    return text.error(
        claimed_at,
        f"{frame_count} frames are declared, the data holds {found}{partial}; correct the frame count or export the "
        "motion again",
    )
