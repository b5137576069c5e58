"""Which of the folders given to a run are those of the index: the same ones, moved ones, or new ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import count, islice
from pathlib import Path

from mretrieve.sources.scan import Scan
from mretrieve.storage.folders import split_path

from .known_files import KnownFile, is_unchanged

#: This many files of a folder that is gone are looked up in another one; with half of them unchanged, it was moved.
COMPARED_FILES = 32


def same_folders(given: Iterable[Path], recorded: Mapping[str, Path]) -> dict[Path, str]:
    """Names in the index of the given folders that it has, whichever path leads to them."""
    return {
        folder: name
        for folder in given
        for name, known in recorded.items()
        if folder == known or (folder.exists() and known.exists() and folder.samefile(known))
    }


def moved_folders(
    given: Mapping[Path, Scan], gone: Collection[str], recorded: Mapping[str, Path], known: Mapping[str, KnownFile]
) -> dict[Path, str]:
    """Names in the index of the given folders that contain the files of a recorded folder that is gone.

    Args:
        given: files of the folders.
        gone: names of the recorded folders that may be gone.
        recorded: the folders of the index.
        known: the files that the index knows.
    """
    moved: dict[Path, str] = {}
    for name in gone:
        paths = sorted(path for path in known if split_path(recorded, path)[0] == name)
        sample = {split_path(recorded, path)[1]: known[path] for path in paths[:: len(paths) // COMPARED_FILES + 1]}
        if sample and not any((recorded[name] / path).exists() for path in sample):
            candidates = (folder for folder in given if folder not in moved and _has(folder, given[folder], sample))
            moved |= dict.fromkeys(islice(candidates, 1), name)
    return moved


def _has(folder: Path, scan: Scan, sample: Mapping[str, KnownFile]) -> bool:
    found = [file for file in scan.files if file.path in sample]
    return 2 * sum(is_unchanged(folder / file.path, file, sample[file.path]) for file in found) >= len(sample)


def new_names(folders: Iterable[Path], taken: Collection[str], paths: Iterable[str]) -> dict[Path, str]:
    """Names for new folders: their own, made unique.

    Args:
        folders: the new folders.
        taken: names of the other folders of the index.
        paths: paths in the index, which must not seem to lie in a new folder.
    """
    used = {*taken, *(path.partition("/")[0] for path in paths)}
    names: dict[Path, str] = {}
    for folder in folders:
        name = folder.name or "folder"
        candidates = (name if number == 1 else f"{name}-{number}" for number in count(1))
        names[folder] = next(candidate for candidate in candidates if candidate not in used)
        used.add(names[folder])
    return names
