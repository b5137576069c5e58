"""The files that an index knows, whether they have changed, and which folders of a run are those of the index."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mretrieve.errors import MRetrieveError
from mretrieve.formats.content_hash import content_hash, own_hash
from mretrieve.sources.scan import FoundFile, Scan
from mretrieve.storage.folders import split_path
from mretrieve.storage.snapshot import Snapshot

from .report import FileEntry, Outcome


@dataclass(frozen=True)
class KnownFile:
    """A file as the index last saw it.

    Attributes:
        size_bytes: its size.
        mtime_ns: time of its last modification.
        content_hash: see `mretrieve.formats.content_hash`.
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


def is_unchanged(path: Path, found: FoundFile, known: KnownFile) -> bool:
    """Whether a file has the known content, by its time or else by its bytes."""
    if (found.size_bytes, found.mtime_ns) == (known.size_bytes, known.mtime_ns):
        return True
    with suppress(OSError):
        return found.size_bytes == known.size_bytes and content_hash(path, "") == own_hash(known.content_hash)
    return False


#: This many files of a folder that is gone are looked up in another one; with half of them unchanged, it was moved.
COMPARED_FILES = 32


def match_folders(
    given: Mapping[Path, Scan | MRetrieveError], recorded: Mapping[str, Path], known: Mapping[str, KnownFile]
) -> tuple[dict[Path, str], dict[Path, Path]]:
    """Find the given folders among those that the index has recorded with its known files.

    Returns:
        The names of those that it has, whichever path leads to them; and the former places of those that were moved.
    """
    names = {folder: name for folder in given for name, place in recorded.items() if _is_same(folder, place)}
    moved: dict[Path, Path] = {}
    for name in [name for name in recorded if name not in names.values()]:
        sample = _sample(name, recorded, known)
        if sample and not any((recorded[name] / path).exists() for path in sample):
            candidates = {folder: files for folder, files in given.items() if folder not in names}
            for folder in [folder for folder, files in candidates.items() if _has(folder, files, sample)][:1]:
                names[folder] = name
                moved[folder] = recorded[name]
    return names, moved


def _is_same(one: Path, other: Path) -> bool:
    return one == other or (one.exists() and other.exists() and one.samefile(other))


def _sample(name: str, recorded: Mapping[str, Path], known: Mapping[str, KnownFile]) -> dict[str, KnownFile]:
    """Some known files of a folder, by their path in it."""
    files = {
        inside: known[path] for path in sorted(known) for owner, inside in [split_path(recorded, path)] if owner == name
    }
    return dict(list(files.items())[:: len(files) // COMPARED_FILES + 1])


def _has(folder: Path, files: Scan | MRetrieveError, sample: Mapping[str, KnownFile]) -> bool:
    if isinstance(files, MRetrieveError):
        return False
    found = [file for file in files.files if file.path in sample]
    return 2 * sum(is_unchanged(folder / file.path, file, sample[file.path]) for file in found) >= len(sample)


def name_folders(
    folders: Iterable[Path], known: Mapping[Path, str], kept: Collection[str], paths: Iterable[str]
) -> dict[Path, str]:
    """Names for folders: those that they have, and for new ones their own, made unique; "" if there is only one.

    Args:
        folders: the folders.
        known: the names that some of them have in the index.
        kept: names of the other folders of the index.
        paths: paths in the index, which must not seem to lie in a new folder.
    """
    names = {folder: known[folder] for folder in folders if folder in known}
    new = [folder for folder in folders if folder not in known]
    if len(new) == 1 and not names and not kept:
        return {new[0]: ""}
    used = {*kept, *names.values(), *(path.partition("/")[0] for path in paths)}
    for folder in new:
        name = folder.name or "folder"
        candidates = (name if number == 1 else f"{name}-{number}" for number in count(1))
        names[folder] = next(candidate for candidate in candidates if candidate not in used)
        used.add(names[folder])
    return names
