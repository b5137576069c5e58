"""The folders of a run and their files."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.formats import recognise
from mretrieve.sources import scan as scanning
from mretrieve.sources.scan import FoundFile, Scan
from mretrieve.storage.folders import file_of, index_command, join_path, split_path
from mretrieve.storage.snapshot import Snapshot

from .folders import KnownFile, match_folders, name_folders


@dataclass(frozen=True, eq=False)
class Library:
    """The folders of an index and the files in them.

    Attributes:
        folders: the folders that the index has after the run, by name.
        scanned: names of those that this run compares with the index; the clips of the others are kept.
        scan: the files of the scanned folders by their path in the index, which begins with the folder's name.
        warnings: one line each.
    """

    folders: Mapping[str, Path]
    scanned: Collection[str]
    scan: Scan
    warnings: tuple[str, ...]

    def file(self, path: str) -> Path:
        """The file of a path in the index."""
        return file_of(self.folders, path)

    def keeps(self, path: str) -> bool:
        """Whether the index keeps the clips of a file that was not found, because nothing was found out about it."""
        try:
            name, _ = split_path(self.folders, path)
        except KeyError:
            return False
        return name not in self.scanned or any(map(path.startswith, self.scan.unlisted))


def absolute(path: Path | str) -> Path:
    """An absolute path that is not resolved: links keep the names that the user knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def scan_folders(folders: Sequence[Path], index: Path) -> dict[Path, Scan | MRetrieveError]:
    """The files of each folder, or the reason why it has none.

    Raises:
        MRetrieveError: no folder has a motion file, or a folder lies in another one.
    """
    _check_apart(folders)
    scans = {folder: _scan(folder, index) for folder in folders}
    if all(isinstance(result, MRetrieveError) for result in scans.values()):
        raise next(result for result in scans.values() if isinstance(result, MRetrieveError))
    return scans


def plan_library(
    scans: Mapping[Path, Scan | MRetrieveError],
    index: Path,
    base: Snapshot | None,
    known: Mapping[str, KnownFile],
    *,
    prune: bool,
) -> Library:
    """Match the given folders with those of the index, whose version `base` knows files.

    New folders are added if one that the index has is given too. With `prune`, folders that are not given, or have no
    motion file, are dropped.

    Raises:
        IndexStateError: the index has other folders.
        MRetrieveError: a new folder has no motion file, or a folder lies in another one.
    """
    recorded = {} if base is None else base.folders
    matched, moved = match_folders(scans, recorded, known)
    if base is not None and not matched and not prune:
        raise _other_library(index, list(recorded.values()), list(scans))
    found = _found(scans, matched)
    scanned = {matched.get(folder) for folder in found}
    kept = {name: folder for name, folder in recorded.items() if name not in scanned and not prune}
    names = name_folders(found, matched, kept, known)
    # A folder that a link leads to keeps its recorded path.
    stayed = matched.keys() - moved.keys()
    places = {name: recorded[name] if folder in stayed else folder for folder, name in names.items()}
    folders = {**kept, **places}
    _check_apart(list(folders.values()))
    files, hidden = _join({names[folder]: files for folder, files in found.items()}, folders)
    warnings = [f"{place} is gone, and its files are now in {folder}" for folder, place in moved.items()]
    warnings += [_unavailable(error, prune) for error in scans.values() if isinstance(error, MRetrieveError)]
    return Library(folders, places.keys(), files, (*warnings, *hidden, *files.warnings))


def _found(scans: Mapping[Path, Scan | MRetrieveError], names: Mapping[Path, str]) -> dict[Path, Scan]:
    """The folders that have motion files. MRetrieveError: a new one has none."""
    found = {}
    for folder, result in scans.items():
        if isinstance(result, Scan):
            found[folder] = result
        elif folder not in names:
            raise result
    return found


def _scan(folder: Path, index: Path) -> Scan | MRetrieveError:
    try:
        files = scanning.scan(folder, index)
    except MRetrieveError as error:
        return error
    if any(_may_hold_motion(folder / file.path) for file in files.files):
        return files
    return MRetrieveError(f"{folder}: no motion file found; see `mretrieve formats`")


def _may_hold_motion(path: Path) -> bool:
    try:
        reader = recognise(path)
    except MRetrieveError:
        return True  # the run that reads it reports the reason
    return reader is not None and not reader.is_companion


def _check_apart(folders: Sequence[Path]) -> None:
    """MRetrieveError if a file would be indexed twice."""
    for one, other in permutations([folder.resolve() for folder in folders], 2):
        if one == other:
            raise MRetrieveError(f"{one}: given twice; give it once")
        if one.is_relative_to(other):
            raise MRetrieveError(f"{one}: lies in {other}, and its files would be indexed twice; give only one of them")


def _other_library(index: Path, recorded: Sequence[Path], given: Sequence[Path]) -> IndexStateError:
    both, only_given = index_command([*recorded, *given], index), index_command(given, index)
    return IndexStateError(
        f"{index}: is the index of {', '.join(map(str, recorded))}; add a folder with `{both}`, replace its folders "
        f"with `{only_given} --prune`, or make another index with --index"
    )


def _unavailable(error: MRetrieveError, prune: bool) -> str:
    reason = str(error).partition(";")[0]
    return f"{reason}; its clips {'were removed' if prune else 'stay in the index (--prune removes them)'}"


def _join(scans: Mapping[str, Scan], folders: Mapping[str, Path]) -> tuple[Scan, list[str]]:
    """The files of all folders by their paths in the index, and a warning for those that have the path of another."""
    files: list[FoundFile] = []
    unlisted: dict[str, str] = {}
    hidden: dict[Path, str] = {}  # subfolders of the folder without a name that are called like another one
    for name, scan in scans.items():
        for file in scan.files:
            path = join_path(name, file.path)
            owner, _ = split_path(folders, path)
            if owner == name:
                files.append(replace(file, path=path))
            else:
                hidden[folders[name] / owner] = owner
        unlisted |= {join_path(name, folder): reason for folder, reason in scan.unlisted.items()}
    warnings = [
        f"{subfolder}: not indexed, because its paths are those of {folders[name]} in the index; rename it"
        for subfolder, name in hidden.items()
    ]
    return Scan(tuple(sorted(files, key=lambda file: file.path)), unlisted), warnings
