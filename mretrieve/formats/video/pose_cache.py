"""What was found in a video, kept so that the same video is not searched twice."""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...atomic_file import atomic_write

_LARGEST_BYTES = 1 << 30


def cache_folder() -> Path:
    """Where caches of mretrieve are: $MRETRIEVE_CACHE, else the place that the operating system has for them."""
    if given := os.environ.get("MRETRIEVE_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mretrieve" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mretrieve"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mretrieve"


def load_cached(name: str) -> dict[str, NDArray[Any]] | None:
    """The arrays that were kept under a name; None if there are none, or they cannot be read."""
    file = cache_folder() / "poses" / f"{name}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        if file.stat().st_size <= _LARGEST_BYTES:
            with np.load(file, allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
    return None


def keep(name: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Keep arrays under a name; nothing happens if they cannot be written."""
    folder = cache_folder() / "poses"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / f"{name}.npz") as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **cast(Any, arrays))
