"""The plan of a run: what the folders hold, what the index has of it, and with which encoders and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.formats import ReadingOptions
from mretrieve.sources.labels import Labels, read_labels
from mretrieve.sources.scan import Scan
from mretrieve.storage.folders import index_command
from mretrieve.storage.layout import versions
from mretrieve.storage.records import EncoderRecord, ReadingRecord, VectorSearchSettings
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.spans import SpansOfFiles
from mretrieve.storage.verification import check_content, check_sample
from mretrieve.vectors import check_kind

from .changes import Changes, changes
from .folders import KnownFile, known_files
from .ingest import DEFAULT_WINDOWS, IngestSpec
from .library import Library, plan_library
from .report import FileEntry, Outcome, RunSettings, remembered
from .settings import Space, chosen_spaces, same_spaces, settings_for


@dataclass(frozen=True)
class VectorSearchOptions:
    """Arguments of `build_index` by which vector indexes are chosen; None keeps the setting of the index.

    `memory_bytes` is 0 for no limit.
    """

    kind: str | None
    recall: float | None
    memory_bytes: int | None

    def settings(self, base: Snapshot | None) -> VectorSearchSettings:
        """The settings of the index after the run. QueryError if no kind has this name."""
        if self.kind is not None:
            check_kind(self.kind)
        before = VectorSearchSettings() if base is None else base.manifest.vector_search
        memory = before.memory_bytes if self.memory_bytes is None else self.memory_bytes or None
        return VectorSearchSettings(self.kind or before.kind, self.recall or before.recall, memory)


@dataclass(frozen=True)
class IndexOptions:
    """Arguments of `build_index` that a plan depends on."""

    labels: Sequence[Path]
    label_pattern: str | None
    encoder: str | Sequence[str] | None
    weights: Sequence[float] | None
    reading: ReadingOptions
    smooth: bool | None
    rebuild: bool
    prune: bool
    vector_search: VectorSearchOptions
    device: str | None = None
    check: bool = False


@dataclass(frozen=True, eq=False)
class RunPlan:
    """A run that is ready to start.

    Attributes:
        library: the folders.
        base: the version of the index to build on; None for a new index.
        settings: settings to record.
        spec: how files become clips.
        changes: the work.
        labels: the new labels of the index; None keeps those that it has.
        spans: the new labelled spans of label files, by path; None keeps those that the index has.
        smooth: the new setting for queries; None keeps that of the index.
        reading: how files are read, to be recorded.
        removed: files that stay out as long as they do not change.
        replace: whether one new version replaces everything in `base`, instead of several that add to it.
        vector_search: settings by which vector indexes are chosen.
        warnings: one line each.
    """

    library: Library
    base: Snapshot | None
    settings: RunSettings
    spec: IngestSpec
    changes: Changes
    labels: pa.Table | None
    spans: SpansOfFiles | None
    smooth: bool | None
    reading: ReadingRecord
    removed: tuple[FileEntry, ...]
    replace: bool
    vector_search: VectorSearchSettings
    warnings: tuple[str, ...]

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """The spaces of the index after the run."""
        return tuple(space.record for space in self.spec.spaces)


def plan_run(scans: Mapping[Path, Scan | MRetrieveError], index: Path, options: IndexOptions) -> RunPlan:
    """Compare folders with their index. The caller holds the WriterLock.

    Raises:
        IndexStateError, QueryError, MRetrieveError: see `build_index`.
    """
    base, warnings = _newest(index, may_be_damaged=options.rebuild)
    if base is not None and not options.rebuild:
        check_content(base) if options.check else check_sample(base)
    last, entries = remembered(base, index)
    known = known_files(base, entries)
    library = plan_library(scans, index, base, known, prune=options.prune)
    kept = base
    if options.rebuild:
        _check_complete(library, index)
        kept, known = None, {}
    spaces = chosen_spaces(index, base, options.encoder, options.weights, options.rebuild)
    stored_version = _version_to_encode(kept, spaces)
    names = ",".join(space.record.name for space in spaces)
    command = index_command(library.folders.values(), index)
    settings = settings_for(None if kept is None else last, names, options.reading, command)
    if settings != last:  # files that were refused may be readable now
        known = {path: file for path, file in known.items() if not file.was_refused}
    labels = _read_labels(options.labels, options.label_pattern, library, known)
    return RunPlan(
        library=library,
        base=base,
        settings=settings,
        spec=IngestSpec(
            folders=library.folders,
            index=index,
            spaces=spaces,
            windows=DEFAULT_WINDOWS if kept is None else kept.windows_settings,
            reading=settings.reading,
            stored_version=stored_version,
            device=options.device,
        ),
        changes=changes(library, known, settings.reading.asf, stored_version is not None, options.check),
        labels=None if labels is None else labels.table,
        spans=None if labels is None else labels.spans,
        smooth=options.smooth,
        reading=settings.recorded(_label_files(options.labels, kept)),
        removed=_staying_out(entries, library, known),
        replace=options.rebuild or stored_version is not None,
        vector_search=options.vector_search.settings(base),
        warnings=(*(() if labels is None else labels.warnings), *library.warnings, *warnings),
    )


def _version_to_encode(kept: Snapshot | None, spaces: Sequence[Space]) -> int | None:
    """The version whose clips get vectors in other spaces; None if they keep those that they have."""
    if kept is None or same_spaces([space.record for space in spaces], kept.encoders):
        return None
    check_content(kept)  # damaged data must not get a new checksum
    return kept.version


def _read_labels(
    files: Sequence[Path], pattern: str | None, library: Library, known: Mapping[str, KnownFile]
) -> Labels | None:
    """The labels in label files and names of files; None if there are none of both."""
    if not files and pattern is None:
        return None
    paths = {file.path for file in library.scan.files} | {path for path in known if library.keeps(path)}
    return read_labels(files, library.folders, paths, pattern)


def _label_files(files: Sequence[Path], kept: Snapshot | None) -> tuple[str, ...]:
    """Paths of the label files that the labels of the index are from."""
    if files or kept is None or kept.manifest.reading is None:
        return tuple(str(path.absolute()) for path in files)
    return kept.manifest.reading.labels


def _staying_out(
    entries: Sequence[FileEntry], library: Library, known: Mapping[str, KnownFile]
) -> tuple[FileEntry, ...]:
    """The removed files that are still there, or may be, and are not to be read again."""
    found = {file.path for file in library.scan.files}
    return tuple(
        entry
        for entry in entries
        if entry.outcome is Outcome.REMOVED
        and entry.path in known
        and (entry.path in found or library.keeps(entry.path))
    )


def _check_complete(library: Library, index: Path) -> None:
    """MRetrieveError if a folder of the index cannot be read again."""
    for name, folder in library.folders.items():
        if name not in library.scanned:
            command = index_command(library.folders.values(), index)
            raise MRetrieveError(
                f"{folder}: the index has clips of it too; read all again with `{command} --rebuild`, or add --prune "
                "to remove them"
            )


def _newest(index: Path, may_be_damaged: bool) -> tuple[Snapshot | None, list[str]]:
    """The version to build on, and warnings; None if there is none, or if it is damaged and to be replaced."""
    if not versions(index):
        return None, []
    try:
        snapshot = Snapshot.open(index)
        _ = snapshot.clips
    except IndexStateError:
        if may_be_damaged:
            return None, [f"{index}: was damaged; its labels and settings are lost, give them again"]
        raise
    return snapshot, []
