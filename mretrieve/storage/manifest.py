"""A manifest: the JSON file whose existence makes a version of an index, and everything that version consists of."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import IndexStateError
from .files import storage_error
from .layout import CLIPS_FILE, MOTIONS_FILE, SPACE_NAME, WINDOWS_FILE, manifest_file, vectors_file, versions

#: The layout that this code writes; it reads the older ones too. It grows when an older mretrieve could misread what a
#: newer one writes. 2: several encoders, their weights in a search, and copies of their weights files. 3: windows of
#: several lengths. 4: windows ordered by length in a shard.
SCHEMA = 4

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class FileRecord:
    """A file beside the shards that is named by its content: a table of labels, an encoder's weights."""

    id: str  # hash of its content
    checksum: str
    size: int

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"{self.id!r} is no id of a file")


@dataclass(frozen=True)
class EncoderRecord:
    """The encoder whose vectors make a space."""

    name: str
    fingerprint: str  # of its weights and preprocessing: vectors of two fingerprints cannot be compared
    dimension: int
    weight: float = 1.0  # of its distance where the spaces are searched together; 0 leaves it out unless it is named
    file: FileRecord | None = None  # its weights file, kept in the index; None for an encoder that ships with mretrieve

    def __post_init__(self) -> None:
        if not is_space_name(self.name):
            raise ValueError(f"an encoder's name is letters, digits, '.', '_' and '-', not {self.name!r}")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"the weight of {self.name} is {self.weight}")


@dataclass(frozen=True)
class WindowSettings:
    """How long takes were cut: windows of each length, which follow each other by a share of it."""

    lengths_s: tuple[float, ...]  # ascending
    hop_share: float  # of the length, above 0 and at most 1

    def __post_init__(self) -> None:
        ascending = all(0 < length < math.inf for length in self.lengths_s)
        ascending &= tuple(sorted(set(self.lengths_s))) == self.lengths_s
        if not self.lengths_s or not ascending or not 0 < self.hop_share <= 1:
            raise ValueError(f"windows of {self.lengths_s} s, {self.hop_share} of their length apart")


@dataclass(frozen=True)
class ShardRecord:
    """A shard as a manifest names it: enough to know that its files are those that were written."""

    id: str  # hash of its content
    clip_count: int
    window_count: int
    frame_count: int  # canonical frames of all its clips
    joint_count: int
    positions_offset: int  # where the two arrays begin in motions.h5, in bytes
    observed_offset: int
    largest_norms: Mapping[str, float]  # of each space's vectors
    checksums: Mapping[str, str]  # SHA-256 of each file
    sizes: Mapping[str, int]  # of each file, in bytes

    def __post_init__(self) -> None:
        files = {CLIPS_FILE, WINDOWS_FILE, MOTIONS_FILE, *map(vectors_file, self.largest_norms)}
        if not _ID.fullmatch(self.id) or set(self.checksums) != files or set(self.sizes) != files:
            raise ValueError(f"shard {self.id!r} has files {sorted(self.checksums)}, not {sorted(files)}")
        if not all(is_space_name(space) for space in self.largest_norms):
            raise ValueError(f"shard {self.id!r} has spaces {sorted(self.largest_norms)}")


@dataclass(frozen=True)
class Manifest:
    """A version of an index."""

    version: int
    writer: str  # which mretrieve made it
    committed_at: str  # ISO 8601, UTC
    repository: str  # the indexed folder, absolute
    repository_from_index: str  # the same, relative to the index's folder
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    smooth: bool  # whether queries are smoothed over the gallery
    labels: FileRecord | None  # what is joined to the clips
    shards: tuple[ShardRecord, ...]
    removed: Mapping[str, tuple[str, ...]]  # shard id -> its clips that this version does not have

    def __post_init__(self) -> None:
        names = [encoder.name for encoder in self.encoders]
        if len(set(names)) < len(names) or not any(encoder.weight for encoder in self.encoders):
            raise ValueError(f"the spaces are {self.encoders}: none, two of one name, or all of no weight")

    @property
    def weights_files(self) -> tuple[FileRecord, ...]:
        """The weights files of its encoders that the index keeps."""
        return tuple(encoder.file for encoder in self.encoders if encoder.file is not None)

    def to_json(self) -> str:
        """The manifest as its file holds it."""
        # Escaped, so that paths that are no valid UTF-8 survive as well.
        return _sealed(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n")


def read_manifest(index: Path, version: int) -> Manifest:
    """The manifest of a version.

    Raises:
        IndexStateError: it cannot be read, is damaged, or a newer mretrieve wrote it.
    """
    path = manifest_file(index, version)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise storage_error(error, path) from None
    try:
        content = json.loads(text)
        schema = int(content.pop("schema"))
        if schema > SCHEMA:
            raise IndexStateError(
                f"{path}: was written by {content.get('writer', 'a newer mretrieve')} in layout {schema}, and this "
                f"mretrieve reads layouts up to {SCHEMA}; update mretrieve, or make another index with --index"
            )
        del content["checksum"]
        if not _holds_seal(text) or content["version"] != version:
            raise ValueError("it is not what was written")
        return _manifest(content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        older = [other for other in versions(index) if other < version]
        back = f"delete this file to go back to version {older[-1]}, or " if older else ""
        raise IndexStateError(
            f"{path}: is damaged and version {version} cannot be read; restore it from a backup, or {back}"
            "delete the index's folder and index again"
        ) from None


def is_sealed(path: Path) -> bool:
    """Whether a file is a manifest, in whatever layout, as mretrieve wrote it."""
    try:
        return _holds_seal(path.read_bytes())
    except OSError:
        return False


def _manifest(content: dict[str, Any]) -> Manifest:
    labels = content["labels"]
    return Manifest(
        **{
            **content,
            "encoders": tuple(_encoder(**record) for record in content["encoders"]),
            "windows": _windows(**content["windows"]),
            "labels": None if labels is None else FileRecord(**labels),
            "shards": tuple(ShardRecord(**record) for record in content["shards"]),
            "removed": {shard: tuple(clips) for shard, clips in content["removed"].items()},
        }
    )


def _encoder(*, file: dict[str, Any] | None = None, **fields: Any) -> EncoderRecord:
    return EncoderRecord(**fields, file=None if file is None else FileRecord(**file))


def _windows(
    *,
    lengths_s: list[float] | None = None,
    hop_share: float = 0.0,
    length_s: float = 0.0,
    hop_s: float = 0.0,
) -> WindowSettings:
    """The settings as layout 3 has them, or as the older ones, which had one length and its hop in seconds."""
    if lengths_s is None:
        return WindowSettings((length_s,), hop_s / length_s if length_s else 0.0)
    return WindowSettings(tuple(lengths_s), hop_share)


def is_space_name(name: str) -> bool:
    """Whether a space can have this name, which also names a file."""
    return SPACE_NAME.fullmatch(name) is not None


def _sealed(text: str) -> str:
    """A JSON object with the checksum of its text as an entry before all others."""
    return f'{{\n "checksum": "{hashlib.sha256(text.encode()).hexdigest()}",{text[1:]}'


def _holds_seal(text: bytes) -> bool:
    return _sealed("{" + text[_SEAL_LENGTH:].decode(errors="replace")).encode() == text


_SEAL_LENGTH = len(_sealed("{}")) - 1
