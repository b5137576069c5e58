"""The inventory of a version: its clips and windows, in the order of its rows, in two mapped files.

It repeats data of shards and labels, so that an index opens without reading the tables of all shards. If it is damaged,
these are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from .checked_files import check_mapped, corrupt_file_error, mapped_file, write_content
from .layout import clips_inventory, rows_inventory
from .records import FileRecord, InventoryRecord
from .rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa


class Texts(Sequence[str]):
    """Texts in a mapped file, decoded on access.

    Attributes:
        ends: (n,) offset in `content` of the end of each text.
        content: UTF-8, one text after the other.
    """

    def __init__(self, ends: NDArray[np.int64], content: NDArray[np.uint8]) -> None:
        self.ends, self.content = ends, content

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> list[str]: ...
    def __getitem__(self, item: int | slice) -> str | list[str]:
        if isinstance(item, slice):
            return [self[number] for number in range(*item.indices(len(self)))]
        end = int(self.ends[item])
        start = int(self.ends[item - 1]) if item % len(self) else 0
        return self.content[start:end].tobytes().decode(errors="replace")


def write_inventory(index: Path, rows: Rows, clips: pa.Table) -> InventoryRecord:
    """Write the inventory of a version, complete and synced; a commit makes it part of the version.

    Args:
        index: folder of the index.
        rows: of the version.
        clips: one row per clip, as `Snapshot.clips` describes it.

    Raises:
        IndexStateError: the index cannot be written.
    """
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, clips.schema) as file:
        file.write_table(clips.combine_chunks())
    return InventoryRecord(
        rows=write_content(rows_content(rows), lambda name: rows_inventory(index, name)),
        clips=write_content([memoryview(sink.getvalue())], lambda name: clips_inventory(index, name)),
        clip_count=len(rows.clips),
        lengths=tuple(rows.lengths.tolist()),
        bounds=tuple(rows.bounds.tolist()),
        shard_windows=tuple(len(each) for each in rows.window_rows),
    )


def rows_content(rows: Rows) -> list[bytes]:
    """The parts of the file of the rows: numbers in little-endian order, then the ids of the clips."""
    texts = [clip.encode() for clip in rows.clips]
    arrays: list[NDArray[np.generic]] = [
        np.concatenate([np.zeros(0, np.int64), *rows.local_windows]),
        np.concatenate([np.zeros(0, np.int64), *rows.window_rows]),
        rows.clip_first,
        np.cumsum([len(text) for text in texts], dtype=np.int64),
        rows.window_clip,
        rows.window_start,
        rows.window_end,
        rows.clip_shard,
        rows.clip_local,
    ]
    return [*(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays), b"".join(texts)]


def read_rows(index: Path, record: InventoryRecord) -> Rows:
    """The rows of a version, mapped. IndexStateError: the file is missing or damaged."""
    path = rows_inventory(index, record.rows.id)
    content = _mapped(path, record.rows)
    clips, windows = record.clip_count, sum(record.shard_windows)
    layout = [(np.int64, windows)] * 2 + [(np.int64, clips)] * 2 + [(np.int32, windows)] * 3 + [(np.int32, clips)] * 2
    arrays, offset = [], 0
    for dtype, count in layout:
        end = offset + count * np.dtype(dtype).itemsize
        if end > len(content):
            raise corrupt_file_error(path, f"it is too short for {clips} clips and {windows} windows")
        arrays.append(content[offset:end].view(np.dtype(dtype).newbyteorder("<")))
        offset = end
    local_windows, window_rows, clip_first, ends, window_clip, window_start, window_end, clip_shard, clip_local = arrays
    ends_of_shards = np.cumsum(record.shard_windows)
    parts = [slice(end - count, end) for end, count in zip(ends_of_shards, record.shard_windows, strict=True)]
    return Rows(
        clips=Texts(ends, content[offset:]),
        clip_shard=clip_shard,
        clip_local=clip_local,
        clip_first=clip_first,
        lengths=np.array(record.lengths, np.int64),
        bounds=np.array(record.bounds, np.int64),
        window_clip=window_clip,
        window_start=window_start,
        window_end=window_end,
        local_windows=tuple(local_windows[part] for part in parts),
        window_rows=tuple(window_rows[part] for part in parts),
    )


def read_clips(index: Path, record: InventoryRecord) -> pa.Table:
    """The table of the clips of a version, mapped. IndexStateError: the file is missing or damaged."""
    import pyarrow as pa

    path = clips_inventory(index, record.clips.id)
    try:
        with pa.ipc.open_file(pa.BufferReader(pa.py_buffer(_mapped(path, record.clips)))) as file:
            clips = file.read_all()
        clips.validate(full=True)  # offsets of texts beyond the file would crash the process
    except (pa.ArrowException, OSError) as error:
        raise corrupt_file_error(path, str(error)) from None
    if clips.num_rows != record.clip_count:
        raise corrupt_file_error(path, f"it has {clips.num_rows} clips, not {record.clip_count}")
    return clips


def _mapped(path: Path, record: FileRecord) -> NDArray[np.uint8]:
    """The bytes of a file, mapped. IndexStateError: it is missing, or not what was written."""
    content = mapped_file(path, record.size)
    check_mapped(path, content, record)
    return content
