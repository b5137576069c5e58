"""The folders whose files an index holds: recorded when it is written, found again when it is read."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
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


def split_path(names: Collection[str], path: str) -> tuple[str, str]:
    """The name of the folder that a path in an index lies in, and the path in the folder.

    Paths begin with the folder's name and a slash, but for the folder without a name, if there is one. KeyError if the
    path lies in no folder.
    """
    name, slash, inside = path.partition("/")
    if slash and name and name in names:
        return name, inside
    if "" in names:
        return "", path
    raise KeyError(path)


def join_path(name: str, path: str) -> str:
    """The path in an index of a path in the folder of this name."""
    return f"{name}/{path}" if name else path


def file_of(folders: Mapping[str, Path], path: str) -> Path:
    """The file of a path in an index. KeyError if it lies in none of its folders."""
    name, inside = split_path(folders, path)
    return folders[name] / inside


def paths_of(folders: Mapping[str, Path], file: Path) -> set[str]:
    """The paths that a file has in an index: one for each of its folders that the file lies in."""
    paths = set()
    for name, folder in folders.items():
        for place in (folder, folder.resolve()):
            with suppress(ValueError):
                paths.add(join_path(name, file.relative_to(place).as_posix()))
    return paths


def index_command(folders: Iterable[Path], index: Path) -> str:
    """The command that brings an index of these folders up to date."""
    return shlex.join(["mretrieve", "index", *map(str, folders), "--index", str(index)])
