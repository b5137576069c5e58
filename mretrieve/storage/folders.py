"""The folders whose files an index holds: recorded when it is written, found again when it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .records import FolderRecord


def folder_records(index: Path, folders: Mapping[str, Path]) -> tuple[FolderRecord, ...]:
    """The records of folders by name."""
    return tuple(_record(index, name, os.path.abspath(folder)) for name, folder in folders.items())  # noqa: PTH100


def _record(index: Path, name: str, folder: str) -> FolderRecord:
    from_index = folder
    with suppress(ValueError):  # on another drive
        from_index = os.path.relpath(folder, index)
    return FolderRecord(name, folder, from_index)


def locate_folder(index: Path, record: FolderRecord, some: Sequence[str]) -> Path:
    """Where a folder is now: where it was relative to the index (both may have moved), else where it was absolutely.

    `some` are paths of its files, relative to it.
    """
    moved, absolute = Path(os.path.normpath(index / record.path_from_index)), Path(record.path)
    for folder in (moved, absolute):
        if any((folder / path).exists() for path in some or ["."]):
            return folder
    return absolute


def file_of(folders: Mapping[str, Path], path: str) -> Path:
    """The file of a path in an index. KeyError if it lies in none of its folders."""
    if "" in folders:
        return folders[""] / path
    name, _, inside = path.partition("/")
    return folders[name] / inside


def paths_of(folders: Mapping[str, Path], file: Path) -> set[str]:
    """The paths that a file has in an index: one for each of its folders that the file lies in."""
    paths = set()
    for name, folder in folders.items():
        for place in (folder, folder.resolve()):
            with suppress(ValueError):
                inside = file.relative_to(place).as_posix()
                paths.add(f"{name}/{inside}" if name else inside)
    return paths
