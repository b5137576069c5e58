"""The files that an index knows, and whether they have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mretrieve.sources.scan import FoundFile
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

    @property
    def was_refused(self) -> bool:
        """Whether the last run could not read it."""
        return self.entry is not None and self.entry.outcome is Outcome.REFUSED


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


def content_hash(path: Path, skeletons: str) -> str:
    """SHA-256 of a file's bytes, for AMC followed by a colon and the hash of the skeletons that it may have.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        own = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{own}:{skeletons}" if skeletons else own


def is_unchanged(path: Path, found: FoundFile, known: KnownFile) -> bool:
    """Whether a file has the known content, by its time or else by its bytes."""
    if (found.size_bytes, found.mtime_ns) == (known.size_bytes, known.mtime_ns):
        return True
    with suppress(OSError):
        return found.size_bytes == known.size_bytes and content_hash(path, "") == known.content_hash.partition(":")[0]
    return False
