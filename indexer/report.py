"""What an ingest did with each file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum

from .describe import Holdings

SCHEMA = "mretrieve.report/1"


class Outcome(StrEnum):
    """What became of a file."""

    READ = "read"
    UNCHANGED = "unchanged"  # touched since, but its content is the one that the index has
    REFUSED = "refused"  # a motion file that cannot be read; the reason says what to do
    UNREADABLE = "not yet readable"  # a format that mretrieve knows of and has no reader for
    REMOVED = "removed"  # by `mretrieve remove`; stays out until the file changes
    GONE = "gone"  # no longer in the folder


@dataclass(frozen=True)
class FileEntry:
    """One file in a report."""

    path: str  # relative to the repository
    outcome: Outcome
    size_bytes: int = 0
    mtime_ns: int = 0
    content_hash: str = ""
    clips: tuple[str, ...] = ()
    duration_s: float = 0.0  # of all its clips
    repairs: tuple[str, ...] = ()  # what the reader had to mend
    notes: tuple[str, ...] = ()  # what canonicalisation found
    reason: str = ""  # why there is no clip of it, and what to do

    @property
    def replaces_clips(self) -> bool:
        """Whether what the index had of the file goes: not where it is unchanged, or cannot be opened today."""
        return bool(self.content_hash) and self.outcome is not Outcome.UNCHANGED


@dataclass(frozen=True)
class RunSettings:
    """What, besides the files, decides what becomes of them."""

    mretrieve: str  # version
    encoder: str
    asf: str | None = None  # absolute path of the skeleton given for AMC files
    rig_map: str | None = None  # absolute path of the rig map given
    rig_map_hash: str | None = None


@dataclass(frozen=True)
class IngestReport:
    """What one run of an ingest found, did and left."""

    repository: str
    index: str
    version: int  # of the index after the run
    new_version: bool  # False where there was nothing to do
    started: str  # ISO 8601, UTC
    wall_s: float
    settings: RunSettings
    entries: tuple[FileEntry, ...]  # sorted by path; files that are unchanged by size and time are only counted
    unchanged_files: int
    unread_files: int  # left for the next run because this one was interrupted
    holdings: Holdings  # of the index after the run
    warnings: tuple[str, ...] = ()

    def of(self, *outcomes: Outcome) -> tuple[FileEntry, ...]:
        """The entries with one of these outcomes."""
        return tuple(entry for entry in self.entries if entry.outcome in outcomes)

    @property
    def repaired(self) -> tuple[FileEntry, ...]:
        """Files in which something had to be mended."""
        return tuple(entry for entry in self.entries if entry.repairs)

    @property
    def skipped(self) -> tuple[FileEntry, ...]:
        """Motion files of which the index has nothing, with reasons."""
        return self.of(Outcome.REFUSED, Outcome.UNREADABLE)

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its end."""
        return self.unread_files > 0

    def to_json(self) -> str:
        """The report as a file keeps it; names that are no UTF-8 are kept as escaped surrogates."""
        counts = Counter(entry.outcome.value for entry in self.entries)
        counts["repaired"] = len(self.repaired)
        return json.dumps({"schema": SCHEMA, "counts": counts, **asdict(self)}, indent=1) + "\n"
