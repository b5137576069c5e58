"""The inventory of a version: its clips and windows, in the order of its rows, in two mapped files.

It repeats data of shards and labels, so that an index opens without reading the tables of all shards. If it is damaged,
these are read.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from .checked_files import check_mapped, corrupt_file_error, mapped_file, write_content
from .layout import clips_inventory, rows_inventory
from .records import FileRecord, InventoryRecord, ShardRecord
from .rows import Rows
from .shard import clips_schema

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


def read_rows(index: Path, record: InventoryRecord, shards: Sequence[ShardRecord]) -> Rows:
    """The rows of a version with these shards, mapped.

    Raises:
        IndexStateError: the file is missing or damaged, or has rows that no clip, shard or window can have.
    """
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
    if len(parts) != len(shards):
        raise corrupt_file_error(path, f"it is of {len(parts)} shards, not of {len(shards)}")
    rows = Rows(
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
    if not _are_possible(rows, ends, len(content) - offset, shards):
        raise corrupt_file_error(path, "it has rows that no clip, shard or window can have")
    return rows


def _are_possible(rows: Rows, ends: NDArray[np.int64], text_bytes: int, shards: Sequence[ShardRecord]) -> bool:
    """Whether all numbers are in their ranges: what takes them for positions in an array may then do so."""
    clips, windows = rows.clip_count, len(rows.window_clip)
    counts = np.array([(each.clip_count, each.frame_count) for each in shards], np.int64).reshape(-1, 2)
    if not (_within(rows.clip_shard, len(shards)) and _within(ends, text_bytes + 1) and (np.diff(ends) >= 0).all()):
        return False
    if not (windows >= clips and _within(rows.window_clip, clips) and _within(rows.clip_local)):
        return False
    if not _within(rows.window_start) or not (rows.window_start < rows.window_end).all():
        return False
    last_local, last_frame = counts[rows.clip_shard].T
    if (rows.clip_local >= last_local).any() or not _within(rows.clip_first):
        return False
    parts = zip(rows.local_windows, rows.window_rows, shards, strict=True)
    return bool(
        (rows.clip_first + rows.clip_frames <= last_frame).all()
        and (rows.lengths[:1] == 0).all()
        and all(_within(local, shard.window_count) and _within(own, windows) for local, own, shard in parts)
    )


def _within(numbers: NDArray[np.integer], end: int | None = None) -> bool:
    """Whether all numbers are at least 0, and less than `end`."""
    return not len(numbers) or bool(numbers.min() >= 0 and (end is None or numbers.max() < end))


def read_clips(index: Path, record: InventoryRecord) -> pa.Table:
    """The table of the clips of a version, mapped. IndexStateError: the file is missing or damaged."""
    import pyarrow as pa

    path = clips_inventory(index, record.clips.id)
    content = _mapped(path, record.clips)
    try:
        # The file is a stream with a list of its parts at the end, which need not be believed.
        stream = pa.BufferReader(pa.py_buffer(content[_ARROW_MARK_BYTES:]))
        messages = pa.ipc.MessageReader.open_stream(stream)
        schema = pa.ipc.read_schema(messages.read_next_message())
        if not _is_of_clips(schema):
            raise ValueError("it has other columns than the clips of an index")
        batches = []
        for message in messages:
            if message.type != "record batch" or _is_compressed(message):
                raise ValueError("it is compressed, or has other parts than rows")
            batches.append(pa.ipc.read_record_batch(message, schema))
        clips = pa.Table.from_batches(batches, schema)
        clips.validate(full=True)  # offsets of texts beyond the file would crash the process
    except (pa.ArrowException, OSError, ValueError, StopIteration, struct.error, MemoryError) as error:
        raise corrupt_file_error(path, str(error).partition("\n")[0]) from None
    if clips.num_rows != record.clip_count:
        raise corrupt_file_error(path, f"it has {clips.num_rows} clips, not {record.clip_count}")
    return clips


#: What precedes the stream in an Arrow file.
_ARROW_MARK_BYTES = 8


def _is_of_clips(schema: pa.Schema) -> bool:
    """Whether columns are those of clips, times and labels, each once."""
    import pyarrow as pa

    times = [pa.field(name, pa.float64()) for name in ("duration_s", "end_s")]
    known = {field.name: field.type for field in (*clips_schema(), *times)}
    names = schema.names
    return (
        len(set(names)) == len(names)
        and {*known, "label"} <= set(names)
        and all(field.type == known.get(field.name, pa.string()) for field in schema)
    )


def _is_compressed(message: pa.ipc.Message) -> bool:
    """Whether the rows in a message are compressed: then they could be larger than the file by any factor.

    The metadata is a FlatBuffers table, whose field 2 is the table of the rows, whose field 3 is the compression.
    """
    data = memoryview(message.metadata)
    table = struct.unpack_from("<I", data)[0]
    place = table + _field(data, table, 2)
    rows = place + struct.unpack_from("<I", data, place)[0]
    return _field(data, rows, 3) != 0


def _field(data: memoryview, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table is, from its beginning; 0 if it is not there."""
    fields = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", data, fields)[0]:
        return 0
    return int(struct.unpack_from("<H", data, fields + 4 + 2 * number)[0])


def _mapped(path: Path, record: FileRecord) -> NDArray[np.uint8]:
    """The bytes of a file, mapped. IndexStateError: it is missing, or not what was written."""
    content = mapped_file(path, record.size)
    check_mapped(path, content, record)
    return content
