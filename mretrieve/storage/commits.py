"""Commits: shards, removals, labels and settings become a new version in one step, or nothing changes."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ..errors import IndexStateError
from ..version import __version__
from .checked_files import check_size
from .files import is_link, make_folder, os_errors_as_index_errors, publish_file, sync_folder
from .folders import folder_records
from .inventory import write_inventory
from .labels import write_labels
from .layout import HOLDER, LOCK, manifest_file, vector_index_file, versions, weights_file
from .manifest import Manifest
from .ownership import claim
from .records import (
    EncoderRecord,
    ReadingRecord,
    RemovedFile,
    ShardRecord,
    VectorIndexRecord,
    VectorSearchSettings,
    WindowSettings,
)
from .shard import Shard
from .snapshot import Snapshot
from .spans import StoredSpans, write_spans

if TYPE_CHECKING:
    import pyarrow as pa


class WriterLock:
    """Holds an index for writing during the `with` block; creates the index's folder if necessary.

    Raises:
        IndexStateError: on entering, if another process (or this one) holds it, the folder is neither an index nor
            empty, or the file system has no locks, or none that work.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._lock = FileLock(index / LOCK, timeout=0, mode=0o666, thread_local=False)

    def __enter__(self) -> WriterLock:
        path, holder = self._index / LOCK, self._index / HOLDER
        with os_errors_as_index_errors(self._index):
            claim(self._index)
            for file in (path, holder):
                if is_link(file):
                    raise IndexStateError(f"{file}: is a link, and its target would be overwritten; remove the link")
                if file.exists() and not file.is_file():
                    raise IndexStateError(f"{file}: is not an ordinary file; remove it")
            try:
                self._lock.acquire()
            except Timeout:
                raise IndexStateError(
                    f"{self._index}: is being written by {_read(holder) or 'another process'}; wait until it has "
                    "finished, or end that process"
                ) from None
            except NotImplementedError as error:
                raise IndexStateError(
                    f"{path}: cannot be locked ({error}); keep the index on a file system with locks, such as a local "
                    "disk"
                ) from error
            if not self._is_exclusive():
                self._lock.release()
                raise IndexStateError(
                    f"{path}: was locked twice at once: locks do not work here, and writers would not notice each "
                    "other; keep the index on a file system with locks, such as a local disk"
                )
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        with suppress(OSError):  # a courtesy to the next writer: a full disk must not keep us from cleaning up
            holder.write_text(f"pid {os.getpid()} on {socket.gethostname()} since {since}\n", encoding="utf-8")
        return self

    def _is_exclusive(self) -> bool:
        """Whether a second lock is refused while the first is held, as it is wherever locks work."""
        second = FileLock(self._index / LOCK, timeout=0, mode=0o666, thread_local=False)
        try:
            second.acquire()
        except Timeout:
            return True
        second.release()
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            (self._index / HOLDER).write_bytes(b"")
        self._lock.release()  # the file stays: removing it would let two writers lock two files of one name


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace")[:500].strip()
    except OSError:
        return ""


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
    spans: StoredSpans | None = None,
    smooth: bool | None = None,
    vector_search: VectorSearchSettings | None = None,
    vector_indexes: Sequence[VectorIndexRecord] | None = None,
    reading: ReadingRecord | None = None,
    removed_files: Sequence[RemovedFile] | None = None,
    inventory: bool = True,
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
        spans: labelled spans of the files; None keeps those of `base`.
        smooth: whether queries are smoothed over the gallery; None keeps that of `base`, or False for a new index.
        vector_search: settings by which vector indexes are chosen; None keeps those of `base`.
        vector_indexes: over shards of the new version; their files are in the index already. None keeps those of `base`
            that have a shard left.
        reading: how files were read; None keeps that of `base`.
        removed_files: files that stay out; None keeps those of `base`.
        inventory: whether the version gets an inventory, with which it opens faster. The time to write one grows with
            the index, so versions that are soon followed by others do without.

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
    kept = before.labels if before is not None else None
    label_file = kept if labels is None else write_labels(index, labels)
    kept_spans = before.spans if before is not None else None
    manifest = Manifest(
        version=known[-1] + 1 if known else 1,
        writer=f"mretrieve {__version__}",
        committed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        folders=folder_records(index, folders),
        fps=fps,
        encoders=tuple(encoders),
        windows=windows,
        smooth=smooth if smooth is not None else bool(before and before.smooth),
        labels=label_file,
        shards=tuple(shards),
        removed=removed,
        vector_search=vector_search or (before.vector_search if before else VectorSearchSettings()),
        vector_indexes=_kept_indexes(before, shards) if vector_indexes is None else tuple(vector_indexes),
        reading=reading or (before.reading if before is not None else None),
        removed_files=tuple(removed_files if removed_files is not None else before.removed_files if before else ()),
        spans=kept_spans if spans is None else write_spans(index, spans),
    )
    for record in manifest.vector_indexes:
        check_size(vector_index_file(index, record.file.id), record.file.size)
    if inventory:
        listed = Snapshot(index, manifest)
        manifest = replace(manifest, inventory=write_inventory(index, listed.rows, listed.clips))
    _publish(index, manifest)
    return manifest.version


def amend(
    base: Snapshot,
    *,
    add: Sequence[ShardRecord] = (),
    remove: Collection[str] = (),
    vector_search: VectorSearchSettings | None = None,
    vector_indexes: Sequence[VectorIndexRecord] | None = None,
    reading: ReadingRecord | None = None,
    removed_files: Sequence[RemovedFile] | None = None,
    labels: pa.Table | None = None,
    spans: StoredSpans | None = None,
) -> int:
    """`commit` a version with the folders, encoders and windows of `base`; arguments and errors as there."""
    return commit(
        base.index,
        base,
        folders=base.folders,
        fps=base.manifest.fps,
        encoders=base.encoders,
        windows=base.windows_settings,
        add=add,
        remove=remove,
        labels=labels,
        spans=spans,
        vector_search=vector_search,
        vector_indexes=vector_indexes,
        reading=reading,
        removed_files=removed_files,
    )


def restore(index: Path, version: int) -> int:
    """Make a new version with the content of an older one that is kept. The caller holds the WriterLock.

    Returns:
        The number of the new version.

    Raises:
        IndexStateError: the older version is not kept or is damaged, or the index cannot be written.
    """
    index = Path(os.path.abspath(index))  # noqa: PTH100  as in Snapshot.open
    older = Snapshot.open(index, version)
    older.check_sound()
    manifest = replace(
        older.manifest,
        version=versions(index)[-1] + 1,
        writer=f"mretrieve {__version__}",
        committed_at=datetime.now(UTC).isoformat(timespec="seconds"),
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


def _kept_indexes(before: Manifest | None, shards: Sequence[ShardRecord]) -> tuple[VectorIndexRecord, ...]:
    left = {record.id for record in shards}
    return tuple(record for record in (before.vector_indexes if before else ()) if left.intersection(record.shards))


def _check_spaces(index: Path, records: Sequence[ShardRecord], encoders: Sequence[EncoderRecord]) -> None:
    """Check that all shards have the vectors of all encoders, and the index their weights files."""
    for record in records:
        if set(record.largest_norms) != {encoder.name for encoder in encoders}:
            raise ValueError(f"shard {record.id} has spaces {sorted(record.largest_norms)}, not those of {encoders}")
        shard = Shard(index, record)
        for encoder in encoders:
            shard.rows_of(encoder.name, encoder.dimension)
    for encoder in encoders:
        if encoder.file is not None:
            check_size(weights_file(index, encoder.file.id), encoder.file.size)


def _overtaken(index: Path, version: int) -> IndexStateError:
    return IndexStateError(
        f"{index}: another writer committed version {version} first; nothing is lost, run the command again"
    )
