"""The frames of an AMC file line by line: bones in any order, and what is wrong by its line, frame and bone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .motion_text import MotionText, decode, printable

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
