"""Remove clips from an index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mretrieve.errors import QueryError
from mretrieve.sources.resolve import ClipResolver, own_rows
from mretrieve.storage.commits import WriterLock, amend
from mretrieve.storage.records import RemovedFile
from mretrieve.storage.snapshot import Snapshot
from mretrieve.version import __version__

from .describe import count_contents
from .report import IngestReport, RunSettings, remembered, removed_entry, removed_files, save_report


@dataclass(frozen=True)
class Removal:
    """Clips that were removed from an index.

    Attributes:
        clips: their ids, sorted.
        version: the new version of the index.
    """

    clips: tuple[str, ...]
    version: int


def remove_clips(index: Path | str, names: Sequence[str]) -> Removal:
    """Make a version of the index without these clips; their files are not touched.

    A file whose clips are all removed is left out of later runs until it changes, or until the index is rebuilt.

    Args:
        index: folder of the index.
        names: ids of clips; or motion files and hits of answers, as in a query.

    Raises:
        QueryError: the index has no such clip, or a name means only a part of one; nothing is removed.
        IndexStateError: there is no index, or another writer holds it.
    """
    clock, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    place = Path(index)
    Snapshot.open(place)  # raises if there is no index, before the lock creates one
    with WriterLock(place):
        base = Snapshot.open(place)
        resolver = ClipResolver(base)
        rows = sorted({row for name in names for row in _rows(resolver, name)})
        ids, paths = base.clips["clip"].to_pylist(), base.clips["path"].to_pylist()
        clips = tuple(ids[row] for row in rows)
        gone = set(rows)
        remaining = {path for row, path in enumerate(paths) if row not in gone}
        settings, known = remembered(base, place)
        entries = {entry.path: entry for entry in known}
        for row in base.clips.take(rows).to_pylist():
            if row["path"] not in remaining:
                file = RemovedFile(row["path"], row["content_hash"], row["size_bytes"], row["mtime_ns"])
                entries[row["path"]] = removed_entry(file)
        version = amend(
            base,
            remove=set(clips),
            reading=None if settings is None else settings.recorded(_label_files(base)),
            removed_files=removed_files(entries.values()),
        )
        left = Snapshot.open(place)
        report = IngestReport(
            folders={name: str(path) for name, path in base.folders.items()},
            index=str(place),
            version=version,
            new_version=True,
            started=started,
            wall_s=round(time.perf_counter() - clock, 3),
            settings=settings or RunSettings(__version__, ",".join(one.name for one in base.encoders)),
            entries=tuple(sorted(entries.values(), key=lambda entry: entry.path)),
            unchanged_files=len(remaining),
            unread_files=0,
            contents=count_contents(left),
        )
        save_report(report)
    return Removal(clips, version)


def _label_files(base: Snapshot) -> tuple[str, ...]:
    return () if base.manifest.reading is None else base.manifest.reading.labels


def _rows(resolver: ClipResolver, name: str) -> Sequence[int]:
    """Rows of the clips that a name means. An id of the index comes first: its file may be damaged, or gone."""
    index = resolver.snapshot
    with suppress(QueryError):
        return (index.clip_row(name),)
    clip = resolver.resolve(name)
    rows = own_rows(index, clip)
    if not rows:
        raise QueryError(f"{name}: not in the index {index.index}; `mretrieve list` prints the names of its clips")
    if clip.frames != (0, clip.clip.frame_count):
        id = index.clips["clip"][rows[0]].as_py()
        raise QueryError(f"{name}: only a part of a clip; to remove the whole clip, name {id}")
    return rows
