"""Progress of an ingest, and the report of what it did with each file, which the index keeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mretrieve.formats import ReadingOptions
from mretrieve.storage.files import (
    discard,
    make_folder,
    os_errors_as_index_errors,
    publish_file,
    read_ordinary_file,
)
from mretrieve.storage.layout import NAMES, REPORTS
from mretrieve.storage.ownership import own_entries
from mretrieve.storage.records import ReadingRecord, RemovedFile
from mretrieve.storage.snapshot import Snapshot

from .describe import IndexContents

#: 2: `contents` was called `holdings`, and there was one `repository`.
SCHEMA = "mretrieve.report/2"


class Outcome(StrEnum):
    """Outcome for one file.

    READ: its clips are new in the index.
    UNCHANGED: its time has changed, but its content is the one in the index.
    REFUSED: a motion file that cannot be read; the reason says what to do.
    UNREADABLE: its format is known, but there is no reader for it yet, or a library for it is missing.
    REMOVED: removed by `mretrieve remove`; it stays out until it changes.
    GONE: no longer in the folder.
    """

    READ = "read"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNREADABLE = "not yet readable"
    REMOVED = "removed"
    GONE = "gone"


@dataclass(frozen=True)
class FileEntry:
    """One file in a report.

    Attributes:
        path: relative to the indexed folder; with the folder's name in front if the index has several.
        outcome: what the run did with it.
        size_bytes: its size.
        mtime_ns: time of its last modification.
        content_hash: hash of its content; empty if the next run should try again.
        clips: ids of its clips.
        duration_s: total duration of its clips.
        repairs: what the reader corrected or assumed.
        notes: remarks of the canonicalisation.
        reason: why it has no clip in the index, and what to do.
    """

    path: str
    outcome: Outcome
    size_bytes: int = 0
    mtime_ns: int = 0
    content_hash: str = ""
    clips: tuple[str, ...] = ()
    duration_s: float = 0.0
    repairs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def replaces_clips(self) -> bool:
        """Whether earlier clips of the file leave the index: not if it is unchanged or could not be opened."""
        return bool(self.content_hash) and self.outcome is not Outcome.UNCHANGED


@dataclass(frozen=True)
class RunSettings:
    """Settings that, together with the files, determine the clips.

    Attributes:
        mretrieve: version.
        encoder: names of the spaces, separated by commas.
        asf: absolute path of the skeleton given for AMC files.
        rig_map: absolute path of the rig map given.
        rig_map_hash: hash of its content.
        fps: frames per second given for keypoint files.
    """

    mretrieve: str
    encoder: str
    asf: str | None = None
    rig_map: str | None = None
    rig_map_hash: str | None = None
    fps: float | None = None

    def recorded(self, labels: tuple[str, ...] = ()) -> ReadingRecord:
        """How files are read, as manifests have it; `labels` are the paths of label files."""
        return ReadingRecord(self.asf, self.rig_map, self.rig_map_hash, self.fps, labels)

    @property
    def reading(self) -> ReadingOptions:
        """How its files are read."""
        asf, rig_map = (None if path is None else Path(path) for path in (self.asf, self.rig_map))
        return ReadingOptions(asf, rig_map, self.fps)


@dataclass(frozen=True)
class IngestReport:
    """What one run of an ingest found, did and left.

    Attributes:
        folders: the indexed folders by name.
        index: the folder of the index.
        version: of the index after the run.
        new_version: whether the run made that version.
        started: ISO 8601, UTC.
        wall_s: duration of the run.
        settings: settings of the run.
        entries: sorted by path; files whose size and time are unchanged are only counted.
        unchanged_files: their number.
        unread_files: files left for the next run because this one was interrupted.
        contents: contents of the index after the run.
        warnings: one line each.
    """

    folders: dict[str, str]
    index: str
    version: int
    new_version: bool
    started: str
    wall_s: float
    settings: RunSettings
    entries: tuple[FileEntry, ...]
    unchanged_files: int
    unread_files: int
    contents: IndexContents
    warnings: tuple[str, ...] = ()

    def of(self, *outcomes: Outcome) -> tuple[FileEntry, ...]:
        """The entries with one of these outcomes."""
        return tuple(entry for entry in self.entries if entry.outcome in outcomes)

    @property
    def repaired(self) -> tuple[FileEntry, ...]:
        """Files in which the reader corrected a fault."""
        return tuple(entry for entry in self.entries if entry.repairs)

    @property
    def skipped(self) -> tuple[FileEntry, ...]:
        """Motion files without a clip in the index, with reasons."""
        return self.of(Outcome.REFUSED, Outcome.UNREADABLE)

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.unread_files > 0

    def to_json(self) -> str:
        """The report as JSON, a file a line; file names that are not UTF-8 are kept as escaped surrogates."""
        counts = Counter(entry.outcome.value for entry in self.entries)
        counts["repaired"] = len(self.repaired)
        content = {"schema": SCHEMA, "counts": counts, **asdict(replace(self, entries=()))}
        members = {name: json.dumps(value) for name, value in content.items()}
        members["entries"] = "[" + ",".join(f"\n  {json.dumps(vars(entry))}" for entry in self.entries) + "]"
        return "{\n" + ",\n".join(f" {json.dumps(name)}: {value}" for name, value in members.items()) + "\n}\n"


@dataclass(frozen=True)
class IngestProgress:
    """Progress of an ingest, reported after every few files.

    Attributes:
        files_done: files read so far.
        files_total: files to read in this run; unchanged ones are not counted.
        clips: clips read so far.
        motion_s: seconds of motion read so far.
        refused: files refused so far.
        path: the last file.
    """

    files_done: int
    files_total: int
    clips: int
    motion_s: float
    refused: int
    path: str


#: Receives progress, in the process and thread that runs the ingest.
ProgressListener = Callable[[IngestProgress], None]


#: Number of reports that an index keeps.
KEPT_REPORTS = 20


def save_report(report: IngestReport) -> Path:
    """Save a report in its index. The caller holds the WriterLock.

    Raises:
        IndexStateError: the index cannot be written.
    """
    folder = Path(report.index) / REPORTS
    with os_errors_as_index_errors(folder):
        make_folder(folder)
        earlier = _saved(folder)
        path = folder / f"{int(earlier[-1].stem) + 1 if earlier else 1:08d}.json"
        publish_file(path, [report.to_json().encode("ascii")])
        for old in own_entries(folder.parent, REPORTS)[:-KEPT_REPORTS]:
            discard(old)
    return path


def last_report(index: Path) -> tuple[RunSettings | None, tuple[FileEntry, ...]]:
    """The settings of the last run and the entries that the next run needs; (None, ()) if its report cannot be read.

    They are the entries of files without a clip, and of files that have the known content but another time. Without
    them a run reads such files again, so a damaged report is not an error.
    """
    try:
        saved: dict[str, Any] = json.loads(read_ordinary_file(_saved(index / REPORTS)[-1]))
        if saved["schema"] not in (SCHEMA, "mretrieve.report/1"):
            return None, ()
        entries = [_entry(entry) for entry in saved["entries"] if entry["outcome"] not in (Outcome.READ, Outcome.GONE)]
        return RunSettings(**saved["settings"]), tuple(entries)
    except (OSError, IndexError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, ()


def remembered(snapshot: Snapshot | None, index: Path) -> tuple[RunSettings | None, tuple[FileEntry, ...]]:
    """The settings that an index was made with, and the entries that the next run needs.

    Settings and removed files are those of the manifest, and of an index of a layout before 6 those of its last report.
    What else a report has saves only time.
    """
    last, entries = last_report(index)
    if snapshot is None or snapshot.manifest.reading is None:
        return last, entries
    recorded = snapshot.manifest.reading
    if last is None:
        last = RunSettings("", ",".join(one.name for one in snapshot.encoders))
    settings = replace(
        last,
        asf=recorded.asf,
        rig_map=recorded.rig_map,
        rig_map_hash=recorded.rig_map_hash,
        fps=recorded.fps,
    )
    others = [entry for entry in entries if entry.outcome is not Outcome.REMOVED]
    return settings, (*others, *map(removed_entry, snapshot.manifest.removed_files))


def removed_entry(file: RemovedFile) -> FileEntry:
    """The line of a report for a file that was removed."""
    reason = "removed by `mretrieve remove`; `--rebuild` brings it back"
    return FileEntry(file.path, Outcome.REMOVED, file.size_bytes, file.mtime_ns, file.content_hash, reason=reason)


def removed_files(entries: Iterable[FileEntry]) -> tuple[RemovedFile, ...]:
    """The files among some entries that were removed, as manifests have them."""
    return tuple(
        RemovedFile(entry.path, entry.content_hash, entry.size_bytes, entry.mtime_ns)
        for entry in entries
        if entry.outcome is Outcome.REMOVED
    )


def _saved(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if NAMES[REPORTS].fullmatch(path.name))


def _entry(saved: dict[str, Any]) -> FileEntry:
    lists = {name: tuple(saved[name]) for name in ("clips", "repairs", "notes")}
    return FileEntry(**{**saved, **lists, "outcome": Outcome(saved["outcome"])})
