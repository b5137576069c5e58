"""What an index knows of a folder, and which files it must read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mretrieve.errors import MRetrieveError
from mretrieve.formats import readable_formats, recognise
from mretrieve.sources.scan import FoundFile, Scan
from mretrieve.storage import Snapshot

from .report import FileEntry, Outcome


@dataclass(frozen=True)
class KnownFile:
    """A file as the index last saw it.

    Attributes:
        size_bytes: its size.
        mtime_ns: time of its last modification.
        content_hash: see `content_hash`.
        clips: ids of its clips; empty if it was refused or removed.
        entry: its line in the last report if it had one, which the next report repeats.
    """

    size_bytes: int
    mtime_ns: int
    content_hash: str
    clips: tuple[str, ...]
    entry: FileEntry | None = None


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


def known_files(snapshot: Snapshot | None, remembered: Iterable[FileEntry]) -> dict[str, KnownFile]:
    """Files by path: those with clips in the index, and those without that the last report lists."""
    known: dict[str, KnownFile] = {}
    if snapshot is not None:
        names = ("clip", "path", "size_bytes", "mtime_ns", "content_hash")
        columns = [snapshot.clips.column(name).to_pylist() for name in names]
        for clip, path, size_bytes, mtime_ns, content_hash in zip(*columns, strict=True):
            clips = known[path].clips if path in known else ()
            known[path] = KnownFile(size_bytes, mtime_ns, content_hash, (*clips, clip))
    for entry in remembered:
        indexed = known.get(entry.path)
        if indexed is None:
            is_valid, clips = entry.outcome is not Outcome.UNCHANGED, ()  # clips that were unchanged then are gone
        else:
            is_valid, clips = indexed.content_hash == entry.content_hash, indexed.clips
        if is_valid and entry.content_hash:
            known[entry.path] = KnownFile(entry.size_bytes, entry.mtime_ns, entry.content_hash, clips, entry)
    return known


def changes(
    repository: Path, found: Scan, known: Mapping[str, KnownFile], asf: Path | None, encode_all: bool = False
) -> Changes:
    """Compare a folder with the files that the index knows.

    A file is unchanged if its size and time are and, for AMC, the content of the skeletons next to it. Other files are
    recognised by content; files that hold no motion are ignored.

    With `encode_all` every clip that stays in the index is a task too.
    """
    skeletons = _Skeletons(repository, found, asf)
    tasks: list[FileTask] = []
    entries: list[FileEntry] = []
    unchanged = 0
    for file in found.files:
        before = known.get(file.path)
        if before is None or not _same(file, before, skeletons):
            match _task(repository, file, before, skeletons):
                case FileTask() as task:
                    tasks.append(task)
                case FileEntry() as entry:
                    entries.append(entry)
        else:
            unchanged += bool(before.clips)
            entries += [before.entry] if before.entry is not None else []
    gone = _gone(found, known)
    if encode_all:
        others = {task.found.path for task in tasks} | {entry.path for entry in gone}
        tasks += [
            FileTask(FoundFile(path, file.size_bytes, file.mtime_ns), "", file, stored=True)
            for path, file in known.items()
            if file.clips and path not in others
        ]
        tasks.sort(key=lambda task: task.found.path)
    return Changes(tuple(tasks), tuple(entries), gone, unchanged)


def _task(
    repository: Path, file: FoundFile, before: KnownFile | None, skeletons: _Skeletons
) -> FileTask | FileEntry | None:
    """A task for a file that is new or changed, or its line in the report; None if it holds no motion."""
    # An entry without size and time is not remembered: the next run looks at the first bytes again, as this one did.
    try:
        reader = recognise(repository / file.path)
    except MRetrieveError as error:
        return FileEntry(file.path, Outcome.REFUSED, reason=str(error))
    if reader is None or reader.is_companion:
        return None
    if reader.read is None:
        return FileEntry(file.path, Outcome.UNREADABLE, reason=f"{reader.name}: {reader.hint}")
    return FileTask(file, skeletons.beside(file.path) if reader.name == "amc" else "", before)


def _gone(found: Scan, known: Mapping[str, KnownFile]) -> tuple[FileEntry, ...]:
    listed = {file.path for file in found.files}
    return tuple(
        FileEntry(path, Outcome.GONE, clips=file.clips)
        for path, file in known.items()
        if file.clips and path not in listed and not any(map(path.startswith, found.unlisted))
    )


def holds_motion(repository: Path, found: Scan) -> bool:
    """Whether any file is of a motion format, readable or not."""
    return any(_may_hold_motion(repository / file.path) for file in found.files)


def no_motion(repository: Path) -> MRetrieveError:
    """The error for a folder without a motion file."""
    formats = ", ".join(readable_formats()).upper()
    return MRetrieveError(f"{repository}: no motion file found; mretrieve reads {formats}, in subfolders too")


def _may_hold_motion(path: Path) -> bool:
    try:
        reader = recognise(path)
    except MRetrieveError:
        return True  # the run that reads it reports the reason
    return reader is not None and not reader.is_companion


def content_hash(path: Path, skeletons: str) -> str:
    """SHA-256 of a file's bytes, for AMC followed by a colon and the hash of the skeletons that it may have.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        own = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{own}:{skeletons}" if skeletons else own


class _Skeletons:
    """The .asf files that the AMC files of each folder may go by, as one hash: where it changes they are read anew."""

    def __init__(self, repository: Path, found: Scan, asf: Path | None) -> None:
        self._repository = repository
        self._asf = asf
        self._of_folder: dict[str, list[str]] = {}
        self._hashes: dict[str, str] = {}
        for file in found.files:
            if file.path.lower().endswith(".asf"):
                self._of_folder.setdefault(_folder(file.path), []).append(file.path)

    def beside(self, path: str) -> str:
        folder = "" if self._asf is not None else _folder(path)
        if folder not in self._hashes:
            files = [self._repository / name for name in self._of_folder.get(folder, ())]
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
