"""The files in a folder: a walk with the same result on every machine, whatever it meets."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from ..errors import MRetrieveError
from ..formats.frame_files import by_recording


@dataclass(frozen=True)
class FoundFile:
    """A regular file of the repository, or a recording of a file a frame, for which that of its first frame stands.

    Attributes:
        path: relative to the repository, with forward slashes.
        size_bytes: its size before it is read, so that a later change is noticed; of a recording that of all files.
        mtime_ns: when it was last modified before it is read; of a recording the latest.
    """

    path: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Scan:
    """The result of a walk.

    Attributes:
        files: the files, sorted by path.
        unlisted: folders that could not be listed, relative with a final slash, and the reason.
    """

    files: tuple[FoundFile, ...]
    unlisted: dict[str, str]

    @property
    def warnings(self) -> list[str]:
        """A line for each folder that could not be listed."""
        return [
            f"{folder}: cannot be listed ({why}); check its permissions. What the index has of it is kept"
            for folder, why in sorted(self.unlisted.items())
        ]


def scan(repository: Path, index: Path) -> Scan:
    """Walk a folder and its subfolders.

    Hidden files and folders are left out, and so is the index. Links are followed; a folder that is reached twice (a
    loop of links, two links to one folder) is walked once, by its own name if it has one inside the repository. Files
    and folders that vanish during the walk are ignored.

    Raises:
        MRetrieveError: `repository` is not a folder, or cannot be listed.
    """
    if not repository.exists():
        raise MRetrieveError(f"{repository}: no such folder; give the folder that holds your motion files")
    if not repository.is_dir():
        raise MRetrieveError(f"{repository} is a file; give the folder that holds it, indexing takes whole folders")
    walk = _Walk(repository, index)
    walk.enter("")
    while walk.links:  # in the order of their names; a walk along one may find more
        walk.enter(walk.links.pop(min(walk.links)))
    if "" in walk.unlisted:
        raise MRetrieveError(f"{repository}: cannot be listed ({walk.unlisted['']}); check its permissions")
    return Scan(tuple(sorted(_recordings(walk.files), key=lambda file: file.path)), walk.unlisted)


def _recordings(files: list[FoundFile]) -> list[FoundFile]:
    """The files, those of a recording of a file a frame as one."""
    by_path = {file.path: file for file in files}
    for first, frames in by_recording(by_path).items():
        parts = [by_path.pop(path) for path in frames]
        by_path[first] = FoundFile(first, sum(p.size_bytes for p in parts), max(p.mtime_ns for p in parts))
    return list(by_path.values())


class _Walk:
    def __init__(self, repository: Path, index: Path) -> None:
        self._root = os.fspath(repository)
        self.files: list[FoundFile] = []
        self.unlisted: dict[str, str] = {}
        self.links: dict[str, str] = {}  # links to folders, kept for when all real folders are known
        self._seen: set[tuple[int, int]] = set()
        try:
            status = index.stat()
            self._seen.add((status.st_dev, status.st_ino))
        except OSError:
            pass  # a new index has no folder yet

    def enter(self, start: str) -> None:
        """Collect the files under one folder; `start` is relative and ends in a slash, "" for the repository."""
        pending = [start]
        while pending:
            folder = pending.pop()
            full = os.path.join(self._root, folder)  # noqa: PTH118  Path costs more than the walk itself
            try:
                status = os.stat(full)  # noqa: PTH116
                if (status.st_dev, status.st_ino) in self._seen:
                    continue
                self._seen.add((status.st_dev, status.st_ino))
                with os.scandir(full) as entries:
                    listed = list(entries)
            except FileNotFoundError:
                continue
            except OSError as error:
                self.unlisted[folder] = error.strerror or str(error)
                continue
            for entry in listed:
                if not entry.name.startswith("."):
                    self._take(entry, folder + entry.name, pending)

    def _take(self, entry: os.DirEntry[str], path: str, pending: list[str]) -> None:
        try:
            if entry.is_dir():
                if entry.is_symlink():
                    self.links[path] = path + "/"
                else:
                    pending.append(path + "/")
                return
            status = entry.stat()
        except OSError:
            return  # a link to nowhere, or gone since it was listed
        if stat.S_ISREG(status.st_mode):  # a pipe or a device would hang whoever opens it
            self.files.append(FoundFile(path, status.st_size, status.st_mtime_ns))
