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
    """A file as the index last saw it."""

    size_bytes: int
    mtime_ns: int
    content_hash: str
    clips: tuple[str, ...]  # none where it was refused or removed
    entry: FileEntry | None = None  # what the last report remembers of it, to be said again


@dataclass(frozen=True)
class Task:
    """A file to read."""

    found: FoundFile
    skeletons: str  # hash of the skeletons that an AMC file may go by, "" for other files
    known: KnownFile | None  # what the index has of an earlier state of the file
    stored: bool = False  # its clips are taken from the index and encoded; the file is not looked at


@dataclass(frozen=True)
class Changes:
    """What a run has to do."""

    tasks: tuple[Task, ...]  # sorted by path
    entries: tuple[FileEntry, ...]  # files that need no reading but a line in the report
    gone: tuple[FileEntry, ...]  # files with clips in the index that the folder no longer has
    unchanged: int


def known_files(snapshot: Snapshot | None, remembered: Iterable[FileEntry]) -> dict[str, KnownFile]:
    """What the index holds, and what the last report remembers of files that gave no clip."""
    known: dict[str, KnownFile] = {}
    if snapshot is not None:
        names = ("clip", "path", "size_bytes", "mtime_ns", "content_hash")
        columns = [snapshot.clips.column(name).to_pylist() for name in names]
        for clip, path, size_bytes, mtime_ns, content_hash in zip(*columns, strict=True):
            clips = known[path].clips if path in known else ()
            known[path] = KnownFile(size_bytes, mtime_ns, content_hash, (*clips, clip))
    for entry in remembered:
        indexed = known.get(entry.path)
        clips = indexed.clips if indexed is not None else ()
        if indexed is None and entry.outcome is Outcome.UNCHANGED:
            continue  # the clips that it speaks of are gone
        if entry.content_hash and (indexed is None or indexed.content_hash == entry.content_hash):
            known[entry.path] = KnownFile(entry.size_bytes, entry.mtime_ns, entry.content_hash, clips, entry)
    return known


def changes(
    repository: Path, found: Scan, known: Mapping[str, KnownFile], asf: Path | None, encode_all: bool = False
) -> Changes:
    """Compare a folder with what the index knows of it.

    A file is unchanged where size and time are those known and, for AMC, the skeletons beside it have the known
    content. Other files are recognised by content; those that hold no motion are passed over in silence.

    With `encode_all` every clip that stays in the index is a task too, as the index has it.
    """
    skeletons = _Skeletons(repository, found, asf)
    tasks: list[Task] = []
    entries: list[FileEntry] = []
    unchanged = 0
    for file in found.files:
        before = known.get(file.path)
        if before is not None and _same(file, before, skeletons):
            unchanged += bool(before.clips)
            if before.entry is not None:
                entries.append(before.entry)
            continue
        try:
            reader = recognise(repository / file.path)
        except MRetrieveError as error:
            entries.append(_without_clip(file, Outcome.REFUSED, str(error)))
            continue
        if reader is None or reader.is_companion:
            continue
        if reader.read is None:
            entries.append(_without_clip(file, Outcome.UNREADABLE, f"{reader.name}: {reader.hint}"))
        else:
            tasks.append(Task(file, skeletons.beside(file.path) if reader.name == "amc" else "", before))
    listed = {file.path for file in found.files}
    gone = [
        FileEntry(path, Outcome.GONE, clips=file.clips)
        for path, file in known.items()
        if file.clips and path not in listed and not any(map(path.startswith, found.unlisted))
    ]
    if encode_all:
        apart = {task.found.path for task in tasks} | {entry.path for entry in gone}
        tasks += [
            Task(FoundFile(path, file.size_bytes, file.mtime_ns), "", file, stored=True)
            for path, file in known.items()
            if file.clips and path not in apart
        ]
        tasks.sort(key=lambda task: task.found.path)
    return Changes(tuple(tasks), tuple(entries), tuple(gone), unchanged)


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


def _without_clip(file: FoundFile, outcome: Outcome, reason: str) -> FileEntry:
    # Without size and time it is looked at again in every run: that is all that would be saved by remembering it.
    return FileEntry(file.path, outcome, reason=reason)
