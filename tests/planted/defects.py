"""The table of planted defects: one-line changes of the code that the tests must notice.

Each room has a file, such as `storage.toml`, with an entry for each defect.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Defect:
    """A change that a maintainer could make by mistake.

    Attributes:
        name: room and name, such as `storage/content-not-synced`.
        file: path in the repository.
        line: the line as it is, or a part of it that is in the file once.
        planted: what stands there with the defect; a defect that adds a line has two.
        effect: what users would see.
        tests: the tests that concern it; those that notice it first come first.
    """

    name: str
    file: str
    line: str
    planted: str
    effect: str
    tests: tuple[str, ...]


class OutdatedDefectError(Exception):
    """The line to be replaced is not in the file exactly once: the table is older than the code."""


def all_defects() -> list[Defect]:
    """The defects of all rooms, by name of the room."""
    return [
        Defect(
            f"{room.stem}/{name}", entry["file"], entry["line"], entry["planted"], entry["effect"], (*entry["tests"],)
        )
        for room in sorted(Path(__file__).parent.glob("*.toml"))
        for name, entry in tomllib.loads(room.read_text(encoding="utf-8")).items()
    ]


def with_defect(defect: Defect, text: str) -> str:
    """The text of its file with a defect. OutdatedDefectError: its line is not there, or more than once."""
    count = text.count(defect.line)
    if count != 1:
        raise OutdatedDefectError(f"{defect.name}: {defect.file} has {defect.line.strip()!r} {count} times, not once")
    return text.replace(defect.line, defect.planted)
