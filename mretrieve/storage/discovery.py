"""Find the index: the one that is named, $MRETRIEVE_INDEX, or `.mretrieve` in this folder or a parent."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import IndexStateError
from .ownership import is_free, is_index

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
