"""Files that are not what was written: how that is noticed, and what is said of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..errors import IndexStateError


def damaged(path: Path, what: str) -> IndexStateError:
    """The error for a file of an index that is not what was written."""
    return IndexStateError(
        f"{path}: is damaged ({what}); restore it from a backup, or read the motion files again with "
        "`mretrieve index DIR --rebuild`; `mretrieve verify` lists all damaged files"
    )


def check_size(path: Path, size: int) -> None:
    """IndexStateError where a file is missing or is not as long as its manifest says."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    if found != size:
        raise damaged(path, f"it has {found} bytes, not {size}")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits. OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
