"""Reports and descriptions of an index as text."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mretrieve.encoders.catalogue import is_for_parts
from mretrieve.motion import CANONICAL_FPS
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.records import VectorIndexRecord

from .build import default_index
from .describe import IndexContents, IndexDescription
from .reasons import group_by_reason, quantity
from .report import FileEntry, IngestReport, Outcome

#: Files named for each fault, and values named for each property; the JSON output has all.
NAMED_FILES, NAMED_VALUES = 3, 12
#: Notes that begin like this are shown for each run.
_DOUBTS = ("left out: ", "body: ", "rig map: ", "sides: ")


def summary_lines(report: IngestReport) -> list[str]:
    """What the run did, what the index contains now, and which files had which faults."""
    encoders = [name for name in report.settings.encoder.split(",") if not is_for_parts(name)]
    lines = [_files_line(report), *_contents_lines(report.contents)]
    if len(encoders) > 1:
        lines.append(f"Queries combine {', '.join(encoders)}; `mretrieve query FILE --encoder NAME` uses only one.")
    lines += _groups("Repaired", report.repaired, lambda entry: entry.repairs)
    lines += _groups("To check", [entry for entry in report.of(Outcome.READ) if _doubts(entry)], _doubts)
    lines += _groups("Not yet readable", report.of(Outcome.UNREADABLE), lambda entry: [entry.reason])
    lines += _groups("Refused", report.of(Outcome.REFUSED), lambda entry: [entry.reason])
    lines += _groups("Left out", report.of(Outcome.REMOVED), lambda entry: [entry.reason])
    lines += [f"Warning: {warning}" for warning in report.warnings]
    if report.new_version:
        lines.append(f"Wrote version {report.version} of {report.index}; its folder reports lists every file.")
    return [*lines, *_next_step(report)]


def _doubts(entry: FileEntry) -> list[str]:
    """Remarks on a file about bodies that were left out, and about what may have been read wrong."""
    return [note for note in entry.notes if note.startswith(_DOUBTS)]


def _files_line(report: IngestReport) -> str:
    read, gone = report.of(Outcome.READ), report.of(Outcome.GONE)
    if not report.new_version and not report.interrupted and not read and report.contents.clips:
        return "Index is up to date."
    unchanged = report.unchanged_files + len(report.of(Outcome.UNCHANGED))
    deleted = f", {len(gone)} deleted" if gone else ""
    return f"{quantity(len(read), 'file')} read, {unchanged} unchanged{deleted} in {report.wall_s:.1f} s."


def _contents_lines(contents: IndexContents) -> list[str]:
    if not contents.clips:
        return ["No motion file could be read, so the index has no clips."]
    clips, files = quantity(contents.clips, "clip"), quantity(contents.files, "file")
    lines = [f"The index has {clips} from {files}, {contents.duration_s / 60:.1f} minutes."]
    if len(contents.rates_fps) > 1:
        lines.append(f"Mixed frame rates, all resampled to 30 fps: {_counts(contents.rates_fps, ' fps')}.")
    if len(contents.units) > 1:
        lines.append(f"Mixed units, all converted to metres: {_counts(contents.units)}.")
    return lines


def _next_step(report: IngestReport) -> list[str]:
    option = "" if Path(report.index) == default_index().absolute() else f" --index {shlex.quote(report.index)}"
    if report.interrupted:
        state = "progress is saved. Continue with" if report.new_version else "the index is unchanged. Start again with"
        command = f"mretrieve index {shlex.join(report.folders.values())}{option}"
        return [f"Interrupted with {quantity(report.unread_files, 'file')} left; {state}: {command}"]
    return [f"Next: mretrieve query FILE -k 10{option}"] if report.contents.clips else []


def description_rows(index: IndexDescription) -> list[tuple[str, str]]:
    """The properties of an index: name and value."""
    contents = index.contents
    lengths = ", ".join(f"{length:g}" for length in index.windows.lengths_s)
    hops = ", ".join(f"{length * index.windows.hop_share:g}" for length in index.windows.lengths_s)
    weights = [f", weight {encoder.weight:.3g}" if len(index.encoders) > 1 else "" for encoder in index.encoders]
    return [
        ("index", f"{index.index}, {index.size_bytes / 1e6:.1f} MB"),
        *(("folder", f"{path} ({name}/)" if name else path) for name, path in index.folders.items()),
        ("version", f"{index.version} (kept: {', '.join(map(str, index.versions))})"),
        ("clips", f"{contents.clips} from {quantity(contents.files, 'file')}, {contents.duration_s / 3600:.2f} hours"),
        ("windows", f"{index.window_count}, {lengths} s long, {hops} s apart"),
        *(
            ("encoder", f"{encoder.name} ({encoder.dimension} dimensions, {encoder.fingerprint[:12]}{weight})")
            for encoder, weight in zip(index.encoders, weights, strict=True)
        ),
        *(("vector index", _vector_index(record)) for record in index.vector_indexes),
        ("rates", _counts(contents.rates_fps, " fps")),
        ("units", _counts(contents.units)),
        ("rigs", _counts(contents.rigs)),
        *((name, _counts(labels)) for name, labels in contents.labels.items()),
    ]


def windows_of(length: int) -> str:
    """The name of windows of a length in frames."""
    return "clips" if length == WHOLE else f"windows of {length / CANONICAL_FPS:g} s"


def _vector_index(record: VectorIndexRecord) -> str:
    return (
        f"{record.space}, {record.window_count} {windows_of(record.length)}: {record.kind}, recall "
        f"{record.recall_at_10:.3f} of 10, {record.recall_at_100:.3f} of 100, {record.latency_ms:.2f} ms, "
        f"{record.file.size / 1e6:.1f} MB"
    )


def _counts(counts: dict[str, int], unit: str = "") -> str:
    named = [f"{name}{unit} ({count})" for name, count in list(counts.items())[:NAMED_VALUES]]
    more = [f"and {len(counts) - NAMED_VALUES} more"] if len(counts) > NAMED_VALUES else []
    return ", ".join([*named, *more]) or "none"


def _groups(title: str, entries: Sequence[FileEntry], reasons: Callable[[FileEntry], Iterable[str]]) -> list[str]:
    """Files by reason."""
    if not entries:
        return []
    lines = [f"{title}: {quantity(len(entries), 'file')}"]
    for group in group_by_reason(entries, reasons):
        paths = group.paths
        more = f" and {len(paths) - NAMED_FILES} more" if len(paths) > NAMED_FILES else ""
        lines.append(f"  {', '.join(paths[:NAMED_FILES])}{more}: {group.reason}")
    return lines
