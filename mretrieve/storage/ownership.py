"""Which folders are indexes, which files in them are mretrieve's, and finding the index of a folder."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from ..errors import IndexStateError
from .files import final_name, is_link, make_folder, publish_file, read_ordinary_file, storage_error, sync_folder
from .layout import LOCK, MANIFESTS, MARKER, NAMES, SHARDS, is_shard_file, manifest_file, versions
from .manifest import is_sealed

_MARKER_TEXT = b"""mretrieve index

mretrieve keeps a motion index in this folder; `mretrieve info` describes it.
To get rid of the index, delete the whole folder.
"""
_MARK = _MARKER_TEXT.splitlines(keepends=True)[0]
_LOCK_TEXT = re.compile(rb"(pid \d+ on .+ since .+\n)?")


def is_index(folder: Path) -> bool:
    """Whether a folder is an index.

    An index has a marker. One of mretrieve 0.1.0 has a sealed manifest instead or, if its first run was interrupted, a
    lock and no names but those that mretrieve gives.

    Raises:
        IndexStateError: the folder cannot be read.
    """
    try:
        return _is_marked(folder) or _has_sealed_manifest(folder) or _has_only_own_names(folder)
    except OSError as error:
        raise storage_error(error, folder) from error


def is_free(folder: Path) -> bool:
    """Whether an index may be created here: the folder is missing, empty, or has only an unfinished marker."""
    return not folder.exists() or (folder.is_dir() and not _others(folder))


def claim(folder: Path) -> None:
    """Mark a folder as an index before anything else is written to it; create it if necessary.

    Raises:
        IndexStateError: it is neither an index nor empty.
        OSError: it cannot be written.
    """
    if not is_index(folder):
        if folder.exists() and not folder.is_dir():
            raise IndexStateError(f"{folder}: is a file, not an index; give a new or empty folder")
        if not is_free(folder):
            raise IndexStateError(
                f"{folder}: holds other files ({_others(folder)[0]}, ...) and is not an index; give a new or empty "
                f"folder, such as {folder / '.mretrieve'}"
            )
        make_folder(folder)
    if not (folder / MARKER).exists():
        with suppress(FileExistsError):  # another writer was faster
            publish_file(folder / MARKER, [_MARKER_TEXT])
    sync_folder(folder)  # the run that wrote the marker may have ended before it could


def own_entries(index: Path, room: str, *, temporary: bool = False) -> list[Path]:
    """The entries of a folder in an index that mretrieve made, by their names; no links, and nothing behind a link.

    Args:
        index: its folder.
        room: the name of the folder inside, "" for the index itself.
        temporary: return those with temporary names instead of those with final names.
    """
    if room and is_link(index / room):
        return []
    return [
        path
        for path in entries(index / room)
        if NAMES[room].fullmatch(final_name(path.name) if temporary else path.name)
        and path.is_dir() == (room == SHARDS)
        and not is_link(path)
    ]


def shard_files(folder: Path) -> list[Path]:
    """The files in the folder of a shard that mretrieve made."""
    return [path for path in entries(folder) if is_shard_file(path.name) and not is_link(path)]


def entries(folder: Path) -> list[Path]:
    """The entries of a folder, sorted; none if there is no folder."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_marked(folder: Path) -> bool:
    if is_link(folder / MARKER):
        return False
    try:
        return read_ordinary_file(folder / MARKER, 10_000).startswith(_MARK)
    except OSError:
        return False


def _has_sealed_manifest(folder: Path) -> bool:
    if is_link(folder / MANIFESTS):
        return False
    return any(is_sealed(manifest_file(folder, version)) for version in reversed(versions(folder)))


def _has_only_own_names(folder: Path) -> bool:
    lock = folder / LOCK
    if lock not in own_entries(folder, "") or not _LOCK_TEXT.fullmatch(read_ordinary_file(lock, 1000)):
        return False
    own = {folder / room for room in NAMES if not is_link(folder / room)}
    for room in NAMES:
        own.update(own_entries(folder, room), own_entries(folder, room, temporary=True))
    return own.issuperset(path for room in NAMES for path in entries(folder / room))


def _others(folder: Path) -> list[str]:
    """Names in a folder, without that of an unfinished marker."""
    return [path.name for path in entries(folder) if final_name(path.name) != MARKER]


#: Default name of an index, inside the current folder.
DEFAULT_NAME = ".mretrieve"


def find_index(path: Path | None = None, *, start: Path | None = None) -> Path:
    """Find the folder of an index.

    Args:
        path: an index, or a folder that holds one as `.mretrieve`; None for $MRETRIEVE_INDEX, else
            `.mretrieve` in `start` or one of its parents.
        start: folder where the search starts; None for the current one.

    Raises:
        IndexStateError: there is no index.
    """
    variable = os.environ.get("MRETRIEVE_INDEX")
    named = path or (Path(variable) if variable else None)
    if named is not None:
        return _named(named, "" if path else " (named by $MRETRIEVE_INDEX)")
    here = (start or Path()).absolute()
    for folder in (here, *here.parents):
        if is_index(folder / DEFAULT_NAME):
            return folder / DEFAULT_NAME
    raise IndexStateError(
        f"{here}: no index here or in a folder above; make one with `mretrieve index DIR`, or name one with --index or "
        "$MRETRIEVE_INDEX"
    )


def _named(path: Path, how: str) -> Path:
    for place in (path, path / DEFAULT_NAME):
        if is_index(place):
            return place.absolute()
    raise no_version(path, how)


def no_version(index: Path, how: str = "") -> IndexStateError:
    """The error for a folder without a version of an index; `how` says by what it was named."""
    command = f"`mretrieve index DIR --index {index}`"
    if is_index(index):
        return IndexStateError(f"{index}: has no version yet; run {command} to its end")
    what = "is not an index" if index.exists() else "no such folder"
    next_step = (
        f"make one there with {command}" if is_free(index) else "name one, or make one with `mretrieve index DIR`"
    )
    return IndexStateError(f"{index}{how}: {what}; {next_step}")
