"""The plan of a run: what the folder holds, what the index has of it, and with which encoders and settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mretrieve.errors import IndexStateError
from mretrieve.formats import ReadingOptions
from mretrieve.sources.labels import read_labels
from mretrieve.sources.scan import Scan, scan
from mretrieve.storage import EncoderRecord, Snapshot, check_content, versions

from .changes import Changes, changes, holds_motion, known_files, no_motion
from .committer import labels_of
from .ingest import IngestSpec
from .report import Outcome, RunSettings
from .report_files import last_report
from .settings import settings_for
from .target_spaces import chosen_spaces, same_spaces
from .windows import DEFAULT_WINDOWS


@dataclass(frozen=True)
class IndexOptions:
    """Arguments of `build_index` that a plan depends on."""

    encoder: str | Sequence[str] | None
    weights: Sequence[float] | None
    reading: ReadingOptions
    smooth: bool | None
    rebuild: bool


@dataclass(frozen=True)
class Library:
    """A folder of motion files with its labels.

    Attributes:
        path: absolute.
        scan: its files.
        labels: a table with a row per labelled file; None if no labels were given.
        warnings: one line each.
    """

    path: Path
    scan: Scan
    labels: pa.Table | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RunPlan:
    """A run that is ready to start.

    Attributes:
        library: the folder.
        base: the version of the index to build on; None for a new index.
        settings: settings to record.
        spec: how files become clips.
        changes: the work.
        smooth: setting for queries.
        replace: whether one new version replaces everything in `base`, instead of several that add to it.
        warnings: one line each.
    """

    library: Library
    base: Snapshot | None
    settings: RunSettings
    spec: IngestSpec
    changes: Changes
    smooth: bool | None
    replace: bool
    warnings: tuple[str, ...]

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """The spaces of the index after the run."""
        return tuple(space.record for space in self.spec.spaces)


def absolute(path: Path | str) -> Path:
    """An absolute path that is not resolved: links keep the names that the user knows."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def read_library(repository: Path, index: Path, labels: Sequence[Path | str]) -> Library:
    """Scan a folder and read its label files.

    Raises:
        MRetrieveError: the folder or a label file cannot be read, or there is neither motion in it nor an index.
    """
    files = scan(repository, index)
    if not index.exists() and not holds_motion(repository, files):
        raise no_motion(repository)
    if not labels:
        return Library(repository, files, None, tuple(files.warnings))
    table = read_labels([Path(file) for file in labels], repository, {file.path for file in files.files})
    return Library(repository, files, table.table, (*table.warnings, *files.warnings))


def plan_run(library: Library, index: Path, options: IndexOptions) -> RunPlan:
    """Compare a folder with its index. The caller holds the WriterLock.

    Raises:
        IndexStateError, QueryError, MRetrieveError: see `build_index`.
    """
    base, warnings = _newest(index, may_be_damaged=options.rebuild)
    kept = None if options.rebuild else base
    spaces = chosen_spaces(index, base, options.encoder, options.weights, options.rebuild)
    stored_version = None
    if kept is not None and not same_spaces([space.record for space in spaces], kept.encoders):
        check_content(kept)  # damaged data must not get a new checksum
        stored_version = kept.version
    last, remembered = last_report(index)
    names = ",".join(space.record.name for space in spaces)
    settings = settings_for(kept, library.path, last, names, options.reading)
    if settings != last:  # files that were refused may be readable now
        remembered = tuple(entry for entry in remembered if entry.outcome is not Outcome.REFUSED)
    known = {} if options.rebuild else known_files(kept, remembered)
    todo = changes(library.path, library.scan, known, settings.reading.asf, stored_version is not None)
    if not (todo.tasks or todo.unchanged or todo.entries):
        raise no_motion(library.path)
    windows = DEFAULT_WINDOWS if kept is None else kept.windows_settings
    return RunPlan(
        library=library,
        base=base,
        settings=settings,
        spec=IngestSpec(library.path, index, spaces, windows, settings.reading, stored_version),
        changes=todo,
        smooth=options.smooth,
        replace=options.rebuild or stored_version is not None,
        warnings=(*library.warnings, *warnings),
    )


def _newest(index: Path, may_be_damaged: bool) -> tuple[Snapshot | None, list[str]]:
    """The version to build on, and warnings; None if there is none, or if it is damaged and to be replaced."""
    if not versions(index):
        return None, []
    try:
        snapshot = Snapshot.open(index)
        _ = snapshot.clips, labels_of(snapshot)
    except IndexStateError:
        if may_be_damaged:
            return None, [f"{index}: was damaged; its labels and settings are lost, give them again"]
        raise
    return snapshot, []
