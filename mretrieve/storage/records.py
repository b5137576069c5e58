"""The records in a manifest: folders, encoders, window settings, shards and their files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .layout import (
    CLIPS_FILE,
    MOTIONS_FILE,
    SPACE_NAME,
    WINDOWS_FILE,
    is_shard_file,
    trained_index_file,
    vectors_file,
)

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class FileRecord:
    """A file outside the shards that is named by its content: a table of labels, or an encoder's weights.

    Attributes:
        id: hash of its content.
        checksum: SHA-256 of its content.
        size: in bytes.
    """

    id: str
    checksum: str
    size: int

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is not the id of a file")


@dataclass(frozen=True)
class FolderRecord:
    """A folder whose motion files were indexed.

    Attributes:
        name: what the paths of its files begin with in the index, before a slash; "" for the folder of an index that
            was made with only one.
        path: absolute.
        path_from_index: relative to the index's folder, so that both can be moved together.
    """

    name: str
    path: str
    path_from_index: str


@dataclass(frozen=True)
class EncoderRecord:
    """The encoder whose vectors make a space.

    Attributes:
        name: of the space, and of the files with its vectors.
        fingerprint: of its weights and preprocessing; vectors of two fingerprints cannot be compared.
        dimension: of its vectors.
        weight: of its distance when the spaces are searched together; 0 leaves it out unless it is named.
        file: its weights file, kept in the index; None for an encoder that comes with mretrieve.
        vector_kind: the kind of vector index that searches the space.
    """

    name: str
    fingerprint: str
    dimension: int
    weight: float = 1.0
    file: FileRecord | None = None
    vector_kind: str = "flat"

    def __post_init__(self) -> None:
        if not is_space_name(self.name):
            raise ValueError(f"an encoder's name is letters, digits, '.', '_' and '-', not {self.name!r}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"the weight of {self.name} is {self.weight}")


@dataclass(frozen=True)
class WindowSettings:
    """How long takes were cut: into windows of each length, a share of it apart.

    Attributes:
        lengths_s: ascending.
        hop_share: of the length, above 0 and at most 1.
    """

    lengths_s: tuple[float, ...]
    hop_share: float

    def __post_init__(self) -> None:
        ascending = all(0 < length < math.inf for length in self.lengths_s)
        ascending &= tuple(sorted(set(self.lengths_s))) == self.lengths_s
        if not self.lengths_s or not ascending or not 0 < self.hop_share <= 1:
            raise ValueError(f"windows of {self.lengths_s} s, {self.hop_share} of their length apart")


@dataclass(frozen=True)
class TrainedIndexRecord:
    """A trained vector index over the windows of a shard in one space; a file of the shard.

    Attributes:
        space: name of the space.
        kind: of vector index.
        settings: that it was trained with.
        recall: share of the exact nearest rows that it found when it was made; None if not measured.
    """

    space: str
    kind: str
    settings: Mapping[str, float | str]
    recall: float | None = None

    @property
    def file(self) -> str:
        """Name of its file."""
        return trained_index_file(self.space, self.kind)


@dataclass(frozen=True)
class ShardRecord:
    """A shard as a manifest names it: enough to know that its files are those that were written.

    Attributes:
        id: hash of its content.
        clip_count: number of clips.
        window_count: number of windows of all clips.
        frame_count: number of canonical frames of all clips.
        joint_count: number of joints.
        positions_offset: first byte of the positions in motions.h5.
        observed_offset: first byte of the observed flags there.
        largest_norms: of the vectors of each space.
        checksums: SHA-256 of each file.
        sizes: of each file, in bytes.
        indexes: trained indexes over its vectors.
    """

    id: str
    clip_count: int
    window_count: int
    frame_count: int
    joint_count: int
    positions_offset: int
    observed_offset: int
    largest_norms: Mapping[str, float]
    checksums: Mapping[str, str]
    sizes: Mapping[str, int]
    indexes: tuple[TrainedIndexRecord, ...] = ()

    def __post_init__(self) -> None:
        files = {CLIPS_FILE, WINDOWS_FILE, MOTIONS_FILE, *map(vectors_file, self.largest_norms)}
        files |= {index.file for index in self.indexes}
        if not _ID.fullmatch(self.id) or set(self.checksums) != files or set(self.sizes) != files:
            raise ValueError(f"shard {self.id!r} has files {sorted(self.checksums)}, not {sorted(files)}")
        if not all(map(is_space_name, self.largest_norms)) or not all(map(is_shard_file, files)):
            raise ValueError(f"shard {self.id!r} has spaces {sorted(self.largest_norms)}, indexes {self.indexes}")


def is_space_name(name: str) -> bool:
    """Whether a space can have this name, which also names a file."""
    return SPACE_NAME.fullmatch(name) is not None
