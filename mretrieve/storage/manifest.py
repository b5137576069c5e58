"""Manifests: a version of an index exists if its JSON file does, which lists all that the version consists of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import IndexStateError
from .files import read_ordinary_file, storage_error
from .layout import (
    clips_inventory,
    labels_file,
    manifest_file,
    rows_inventory,
    vector_index_file,
    versions,
    weights_file,
)
from .record_types import checked
from .records import (
    EncoderRecord,
    FileRecord,
    FolderRecord,
    InventoryRecord,
    ReadingRecord,
    RemovedFile,
    ShardRecord,
    VectorIndexRecord,
    VectorSearchSettings,
    WindowSettings,
)

#: The layout that is written; older ones are read too. It grows when an older mretrieve could misread a newer index.
#: 2: several encoders, their weights, and copies of their weights files. 3: windows of several lengths. 4: windows
#: ordered by length in a shard, several folders, the frame rate of canonical clips. 5: vector indexes. 6: sums of
#: blocks, how files are read, and the files that were removed.
SCHEMA = 6


@dataclass(frozen=True)
class Manifest:
    """A version of an index.

    Attributes:
        version: its number.
        writer: the mretrieve that wrote it.
        committed_at: ISO 8601, UTC.
        folders: the indexed folders.
        fps: frames per second of canonical clips, the unit of all frame numbers in the index.
        encoders: whose vectors the index has.
        windows: how long takes were cut.
        smooth: whether queries are smoothed over the gallery.
        labels: joined to the clips.
        shards: that it consists of.
        removed: shard id -> its clips that this version does not have.
        vector_search: settings by which vector indexes are chosen.
        vector_indexes: over some of the shards; the others are searched exactly.
        inventory: the files that list its clips and windows; None if the tables of its shards are read instead.
        reading: how files were read; None in layouts before 6, which have it in the report of the last run.
        removed_files: files that stay out; in layouts before 6 they are in that report.
        spans: labelled spans of the clips; None if there is none.
    """

    version: int
    writer: str
    committed_at: str
    folders: tuple[FolderRecord, ...]
    fps: float
    encoders: tuple[EncoderRecord, ...]
    windows: WindowSettings
    smooth: bool
    labels: FileRecord | None
    shards: tuple[ShardRecord, ...]
    removed: Mapping[str, tuple[str, ...]]
    vector_search: VectorSearchSettings
    vector_indexes: tuple[VectorIndexRecord, ...]
    inventory: InventoryRecord | None = None
    reading: ReadingRecord | None = None
    removed_files: tuple[RemovedFile, ...] = ()
    spans: FileRecord | None = None

    def __post_init__(self) -> None:
        names = [encoder.name for encoder in self.encoders]
        if len(set(names)) < len(names) or not any(encoder.weight for encoder in self.encoders):
            raise ValueError(f"the spaces are {self.encoders}: none, two of one name, or all of no weight")
        folders = [folder.name for folder in self.folders]
        if not folders or len(set(folders)) < len(folders) or any("/" in name for name in folders):
            raise ValueError(f"the folders are {self.folders}: none, two of one name, or one with a slash in its name")
        if len({shard.id for shard in self.shards}) < len(self.shards) or not self.fps > 0:
            raise ValueError(f"a shard is named twice, or there are {self.fps} frames in a second")

    @property
    def weights_files(self) -> tuple[FileRecord, ...]:
        """The weights files of encoders that the index keeps."""
        return tuple(encoder.file for encoder in self.encoders if encoder.file is not None)

    def files(self, index: Path) -> Iterator[tuple[Path, FileRecord]]:
        """All files but those of shards, with their paths in the folder of the index."""
        yield from ((weights_file(index, file.id), file) for file in self.weights_files)
        yield from ((vector_index_file(index, record.file.id), record.file) for record in self.vector_indexes)
        if self.labels is not None:
            yield labels_file(index, self.labels.id), self.labels
        if self.spans is not None:
            yield labels_file(index, self.spans.id), self.spans
        if self.inventory is not None:
            yield rows_inventory(index, self.inventory.rows.id), self.inventory.rows
            yield clips_inventory(index, self.inventory.clips.id), self.inventory.clips

    def to_json(self) -> str:
        """The content of its file."""
        # Escaped, so that paths that are not valid UTF-8 survive too.
        return _sealed(json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n")


#: Errors of reading a manifest that is not what was written.
DAMAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)

#: No manifest is larger: one that names ten thousand shards has 15 MB.
_LARGEST_BYTES = 1 << 28


def read_manifest(index: Path, version: int) -> Manifest:
    """The manifest of a version.

    Raises:
        IndexStateError: it cannot be read, is damaged, or was written by a newer mretrieve.
    """
    path = manifest_file(index, version)
    try:
        text = read_ordinary_file(path, _LARGEST_BYTES)
    except OSError as error:
        raise storage_error(error, path) from None
    try:
        return parsed_manifest(text, version, path)
    except DAMAGE:
        older = [other for other in versions(index) if other < version]
        back = f"delete this file to go back to version {older[-1]}, or " if older else ""
        raise IndexStateError(
            f"{path}: is damaged and version {version} cannot be read; restore it from a backup, or {back}"
            "delete the index's folder and index again"
        ) from None


def parsed_manifest(text: bytes, version: int, path: Path) -> Manifest:
    """The manifest of a version from the content of its file.

    Raises:
        IndexStateError: it was written by a newer mretrieve; `path` is named.
        DAMAGE: it is damaged.
    """
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
    return _manifest(upgraded(content, schema))


def is_sealed(path: Path) -> bool:
    """Whether a file is a manifest, of any layout, as mretrieve wrote it."""
    try:
        return _holds_seal(read_ordinary_file(path))
    except OSError:
        return False


def _manifest(content: dict[str, Any]) -> Manifest:
    labels, windows, inventory = content["labels"], content["windows"], content.get("inventory")
    reading, spans = content.get("reading"), content.get("spans")
    manifest = Manifest(
        **{
            **content,
            "folders": tuple(checked(FolderRecord(**record)) for record in content["folders"]),
            "encoders": tuple(_encoder(**record) for record in content["encoders"]),
            "windows": checked(WindowSettings(tuple(windows["lengths_s"]), windows["hop_share"])),
            "labels": None if labels is None else checked(FileRecord(**labels)),
            "shards": tuple(checked(ShardRecord(**record)) for record in content["shards"]),
            "removed": {shard: tuple(clips) for shard, clips in content["removed"].items()},
            "vector_search": checked(VectorSearchSettings(**content["vector_search"])),
            "vector_indexes": tuple(_vector_index(**record) for record in content["vector_indexes"]),
            "inventory": None if inventory is None else _inventory(**inventory),
            "reading": None if reading is None else checked(_reading(**reading)),
            "removed_files": tuple(checked(RemovedFile(**record)) for record in content.get("removed_files", ())),
            "spans": None if spans is None else checked(FileRecord(**spans)),
        }
    )
    return checked(manifest)


def _encoder(*, file: dict[str, Any] | None = None, **fields: Any) -> EncoderRecord:
    return checked(EncoderRecord(**fields, file=None if file is None else checked(FileRecord(**file))))


def _reading(*, labels: list[str], **fields: Any) -> ReadingRecord:
    return ReadingRecord(**fields, labels=tuple(labels))


def _vector_index(*, file: dict[str, Any], **fields: Any) -> VectorIndexRecord:
    return checked(VectorIndexRecord(**fields, file=checked(FileRecord(**file))))


def _inventory(*, rows: dict[str, Any], clips: dict[str, Any], clip_count: int, **counts: list[int]) -> InventoryRecord:
    numbers = {name: tuple(map(int, values)) for name, values in counts.items()}
    return checked(InventoryRecord(checked(FileRecord(**rows)), checked(FileRecord(**clips)), clip_count, **numbers))


def _sealed(text: str) -> str:
    """A JSON object with the checksum of its text as an entry before all others."""
    return f'{{\n "checksum": "{hashlib.sha256(text.encode()).hexdigest()}",{text[1:]}'


def _holds_seal(text: bytes) -> bool:
    return _sealed("{" + text[_SEAL_LENGTH:].decode(errors="replace")).encode() == text


_SEAL_LENGTH = len(_sealed("{}")) - 1


#: Frames per second of canonical clips in these layouts.
_FPS = 30.0


def upgraded(content: dict[str, Any], schema: int) -> dict[str, Any]:
    """The content of a manifest of a layout, as the present layout has it."""
    if schema >= 5:
        return content
    content = {**content, "vector_search": {}, "vector_indexes": []}
    if schema == 4:  # could name a kind of vector index, and an index in each shard
        encoders = [_without(record, "vector_kind") for record in content["encoders"]]
        return {**content, "encoders": encoders, "shards": [_without(each, "indexes") for each in content["shards"]]}
    folder = {"name": "", "path": content.pop("repository"), "path_from_index": content.pop("repository_from_index")}
    return {**content, "folders": [folder], "fps": _FPS, "windows": _windows(**content["windows"])}


def _without(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


def _windows(
    *,
    lengths_s: list[float] | None = None,
    hop_share: float = 0.0,
    length_s: float = 0.0,
    hop_s: float = 0.0,
) -> dict[str, Any]:
    """The settings of layout 3, or of the older ones, which had one length and its hop in seconds."""
    if lengths_s is None:
        return {"lengths_s": [length_s], "hop_share": hop_s / length_s if length_s else 0.0}
    return {"lengths_s": lengths_s, "hop_share": hop_share}
