"""Reports in an index, for people and as the next run's record of files without a clip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mretrieve.storage.files import discard, make_folder, os_errors_as_index_errors, publish_file
from mretrieve.storage.layout import NAMES, REPORTS
from mretrieve.storage.ownership import own_entries

from .report import SCHEMA, FileEntry, IngestReport, Outcome, RunSettings

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
        saved: dict[str, Any] = json.loads(_saved(index / REPORTS)[-1].read_text(encoding="ascii"))
        if saved["schema"] not in (SCHEMA, "mretrieve.report/1"):
            return None, ()
        entries = [_entry(entry) for entry in saved["entries"] if entry["outcome"] not in (Outcome.READ, Outcome.GONE)]
        return RunSettings(**saved["settings"]), tuple(entries)
    except (OSError, IndexError, ValueError, KeyError, TypeError, AttributeError):
        return None, ()


def _saved(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if NAMES[REPORTS].fullmatch(path.name))


def _entry(saved: dict[str, Any]) -> FileEntry:
    lists = {name: tuple(saved[name]) for name in ("clips", "repairs", "notes")}
    return FileEntry(**{**saved, **lists, "outcome": Outcome(saved["outcome"])})
