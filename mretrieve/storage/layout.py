"""Names and paths of the parts of an index."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import IndexStateError

MARKER = "mretrieve-index"
LOCK = "lock"
HOLDER = "lock-holder"
MANIFESTS = "manifests"
SHARDS = "shards"
LABELS = "labels"
ENCODERS = "encoders"
VECTOR_INDEXES = "vector-indexes"
INVENTORIES = "inventories"
MAPS = "maps"
REPORTS = "reports"

#: Files of every shard; there is also a `<space>.npy` for each space.
CLIPS_FILE = "clips.parquet"
WINDOWS_FILE = "windows.parquet"
MOTIONS_FILE = "motions.h5"
#: The sums of the blocks of motions and vectors; shards of layouts before 6 have none.
BLOCKS_FILE = "blocks.xxh3"
#: In MOTIONS_FILE, if clips were lifted from two dimensions: their rows, and their points one after the other.
LIFTED, POINTS = "lifted", "points"

#: Stands for a clip as a whole, among the lengths of windows in frames.
WHOLE = 0


def vectors_file(space: str) -> str:
    """Name of the file with a space's vectors."""
    return f"{space}.npy"


_ID = "[0-9a-f]{32}"

#: Names that mretrieve gives in the folder of an index ("") and in the folders inside it.
NAMES = {
    "": re.compile(f"{MARKER}|{LOCK}|{HOLDER}"),
    MANIFESTS: re.compile(r"[0-9]{8,}\.json"),
    SHARDS: re.compile(_ID),
    LABELS: re.compile(rf"{_ID}\.parquet"),
    ENCODERS: re.compile(rf"{_ID}\.safetensors"),
    VECTOR_INDEXES: re.compile(rf"{_ID}\.safetensors"),
    INVENTORIES: re.compile(rf"{_ID}\.(rows|arrow)"),
    MAPS: re.compile(rf"{_ID}\.npy"),
    REPORTS: re.compile(r"[0-9]{8,}\.json"),
}
SPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def is_shard_file(name: str) -> bool:
    """Whether a file of a shard can have this name."""
    if name in (CLIPS_FILE, WINDOWS_FILE, MOTIONS_FILE, BLOCKS_FILE):
        return True
    space, _, suffix = name.rpartition(".")
    return suffix == "npy" and SPACE_NAME.fullmatch(space) is not None


def shard_folder(index: Path, shard_id: str) -> Path:
    """Folder of a shard."""
    return index / SHARDS / shard_id


def manifest_file(index: Path, version: int) -> Path:
    """Path of the manifest of a version."""
    return index / MANIFESTS / f"{version:08d}.json"


def labels_file(index: Path, labels_id: str) -> Path:
    """Path of a table of labels."""
    return index / LABELS / f"{labels_id}.parquet"


def weights_file(index: Path, weights_id: str) -> Path:
    """Path of the copy of an encoder's weights file."""
    return index / ENCODERS / f"{weights_id}.safetensors"


def vector_index_file(index: Path, file_id: str) -> Path:
    """Path of the file of a vector index."""
    return index / VECTOR_INDEXES / f"{file_id}.safetensors"


def rows_inventory(index: Path, inventory_id: str) -> Path:
    """Path of the rows of a version."""
    return index / INVENTORIES / f"{inventory_id}.rows"


def clips_inventory(index: Path, inventory_id: str) -> Path:
    """Path of the table of the clips of a version."""
    return index / INVENTORIES / f"{inventory_id}.arrow"


def map_file(index: Path, map_id: str) -> Path:
    """Path of a map of the clips."""
    return index / MAPS / f"{map_id}.npy"


def versions(index: Path) -> list[int]:
    """The versions of an index that are kept, oldest first; none if there is no index yet.

    Raises:
        IndexStateError: the folder cannot be listed.
    """
    try:
        names = [path.name for path in (index / MANIFESTS).iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise IndexStateError(f"{index / MANIFESTS}: {error.strerror}; check its permissions") from None
    return sorted(int(name.removesuffix(".json")) for name in names if NAMES[MANIFESTS].fullmatch(name))
