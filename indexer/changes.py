"""The work of a run: files that are new, changed or gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mretrieve.errors import MRetrieveError
from mretrieve.formats import recognise
from mretrieve.formats.content_hash import SKELETON_SUFFIXES, skeletons_hash
from mretrieve.sources.scan import FoundFile

from .folders import KnownFile
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


def changes(
    library: Library, known: Mapping[str, KnownFile], asf: Path | None, encode_all: bool = False, check: bool = False
) -> Changes:
    """Compare the files of a library with those that the index knows.

    A file is unchanged if its size and time are and, for AMC, the content of the skeletons next to it. Other files are
    recognised by content; files that hold no motion are ignored.

    With `check` the content of every file is compared, whatever its time: a program may have changed it and kept that.
    With `encode_all` every clip that stays in the index is a task too.
    """
    results, unchanged = _look_at(library, known, _Skeletons(library, asf), check)
    entries, gone = _missing(library, known)
    tasks = [result for result in results if isinstance(result, FileTask)]
    if encode_all:
        tasks += _stored(known, {task.found.path for task in tasks} | {entry.path for entry in gone})
    return Changes(
        tasks=tuple(sorted(tasks, key=lambda task: task.found.path)),
        entries=(*(result for result in results if isinstance(result, FileEntry)), *entries),
        gone=gone,
        unchanged=unchanged,
    )


def _missing(library: Library, known: Mapping[str, KnownFile]) -> tuple[list[FileEntry], tuple[FileEntry, ...]]:
    """Lines of the report for known files that were not found: those that are kept, and those that are gone."""
    listed = {file.path for file in library.scan.files}
    missing = {path: file for path, file in known.items() if path not in listed}
    gone = {path: file for path, file in missing.items() if not library.keeps(path)}
    entries = [file.entry for path, file in missing.items() if file.entry is not None and path not in gone]
    return entries, tuple(FileEntry(path, Outcome.GONE, clips=file.clips) for path, file in gone.items() if file.clips)


def _look_at(
    library: Library, known: Mapping[str, KnownFile], skeletons: _Skeletons, check: bool
) -> tuple[list[FileTask | FileEntry], int]:
    """Tasks and lines of the report for the files that are there, and the number of unchanged files with clips."""
    results: list[FileTask | FileEntry] = []
    unchanged = 0
    for file in library.scan.files:
        before = known.get(file.path)
        if before is None or check or not _same(file, before, skeletons):
            results += _new_or_changed(library.file(file.path), file, before, skeletons)
            continue
        unchanged += bool(before.clips)
        if before.entry is not None:
            results.append(before.entry)
    return results, unchanged


def _stored(known: Mapping[str, KnownFile], others: Collection[str]) -> list[FileTask]:
    """Tasks for the known files that are not among others, without reading them."""
    return [
        FileTask(FoundFile(path, file.size_bytes, file.mtime_ns), "", file, stored=True)
        for path, file in known.items()
        if file.clips and path not in others
    ]


def _new_or_changed(
    path: Path, file: FoundFile, before: KnownFile | None, skeletons: _Skeletons
) -> list[FileTask | FileEntry]:
    """A task for a file, or its line in the report; nothing if it holds no motion."""
    # An entry without size and time is not remembered: the next run looks at the first bytes again, as this one did.
    try:
        reader = recognise(path)
    except MRetrieveError as error:
        return [FileEntry(file.path, Outcome.REFUSED, reason=str(error))]
    if reader is None or reader.is_companion:
        return []
    if reader.obstacle:
        return [FileEntry(file.path, Outcome.UNREADABLE, reason=f"{reader.name}: {reader.obstacle}")]
    return [FileTask(file, skeletons.beside(file.path) if reader.name in _ON_SKELETONS else "", before)]


#: Formats whose files are read with a skeleton beside them.
_ON_SKELETONS = ("amc", "opensim")


class _Skeletons:
    """A hash of the skeletons that the files of each folder may refer to: if it changes, they are read again."""

    def __init__(self, library: Library, asf: Path | None) -> None:
        self._library = library
        self._asf = asf
        self._of_folder: dict[str, list[str]] = {}
        self._hashes: dict[str, str] = {}
        for file in library.scan.files:
            if file.path.lower().endswith(SKELETON_SUFFIXES):
                self._of_folder.setdefault(_folder(file.path), []).append(file.path)

    def beside(self, path: str) -> str:
        folder = _folder(path)
        if folder not in self._hashes:
            files = [self._library.file(name) for name in self._of_folder.get(folder, ())]
            self._hashes[folder] = skeletons_hash(files, self._asf)
        return self._hashes[folder]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _same(file: FoundFile, before: KnownFile, skeletons: _Skeletons) -> bool:
    if (file.size_bytes, file.mtime_ns) != (before.size_bytes, before.mtime_ns):
        return False
    _, has_skeleton, known_skeletons = before.content_hash.partition(":")
    return not has_skeleton or skeletons.beside(file.path) == known_skeletons
