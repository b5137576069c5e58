"""AMC frames from bytes: in one compiled pass if every frame names its bones in the same order, else line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import scan_frames
from .motion_text import MotionText, decode, printable

__all__ = ["Layout", "layout_of", "scan_frames"]

#: The names of a frame's bones in words of eight bytes: the words, which of their bits count, how many of their bytes,
#: and where the words of each bone end (beginning with 0).
Layout = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]]


@lru_cache(maxsize=64)  # the takes of a recording share their skeleton
def layout_of(names: tuple[bytes, ...]) -> Layout:
    """The names of a frame's bones as `scan_frames` compares them."""
    pieces = [[name[at : at + 8] for at in range(0, len(name), 8)] for name in names]
    lengths = np.array([len(piece) for own in pieces for piece in own], np.uint64)
    words = np.frombuffer(b"".join(piece.ljust(8, b"\0") for own in pieces for piece in own), "<u8").astype(np.uint64)
    masks = np.array([2 ** (8 * int(length)) - 1 for length in lengths], np.uint64)
    return words, masks, lengths, np.cumsum([0] + [len(own) for own in pieces])


_LINE = re.compile(rb"[^\r\n]++")


@dataclass(frozen=True, eq=False)
class AmcFrame:
    """One frame: its number, and the start and end in the text of each bone's values, by the bytes of its name."""

    number: int
    bones: dict[bytes, tuple[int, int]]


@dataclass(frozen=True, eq=False)
class AmcLines:
    """The lines of one AMC text, on a skeleton of the file name `skeleton` with these degrees of freedom by bone."""

    text: MotionText
    dofs: dict[str, tuple[str, ...]]
    skeleton: str

    def frames(self, start: int, due: int | None = None) -> Iterator[AmcFrame]:
        """The frames from byte `start` on, the first of which has the number `due` if that is not None.

        FormatError: a frame without a bone or with one twice, a bone that the skeleton lacks, more or fewer values than
        degrees of freedom, frame numbers that do not follow each other.
        """
        frame: AmcFrame | None = None
        position = start
        for line in _LINE.finditer(self.text.content, start):
            words = line.group().split()
            if not words or words[0].startswith(b"#"):
                continue
            if len(words) == 1 and words[0].isdigit():
                if frame is not None:
                    yield self._complete(frame, position)
                position = line.start()
                frame = AmcFrame(self._number(position, words[0], due), {})
                due = frame.number + 1
            elif frame is None:
                place = "before the first frame number" if due is None else f"where frame number {due} is due"
                raise self.text.error(line.start(), f"{self.text.line_text(line.start())!r} {place}; correct the line")
            else:
                self._add(frame, line, words)
        if frame is not None:
            yield self._complete(frame, position)

    def _number(self, position: int, word: bytes, due: int | None) -> int:
        if len(word) > 15 or (due is not None and int(word) != due):
            is_due = "" if due is None else f" where frame {due} is due"
            raise self.text.error(position, f"frame {printable(word[:20])}{is_due}; number the frames one by one")
        return int(word)

    def _add(self, frame: AmcFrame, line: re.Match[bytes], words: list[bytes]) -> None:
        bone, position = decode(words[0]), line.start()
        value_count = len(words) - 1
        if bone in self.dofs and words[0] not in frame.bones and value_count == len(self.dofs[bone]):
            frame.bones[words[0]] = position + line.group().index(words[0]) + len(words[0]), line.end()
            return
        where = f"frame {frame.number}: bone {printable(words[0])!r}"
        if bone not in self.dofs:
            raise self.text.error(position, f"{where} is not in {self.skeleton}; name the right skeleton with --asf")
        if words[0] in frame.bones:
            raise self.text.error(position, f"{where} occurs twice; remove one")
        raise self.text.error(
            position,
            f"{where} has {value_count} values, in {self.skeleton} it has {len(self.dofs[bone])} degrees of freedom; "
            "correct the line or name the right skeleton with --asf",
        )

    def _complete(self, frame: AmcFrame, position: int) -> AmcFrame:
        if len(frame.bones) < len(self.dofs):
            present = set(map(decode, frame.bones))
            missing = [bone for bone, dofs in self.dofs.items() if dofs and bone not in present]
            if missing:
                more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
                raise self.text.error(
                    position,
                    f"frame {frame.number} lacks {', '.join(missing[:3])}{more}; delete the frame if the file was cut "
                    "short, or name the right skeleton with --asf",
                )
        return frame
