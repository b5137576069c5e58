"""Labels: one small table beside the shards, joined to the clips by the path of their file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .content_files import read_content, write_content
from .layout import labels_file
from .records import FileRecord
from .tables import parquet, picked, table_from

if TYPE_CHECKING:
    import pyarrow as pa


def write_labels(index: Path, labels: pa.Table) -> FileRecord | None:
    """Write a table of labels, complete and synced; None where it has no label.

    Args:
        labels: string columns: `path`, in which no value is twice, and one for each kind of label.

    Raises:
        IndexStateError: the index cannot be written.
        ValueError: the table has no `path`, a path twice, or columns of other types.
    """
    _check(labels)
    if not labels.num_rows or labels.num_columns < 2:
        return None
    return write_content(parquet(labels.sort_by("path")), lambda name: labels_file(index, name))


def read_labels(index: Path, record: FileRecord) -> pa.Table:
    """The table of labels of a version. IndexStateError where its file is missing or damaged."""
    return table_from(read_content(labels_file(index, record.id), record.size, record.checksum))


def joined(clips: pa.Table, labels: pa.Table | None) -> pa.Table:
    """The clips with a column for each kind of label, null where a file has none; `label` is always among them."""
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
