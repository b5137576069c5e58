"""Commits: shards, removals, labels and settings become a new version in one step, or nothing changes."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import IndexStateError
from ..version import __version__
from .checked_files import check_size
from .files import make_folder, os_errors_as_index_errors, publish_file, sync_folder
from .folders import folder_records
from .labels import write_labels
from .layout import manifest_file, versions, weights_file
from .manifest import Manifest
from .records import EncoderRecord, ShardRecord, WindowSettings
from .shard import Shard
from .snapshot import Snapshot

if TYPE_CHECKING:
    import pyarrow as pa


def commit(
    index: Path,
    base: Snapshot | None,
    *,
    folders: Mapping[str, Path],
    fps: float,
    encoders: Sequence[EncoderRecord],
    windows: WindowSettings,
    add: Sequence[ShardRecord] = (),
    remove: Collection[str] = (),
    labels: pa.Table | None = None,
    smooth: bool | None = None,
) -> int:
    """Make a new version of an index. The caller holds the WriterLock.

    When this returns, the version is on the disk; after an error or a crash it is there completely or not at all.

    Args:
        index: its folder.
        base: the newest version, which the new one follows; None to start from nothing, or to replace all.
        folders: the indexed folders by name; "" for a single one.
        fps: frames per second of canonical clips.
        encoders: the encoders whose vectors every shard has; their weights files are in the index already.
        windows: how takes were cut.
        add: shards that `write_shard` made.
        remove: ids of clips of `base` that the new version lacks; a clip of the same id may be in `add`.
        labels: string columns, `path` and one for each kind of label; None keeps those of `base`.
        smooth: whether queries are smoothed over the gallery; None keeps that of `base`, or False for a new index.

    Returns:
        The number of the new version.

    Raises:
        IndexStateError: `base` is no longer the newest version, or the index cannot be written.
        QueryError: a clip to remove is not in `base`.
        ValueError: a clip would be in the version twice, or a shard lacks the vectors of an encoder.
    """
    index = Path(os.path.abspath(index))  # noqa: PTH100  as in Snapshot.open
    known = versions(index)
    if base is not None and known[-1:] != [base.version]:
        raise _overtaken(index, known[-1] if known else 0)
    shards, removed = _contents(index, base, add, remove)
    _check_spaces(index, shards, encoders)
    before = base.manifest if base is not None else None
    manifest = Manifest(
        version=known[-1] + 1 if known else 1,
        writer=f"mretrieve {__version__}",
        committed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        folders=folder_records(index, folders),
        fps=fps,
        encoders=tuple(encoders),
        windows=windows,
        smooth=smooth if smooth is not None else bool(before and before.smooth),
        labels=write_labels(index, labels) if labels is not None else (before.labels if before else None),
        shards=tuple(shards),
        removed=removed,
    )
    _publish(index, manifest)
    return manifest.version


def _publish(index: Path, manifest: Manifest) -> None:
    path = manifest_file(index, manifest.version)
    with os_errors_as_index_errors(path):
        make_folder(path.parent)
        for folder in (index.parent, index) if manifest.version == 1 else (index,):
            sync_folder(folder)  # a run that made a folder in it may have ended before it could
        try:
            publish_file(path, [manifest.to_json().encode()])
        except FileExistsError:
            raise _overtaken(index, manifest.version) from None


def _contents(
    index: Path, base: Snapshot | None, add: Sequence[ShardRecord], remove: Collection[str]
) -> tuple[list[ShardRecord], dict[str, tuple[str, ...]]]:
    """The shards of the new version, and the clips of them that it lacks."""
    gone = set(remove)
    if gone and base is None:
        raise ValueError("there is no version to remove clips from")
    live: set[str] = set()
    shards: list[ShardRecord] = []
    removed: dict[str, tuple[str, ...]] = {}
    if base is not None:
        for clip in sorted(gone):
            base.clip_row(clip)  # raises if there is none
        for number, record in enumerate(base.shards):
            ids = base.shard_clips(number)
            kept = [clip for clip in ids if clip not in gone]
            if kept:
                shards.append(record)
                if hidden := {*base.manifest.removed.get(record.id, ()), *gone.intersection(ids)}:
                    removed[record.id] = tuple(sorted(hidden))
                live.update(kept)
    for record in add:
        ids = Shard(index, record).clips["clip"].to_pylist()
        if twice := live.intersection(ids):
            raise ValueError(f"{min(twice)!r} would be in the version twice; remove the older one in the same commit")
        live.update(ids)
        shards.append(record)
    return shards, removed


def _check_spaces(index: Path, records: Sequence[ShardRecord], encoders: Sequence[EncoderRecord]) -> None:
    """Check that all shards have the vectors of all encoders, and the index their weights files."""
    for record in records:
        if set(record.largest_norms) != {encoder.name for encoder in encoders}:
            raise ValueError(f"shard {record.id} has spaces {sorted(record.largest_norms)}, not those of {encoders}")
        shard = Shard(index, record)
        for encoder in encoders:
            shard.vectors(encoder.name, encoder.dimension)
    for encoder in encoders:
        if encoder.file is not None:
            check_size(weights_file(index, encoder.file.id), encoder.file.size)


def _overtaken(index: Path, version: int) -> IndexStateError:
    return IndexStateError(
        f"{index}: another writer committed version {version} first; nothing is lost, run the command again"
    )
