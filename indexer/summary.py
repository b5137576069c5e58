"""A report as a few lines for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

from mretrieve.encoders.catalogue import is_for_parts

from .build import default_index
from .report import FileEntry, IngestReport, Outcome

#: Of a group of files that something was the matter with, so many are named; the JSON report names all.
NAMED = 3


def summary_lines(report: IngestReport) -> list[str]:
    """What the run did, what the index holds now, and what was the matter with which files."""
    contents = report.contents
    lines = []
    if not report.new_version and not report.interrupted and not report.of(Outcome.READ):
        lines.append("Nothing to do: every file is as the index has it.")
    else:
        read = report.of(Outcome.READ)
        told = [f"{len(read)} files read", f"{report.unchanged_files + len(report.of(Outcome.UNCHANGED))} unchanged"]
        told += [f"{len(gone)} gone"] if (gone := report.of(Outcome.GONE)) else []
        lines.append(f"{', '.join(told)} in {report.wall_s:.1f} s.")
    lines.append(
        f"The index holds {contents.clips} clips of {contents.files} files, {contents.duration_s / 60:.1f} minutes."
    )
    if len(contents.rates_fps) > 1:
        lines.append(f"Mixed rates, all brought to 30 fps: {_counts(contents.rates_fps, ' fps')}.")
    if len(contents.units) > 1:
        lines.append(f"Mixed units, all brought to metres: {_counts(contents.units)}.")
    asked = [name for name in report.settings.encoder.split(",") if not is_for_parts(name)]
    if len(asked) > 1:
        lines.append(f"Queries ask {', '.join(asked)} together; `mretrieve query FILE --encoder NAME` asks one.")
    lines += _groups("Repaired", report.repaired, lambda entry: entry.repairs)
    lines += _groups("Not yet readable", report.of(Outcome.UNREADABLE), lambda entry: [entry.reason])
    lines += _groups("Refused", report.of(Outcome.REFUSED), lambda entry: [entry.reason])
    lines += _groups("Left out", report.of(Outcome.REMOVED), lambda entry: [entry.reason])
    lines += [f"Warning: {warning}" for warning in report.warnings]
    where = "" if Path(report.index) == default_index().absolute() else f" --index {shlex.quote(report.index)}"
    lines.append(f"Index: {report.index}, version {report.version}; reports of every file are in its folder reports.")
    if report.interrupted:
        again = f"mretrieve index {shlex.quote(report.repository)}{where}"
        kept = "what is read is kept. Go on with"
        if not report.new_version:
            kept = "the index is as it was. Begin again, with the same options"
        lines.append(f"Interrupted: {report.unread_files} files are left, {kept}: {again}")
    elif contents.clips:
        lines.append(f"Next: mretrieve query FILE -k 10{where}")
    return [printable(line) for line in lines]


def printable(text: str) -> str:
    """Text that any terminal takes: bytes of file names that are no UTF-8 are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _counts(counts: dict[str, int], unit: str = "") -> str:
    return ", ".join(f"{name}{unit} ({count} clips)" for name, count in counts.items())


def _groups(title: str, entries: Iterable[FileEntry], told: Callable[[FileEntry], Iterable[str]]) -> list[str]:
    """Files by what was the matter: complaints that differ in numbers only are one group, told in the first's words."""
    groups: dict[str, tuple[str, list[str]]] = {}
    files = set()
    for entry in entries:
        files.add(entry.path)
        for text in told(entry):
            words = _without_path(text, entry.path)
            kind = re.sub(r"'[^']*'|\d+(\.\d+)?", "#", words)
            groups.setdefault(kind, (words, []))[1].append(entry.path)
    if not files:
        return []
    lines = [f"{title}: {len(files)} file{'s' * (len(files) > 1)}"]
    for words, paths in sorted(groups.values(), key=lambda group: -len(group[1])):
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        lines.append(f"  {', '.join(paths[:NAMED])}{more}: {words}")
    return lines


def _without_path(text: str, path: str) -> str:
    """A message without the file's name that it begins with, but with the line."""
    found = re.match(rf".*?{re.escape(path)}(?::(\d+))?:\s*", text)
    if found is None:
        return text
    return f"line {found[1]}: {text[found.end() :]}" if found[1] else text[found.end() :]
