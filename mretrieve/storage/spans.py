"""The labelled spans of an index: one small table outside the shards, joined to the clips by the path of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..labelled_spans import LabelledSpan
from .checked_files import corrupt_file_error, read_content, write_content
from .layout import labels_file
from .records import FileRecord
from .tables import numbers, parquet, table_from

if TYPE_CHECKING:
    import pyarrow as pa

#: The spans of files by their path.
SpansOfFiles = Mapping[str, Sequence[LabelledSpan]]


@dataclass(frozen=True)
class StoredSpans:
    """All labelled spans of an index.

    Attributes:
        in_files: those that the motion files hold.
        given: those of label files.
    """

    in_files: SpansOfFiles
    given: SpansOfFiles


def write_spans(index: Path, spans: StoredSpans) -> FileRecord | None:
    """Write the table of spans, complete and synced; None if there is none. IndexStateError: it cannot be written."""
    import pyarrow as pa

    rows = [
        (path, *span, is_given)
        for is_given, files in ((False, spans.in_files), (True, spans.given))
        for path in sorted(files)
        for span in sorted(files[path])
    ]
    if not rows:
        return None
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), _schema(), strict=True)]
    return write_content([parquet(pa.table(columns, schema=_schema()))], lambda name: labels_file(index, name))


def read_spans(index: Path, record: FileRecord | None) -> StoredSpans:
    """The spans of a version, none without a record. IndexStateError if its file is missing or damaged."""
    spans = StoredSpans({}, {})
    if record is None:
        return spans
    table = _table(index, record)
    columns = (column.to_pylist() for column in table.columns)
    for path, start_s, end_s, label, given in zip(*columns, strict=True):
        files = spans.given if given else spans.in_files
        files.setdefault(path, []).append(LabelledSpan(start_s, end_s, label))  # type: ignore[attr-defined]
    return spans


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"path": pa.string(), "start_s": pa.float64(), "end_s": pa.float64(), "label": pa.string()}
    return pa.schema({**kinds, "given": pa.bool_()})


def _table(index: Path, record: FileRecord) -> pa.Table:
    path = labels_file(index, record.id)
    try:
        table = table_from(read_content(path, record.size, record.checksum))
        if not table.schema.equals(_schema()) or any(column.null_count for column in table.columns):
            raise ValueError("it has other columns than labelled spans, or cells without a value")
        starts, ends = numbers(table["start_s"]), numbers(table["end_s"])
        if not (np.isfinite([starts, ends]).all() and (starts <= ends).all()):
            raise ValueError("it has spans that end before they start")
    except (ValueError, OSError, NotImplementedError, MemoryError) as error:  # pyarrow's errors are among them
        raise corrupt_file_error(path, str(error).splitlines()[0]) from None
    return table


@dataclass(frozen=True, eq=False)
class ClipSpans:
    """The S labelled spans of the clips of a version, by clip and then by start.

    Attributes:
        clip_rows: (S,) row of the clip.
        starts: (S,) canonical frame, not rounded, at which the span starts.
        ends: (S,) where it ends.
        labels: S labels.
    """

    clip_rows: NDArray[np.int64]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    labels: Sequence[str]

    def of_clip(self, clip_row: int) -> slice:
        """The spans of a clip."""
        return slice(*np.searchsorted(self.clip_rows, [clip_row, clip_row + 1]).tolist())

    def __len__(self) -> int:
        return len(self.clip_rows)

    @cached_property
    def known_labels(self) -> frozenset[str]:
        """All labels."""
        return frozenset(self.labels)


def clip_spans(index: Path, record: FileRecord | None, clips: pa.Table, fps: float) -> ClipSpans:
    """The spans of the clips of a table; those that end before a clip or start after it are left out.

    Raises:
        IndexStateError: the table of spans is missing or damaged.
    """
    rows: list[tuple[int, float, float, str]] = []
    if record is not None:
        table = _table(index, record)
        of_path: dict[str, list[int]] = {}
        for row, path in enumerate(clips["path"].to_pylist()):
            of_path.setdefault(path, []).append(row)
        first_s, frames = numbers(clips["start_s"]), numbers(clips["frame_count"])
        columns = [table[name].to_pylist() for name in ("path", "start_s", "end_s", "label")]
        for path, start_s, end_s, label in zip(*columns, strict=True):
            for row in of_path.get(path, ()):
                start, end = (start_s - first_s[row]) * fps, (end_s - first_s[row]) * fps
                if end >= 0 and start <= frames[row]:
                    rows.append((row, float(max(start, 0.0)), float(min(end, frames[row])), label))
    rows.sort()
    return ClipSpans(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.float64),
        [row[3] for row in rows],
    )
