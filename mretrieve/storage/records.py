"""The records in a manifest: folders, encoders, window settings, shards and their files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .layout import (
    BLOCKS_FILE,
    CLIPS_FILE,
    MOTIONS_FILE,
    SPACE_NAME,
    WINDOWS_FILE,
    is_shard_file,
    vectors_file,
)

_ID = re.compile(r"[0-9a-f]{32}")
_SUMS = re.compile(r"([0-9a-f]{16})*")


@dataclass(frozen=True)
class FileRecord:
    """A file outside the shards that is named by its content: a table of labels, or an encoder's weights.

    Attributes:
        id: hash of its content.
        checksum: SHA-256 of its content.
        size: in bytes.
        blocks: XXH3 of each MiB of it, 16 hexadecimal digits each; "" in layouts before 6.
    """

    id: str
    checksum: str
    size: int
    blocks: str = ""

    def __post_init__(self) -> None:
        if self.blocks and (not _SUMS.fullmatch(self.blocks) or len(self.blocks) // 16 != -(-self.size // (1 << 20))):
            raise ValueError(f"the sums of the blocks of {self.id!r} are not those of {self.size} bytes")
        if not _ID.fullmatch(self.id) or self.size < 0:
            raise ValueError(f"{self.id!r} is not the id of a file, or not with {self.size} bytes")


@dataclass(frozen=True)
class InventoryRecord:
    """The files that list the clips and windows of a version, in the order of its rows.

    Attributes:
        rows: the file of the rows, see `Rows`.
        clips: the file of the table of clips.
        clip_count: number of clips.
        lengths: of windows in frames, ascending; WHOLE is the first.
        bounds: the windows of `lengths[i]` have the rows from `bounds[i]` up to `bounds[i + 1]`.
        shard_windows: number of live windows of each shard.
    """

    rows: FileRecord
    clips: FileRecord
    clip_count: int
    lengths: tuple[int, ...]
    bounds: tuple[int, ...]
    shard_windows: tuple[int, ...]

    def __post_init__(self) -> None:
        counts = (self.clip_count, *self.shard_windows, *self.lengths)
        if min(counts) < 0 or list(self.bounds) != sorted(self.bounds) or len(self.bounds) != len(self.lengths) + 1:
            raise ValueError(f"the rows of {self.lengths} are {self.bounds}")
        if (self.bounds[0], self.bounds[-1]) != (0, sum(self.shard_windows)):
            raise ValueError(f"{self.shard_windows} windows have the rows {self.bounds}")


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
    """

    name: str
    fingerprint: str
    dimension: int
    weight: float = 1.0
    file: FileRecord | None = None

    def __post_init__(self) -> None:
        if not 0 < self.dimension < 1 << 20:
            raise ValueError(f"vectors of {self.dimension} numbers")
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
class ReadingRecord:
    """How motion files were read, as far as a caller said.

    Attributes:
        asf: absolute path of the skeleton of all AMC files.
        rig_map: absolute path of the rig map.
        rig_map_hash: SHA-256 of its content.
        fps: frames per second of keypoint files.
        labels: absolute paths of the label files.
    """

    asf: str | None = None
    rig_map: str | None = None
    rig_map_hash: str | None = None
    fps: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemovedFile:
    """A file whose clips were removed; it stays out as long as its content is the same.

    Attributes:
        path: of the file in the index.
        content_hash: of its content.
        size_bytes: its size.
        mtime_ns: time of its last modification.
    """

    path: str
    content_hash: str
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class VectorSearchSettings:
    """Settings by which vector indexes are chosen.

    Attributes:
        kind: the kind of vector index for every space and length; "auto" to choose it.
        recall: share of the 100 nearest windows that a search should find; 1 for an exact search.
        memory_bytes: limit for each vector index; None for no limit.
    """

    kind: str = "auto"
    recall: float = 1.0
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.recall <= 1 or (self.memory_bytes is not None and self.memory_bytes < 1):
            raise ValueError(f"a recall of {self.recall} in {self.memory_bytes} bytes")


@dataclass(frozen=True)
class VectorIndexRecord:
    """A vector index over the windows of one length in one space, in some shards.

    Attributes:
        space: name of the space.
        length: of the windows in frames; WHOLE for whole clips.
        kind: of vector index.
        settings: with which it was made and is searched.
        shards: id -> number of windows of this length in the shard, those that a version lacks included; in the order
            of the entries.
        recall_at_10: share of the 10 nearest windows that it found when it was made, for windows that it was not
            trained on.
        recall_at_100: the same for the 100 nearest.
        latency_ms: median duration of such a search.
        file: its file.
    """

    space: str
    length: int
    kind: str
    settings: Mapping[str, float | str]
    shards: Mapping[str, int]
    recall_at_10: float
    recall_at_100: float
    latency_ms: float
    file: FileRecord

    def __post_init__(self) -> None:
        if self.length < 0 or min(self.shards.values(), default=0) < 0 or self.window_count > self.file.size:
            raise ValueError(f"{self.window_count} windows of {self.length} frames in {self.file.size} bytes")

    @property
    def window_count(self) -> int:
        """Number of windows that it was made of."""
        return sum(self.shards.values())


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

    def __post_init__(self) -> None:
        files = {CLIPS_FILE, WINDOWS_FILE, MOTIONS_FILE, *map(vectors_file, self.largest_norms)}
        if BLOCKS_FILE in self.checksums:
            files.add(BLOCKS_FILE)
        if not _ID.fullmatch(self.id) or set(self.checksums) != files or set(self.sizes) != files:
            raise ValueError(f"shard {self.id!r} has files {sorted(self.checksums)}, not {sorted(files)}")
        if not all(map(is_space_name, self.largest_norms)) or not all(map(is_shard_file, files)):
            raise ValueError(f"shard {self.id!r} has spaces {sorted(self.largest_norms)}")
        if not self._fits():
            raise ValueError(f"shard {self.id!r} has more clips, windows or frames than its files can hold")

    def _fits(self) -> bool:
        """Whether its files are large enough for what it holds, so that memory may be taken for it."""
        if min(self.clip_count, self.joint_count, self.positions_offset, self.observed_offset) < 0:
            return False
        of_frame = self.frame_count * self.joint_count
        motions = max(self.positions_offset + 12 * of_frame, self.observed_offset + of_frame)
        vectors = min((self.sizes[vectors_file(space)] for space in self.largest_norms), default=4 * self.window_count)
        windows_fit = self.clip_count <= self.window_count and 4 * self.window_count <= vectors
        return windows_fit and self.clip_count <= self.frame_count and motions <= self.sizes[MOTIONS_FILE]

    @property
    def mapped(self) -> list[str]:
        """Names of the files that are mapped, in the order in which their sums follow each other in BLOCKS_FILE."""
        return sorted([MOTIONS_FILE, *map(vectors_file, self.largest_norms)])


def is_space_name(name: str) -> bool:
    """Whether a space can have this name, which also names a file."""
    return SPACE_NAME.fullmatch(name) is not None
