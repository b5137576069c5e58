"""Take clips out of an index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from mretrieve.storage import Snapshot, WriterLock, commit
from mretrieve.version import __version__

from .describe import count_contents
from .report import FileEntry, IngestReport, Outcome, RunSettings
from .report_files import last_report, save_report


def remove_clips(index: Path | str, clips: Sequence[str]) -> int:
    """Make a version of the index without these clips; the files stay where they are.

    A file whose clips are all removed is left out of later runs until it changes, or until the index is rebuilt.

    Returns:
        The new version.

    Raises:
        QueryError: the index has no such clip; nothing is removed.
        IndexStateError: there is no index, or another writer holds it.
    """
    clock, started = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
    place = Path(index)
    Snapshot.open(place)  # where there is no index, none must be begun
    with WriterLock(place):
        base = Snapshot.open(place)
        rows = sorted({base.clip_row(clip) for clip in clips})
        version = commit(
            place,
            base,
            folders=base.folders,
            fps=base.manifest.fps,
            encoders=base.encoders,
            windows=base.windows_settings,
            remove=set(clips),
        )
        left = Snapshot.open(place)
        still_there = set(left.clips.column("path").to_pylist())
        settings, remembered = last_report(place)
        entries = {entry.path: entry for entry in remembered}
        for row in base.clips.take(rows).to_pylist():
            if row["path"] not in still_there:
                entries[row["path"]] = FileEntry(
                    row["path"],
                    Outcome.REMOVED,
                    row["size_bytes"],
                    row["mtime_ns"],
                    row["content_hash"],
                    reason="removed by `mretrieve remove`; `--rebuild` brings it back",
                )
        report = IngestReport(
            repository=str(base.repository),
            index=str(place),
            version=version,
            new_version=True,
            started=started,
            wall_s=round(time.perf_counter() - clock, 3),
            settings=settings or RunSettings(__version__, ",".join(one.name for one in base.encoders)),
            entries=tuple(sorted(entries.values(), key=lambda entry: entry.path)),
            unchanged_files=len(still_there),
            unread_files=0,
            contents=count_contents(left),
        )
        save_report(report)
    return version
