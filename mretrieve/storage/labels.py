"""The table of a version's clips: what its shards store, times, and labels joined by the path of the file.

Labels are a small table outside the shards.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .checked_files import corrupt_file_error, read_content, write_content
from .layout import labels_file
from .records import FileRecord
from .rows import Rows
from .shard import Shard, clips_schema
from .tables import column_of, numbers, parquet, picked, table_from

if TYPE_CHECKING:
    import pyarrow as pa


def clips_table(shards: Sequence[Shard], rows: Rows, fps: float, labels: pa.Table | None) -> pa.Table:
    """One row per live clip, sorted by `clip`; its columns are those that `Snapshot.clips` describes."""
    import pyarrow as pa

    tables = [shard.clips if shard.is_readable else clips_schema().empty_table() for shard in shards]
    clips = pa.concat_tables(tables or [clips_schema().empty_table()])
    first_of_shard = np.cumsum([0, *map(len, tables)], dtype=np.int64)
    order = (first_of_shard[rows.clip_shard] + rows.clip_local).astype(np.int64)
    if not np.array_equal(order, np.arange(clips.num_rows)):
        clips = clips.take(column_of(order))
    duration_s = numbers(clips["frame_count"]) / fps
    clips = clips.append_column("duration_s", column_of(duration_s))
    clips = clips.append_column("end_s", column_of(numbers(clips["start_s"]) + duration_s))
    return _joined(clips, labels)


def write_labels(index: Path, labels: pa.Table) -> FileRecord | None:
    """Write a table of labels, complete and synced; None if it has no label.

    Args:
        labels: string columns: `path`, in which no value is twice, and one for each kind of label.

    Raises:
        IndexStateError: the index cannot be written.
        ValueError: the table has no `path`, a path twice, or columns of other types.
    """
    _check(labels)
    if not labels.num_rows or labels.num_columns < 2:
        return None
    return write_content([parquet(labels.sort_by("path"))], lambda name: labels_file(index, name))


def read_labels(index: Path, record: FileRecord) -> pa.Table:
    """The table of labels of a version. IndexStateError if its file is missing or damaged, or no table of labels."""
    path = labels_file(index, record.id)
    try:
        labels = table_from(read_content(path, record.size, record.checksum))
        _check(labels)
    except (ValueError, OSError, NotImplementedError, MemoryError) as error:  # pyarrow's errors are among them
        raise corrupt_file_error(path, str(error).splitlines()[0]) from None
    return labels


def _joined(clips: pa.Table, labels: pa.Table | None) -> pa.Table:
    """The clips with a column for each kind of label, null if a file has none; `label` is always among them."""
    import pyarrow as pa

    if labels is not None:
        row_of = {path: row for row, path in enumerate(labels["path"].to_pylist())}
        rows = np.array([row_of.get(path, -1) for path in clips["path"].to_pylist()], np.int64)
        for name in labels.column_names:
            if name != "path":
                clips = clips.append_column(name, picked(labels[name], rows))
    if "label" not in clips.column_names:
        clips = clips.append_column("label", pa.nulls(clips.num_rows, pa.string()))
    return clips


def _check(labels: pa.Table) -> None:
    import pyarrow as pa

    names = labels.column_names
    if "path" not in names or len(set(names)) < len(names) or any(kind != pa.string() for kind in labels.schema.types):
        raise ValueError(f"labels are string columns, one of them `path`, not {labels.schema.to_string()}")
    if len(set(labels["path"].to_pylist())) < labels.num_rows or labels["path"].null_count:
        raise ValueError("labels have a path twice, or a row without one")
    if hidden := [name for name in names if name != "path" and name in (*clips_schema().names, "duration_s", "end_s")]:
        raise ValueError(f"labels have a column {hidden[0]!r}, which every clip has already")
