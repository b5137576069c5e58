"""Remarks and refusals of many files in a few groups, and how they are counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .report import FileEntry


@dataclass(frozen=True)
class ReasonGroup:
    """Files with the same reason.

    Attributes:
        reason: as the first file has it, without the file's name in front.
        paths: the files, in the order of the report.
    """

    reason: str
    paths: tuple[str, ...]


def group_by_reason(
    entries: Iterable[FileEntry], reasons: Callable[[FileEntry], Iterable[str]]
) -> tuple[ReasonGroup, ...]:
    """Files by reason, the largest group first; a file is in as many groups as it has kinds of reasons."""
    groups: dict[str, tuple[str, dict[str, None]]] = {}
    for entry in entries:
        for text in reasons(entry):
            reason = _without_path(text, entry.path)
            groups.setdefault(kind_of(reason), (reason, {}))[1][entry.path] = None
    found = [ReasonGroup(reason, tuple(paths)) for reason, paths in groups.values()]
    return tuple(sorted(found, key=lambda group: -len(group.paths)))


def kind_of(reason: str) -> str:
    """The same text for reasons that differ only in numbers and in quoted text."""
    return re.sub(r"'[^']*'|\d+(\.\d+)?", "#", reason)


def quantity(number: int, noun: str) -> str:
    """A number and its noun: `1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _without_path(text: str, path: str) -> str:
    """A message without the file's name in front, but with the line."""
    prefix = re.match(rf".*?{re.escape(path)}(?::(\d+))?:\s*", text)
    if prefix is None:
        return text
    return f"line {prefix[1]}: {text[prefix.end() :]}" if prefix[1] else text[prefix.end() :]
