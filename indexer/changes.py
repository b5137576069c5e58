"""The work of a run: files that are new, changed or gone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mretrieve.errors import MRetrieveError
from mretrieve.formats import recognise
from mretrieve.sources.scan import FoundFile

from .known_files import KnownFile, content_hash
from .library import Library
from .report import FileEntry, Outcome


@dataclass(frozen=True)
class FileTask:
    """A file to read.

    Attributes:
        found: the file.
        skeletons: for an AMC file, the hash of the skeletons that it may refer to.
        known: the file as the index last saw it.
        stored: the file is not read; its clips in the index are encoded again.
    """

    found: FoundFile
    skeletons: str
    known: KnownFile | None
    stored: bool = False


@dataclass(frozen=True)
class Changes:
    """The work of a run.

    Attributes:
        tasks: sorted by path.
        entries: lines of the report for files that need not be read.
        gone: files with clips in the index that the folder no longer has.
        unchanged: number of files with clips that are as the index has them.
    """

    tasks: tuple[FileTask, ...]
    entries: tuple[FileEntry, ...]
    gone: tuple[FileEntry, ...]
    unchanged: int


def changes(library: Library, known: Mapping[str, KnownFile], asf: Path | None, encode_all: bool = False) -> Changes:
    """Compare the files of a library with those that the index knows.

    A file is unchanged if its size and time are and, for AMC, the content of the skeletons next to it. Other files are
    recognised by content; files that hold no motion are ignored.

    With `encode_all` every clip that stays in the index is a task too.
    """
    skeletons = _Skeletons(library, asf)
    tasks: list[FileTask] = []
    entries: list[FileEntry] = []
    unchanged = 0
    for file in library.scan.files:
        before = known.get(file.path)
        if before is None or not _same(file, before, skeletons):
            match _task(library.file(file.path), file, before, skeletons):
                case FileTask() as task:
                    tasks.append(task)
                case FileEntry() as entry:
                    entries.append(entry)
        else:
            unchanged += bool(before.clips)
            entries += [before.entry] if before.entry is not None else []
    listed = {file.path for file in library.scan.files}
    missing = {path: file for path, file in known.items() if path not in listed}
    entries += [file.entry for path, file in missing.items() if file.entry is not None and library.keeps(path)]
    gone = {path: file for path, file in missing.items() if file.clips and not library.keeps(path)}
    if encode_all:
        others = {task.found.path for task in tasks} | gone.keys()
        tasks += [
            FileTask(FoundFile(path, file.size_bytes, file.mtime_ns), "", file, stored=True)
            for path, file in known.items()
            if file.clips and path not in others
        ]
        tasks.sort(key=lambda task: task.found.path)
    gone_entries = tuple(FileEntry(path, Outcome.GONE, clips=file.clips) for path, file in gone.items())
    return Changes(tuple(tasks), tuple(entries), gone_entries, unchanged)


def _task(path: Path, file: FoundFile, before: KnownFile | None, skeletons: _Skeletons) -> FileTask | FileEntry | None:
    """A task for a file that is new or changed, or its line in the report; None if it holds no motion."""
    # An entry without size and time is not remembered: the next run looks at the first bytes again, as this one did.
    try:
        reader = recognise(path)
    except MRetrieveError as error:
        return FileEntry(file.path, Outcome.REFUSED, reason=str(error))
    if reader is None or reader.is_companion:
        return None
    if reader.read is None:
        return FileEntry(file.path, Outcome.UNREADABLE, reason=f"{reader.name}: {reader.hint}")
    return FileTask(file, skeletons.beside(file.path) if reader.name == "amc" else "", before)


class _Skeletons:
    """A hash of the .asf files that the AMC files of each folder may refer to: if it changes, they are read again."""

    def __init__(self, library: Library, asf: Path | None) -> None:
        self._library = library
        self._asf = asf
        self._of_folder: dict[str, list[str]] = {}
        self._hashes: dict[str, str] = {}
        for file in library.scan.files:
            if file.path.lower().endswith(".asf"):
                self._of_folder.setdefault(_folder(file.path), []).append(file.path)

    def beside(self, path: str) -> str:
        folder = "" if self._asf is not None else _folder(path)
        if folder not in self._hashes:
            files = [self._library.file(name) for name in self._of_folder.get(folder, ())]
            digest = hashlib.sha256()
            for file in files if self._asf is None else [self._asf]:
                digest.update(file.name.encode("utf-8", "surrogateescape"))
                try:
                    digest.update(content_hash(file, "").encode())
                except OSError:
                    digest.update(b"?")
            self._hashes[folder] = digest.hexdigest()[:16]
        return self._hashes[folder]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _same(file: FoundFile, before: KnownFile, skeletons: _Skeletons) -> bool:
    if (file.size_bytes, file.mtime_ns) != (before.size_bytes, before.mtime_ns):
        return False
    _, amc, known_skeletons = before.content_hash.partition(":")
    return not amc or skeletons.beside(file.path) == known_skeletons
