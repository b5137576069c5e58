"""Which index is meant: the one that is named, the one in $MRETRIEVE_INDEX, or `.mretrieve` here or further up."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import IndexStateError
from .layout import LOCK, MANIFESTS

#: Name of an index inside the folder it was made in.
DEFAULT_NAME = ".mretrieve"


def find_index(path: Path | None = None, *, start: Path | None = None) -> Path:
    """The folder of the index that is meant.

    Args:
        path: an index, or a folder that holds one as `.mretrieve`; None looks in $MRETRIEVE_INDEX, then for
            `.mretrieve` in `start` and its parents.
        start: where the search begins; None for the current folder.

    Raises:
        IndexStateError: there is none.
    """
    variable = os.environ.get("MRETRIEVE_INDEX")
    named = path or (Path(variable) if variable else None)
    if named is not None:
        return _named(named, "" if path else " (named by $MRETRIEVE_INDEX)")
    here = (start or Path()).absolute()
    for folder in (here, *here.parents):
        if _is_index(folder / DEFAULT_NAME):
            return folder / DEFAULT_NAME
    raise IndexStateError(
        f"{here}: no index here or in a folder above; make one with `mretrieve index DIR`, or name one with --index or "
        "$MRETRIEVE_INDEX"
    )


def _named(path: Path, how: str) -> Path:
    for place in (path, path / DEFAULT_NAME):
        if _is_index(place):
            return place.absolute()
    what = "is no index" if path.exists() else "no such folder"
    raise IndexStateError(f"{path}{how}: {what}; make one there with `mretrieve index DIR --index {path}`")


def _is_index(path: Path) -> bool:
    return (path / MANIFESTS).is_dir()


def no_version(index: Path) -> IndexStateError:
    """The error for a folder that has no version of an index."""
    if (index / MANIFESTS).is_dir() or (index / LOCK).exists():
        return IndexStateError(f"{index}: has no version yet; run `mretrieve index DIR --index {index}` to its end")
    what = "no such folder" if not index.exists() else "is no index"
    return IndexStateError(f"{index}: {what}; make one there with `mretrieve index DIR --index {index}`")
