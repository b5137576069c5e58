"""Tables on disk (Parquet) and between Arrow columns and NumPy arrays.

pyarrow's own conversions, `to_numpy` and `pa.array`, import pandas if it is installed: 0.2 s, more than a query takes.
Those that a query needs avoid them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def parquet(table: pa.Table) -> memoryview:
    """A table as the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return memoryview(sink.getvalue())


#: A table may take so many bytes in memory, and so many for each row.
_LARGEST_BYTES, _LARGEST_ROW_BYTES = 1 << 30, 1 << 20


def table_from(content: bytes, rows: int | None = None) -> pa.Table:
    """The table in the bytes of a Parquet file.

    A few bytes can claim to be gigabytes, by compression, by a dictionary or by runs of one value: what is claimed is
    looked at before memory is taken. `rows` is how many it must have; None for any number.

    Raises:
        ValueError: it is not a table, has another number of rows, or would be too large.
        OSError, NotImplementedError: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(pa.BufferReader(content)) as file:
        count = file.metadata.num_rows
        if rows is not None and count != rows:
            raise ValueError(f"it has {count} rows, not {rows}")
        limit = min(_LARGEST_BYTES, (count + 1) * _LARGEST_ROW_BYTES)
        texts, claimed = [], 0
        for group in range(file.metadata.num_row_groups):
            for number in range(file.metadata.num_columns):
                column = file.metadata.row_group(group).column(number)
                claimed += max(column.total_uncompressed_size, 8 * column.num_values)
                is_text = column.physical_type == "BYTE_ARRAY"
                if is_text and column.num_values * column.total_uncompressed_size > limit:
                    texts.append(column.path_in_schema)
        if claimed > limit:
            raise ValueError(f"it would take {claimed} bytes")
        if texts and (needed := _text_bytes(content, sorted(set(texts)))) > limit:
            raise ValueError(f"its texts would take {needed} bytes")
        return file.read(use_threads=False)


def _text_bytes(content: bytes, paths: list[str]) -> int:
    """Bytes of all texts in some columns, in each of which one text may stand for many rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    needed = 0
    with pq.ParquetFile(pa.BufferReader(content), read_dictionary=paths) as file:
        table = file.read(columns=paths, use_threads=False)
    for chunk in (chunk for column in table.columns for chunk in column.chunks):
        coded = chunk.flatten() if pa.types.is_list(chunk.type) else chunk
        if not pa.types.is_dictionary(coded.type):
            needed += coded.nbytes
            continue
        lengths = np.array([len(text or "") for text in coded.dictionary.to_pylist()], np.int64)
        indices = np.frombuffer(coded.indices.buffers()[1], coded.indices.type.to_pandas_dtype())
        needed += int(lengths[indices[coded.offset : coded.offset + len(coded)]].sum()) if len(lengths) else 0
    return needed


def numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """The values of a column of numbers: (rows,). TypeError if it has other values or nulls."""
    import pyarrow as pa

    # NumPy tries columns without a DLPack form a second time, in a way about which pyarrow warns.
    if column.null_count or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise TypeError(f"not a column of numbers: {column.type} with {column.null_count} nulls")
    return np.from_dlpack(column.combine_chunks())


def column_of(values: NDArray[np.float64] | NDArray[np.int64]) -> pa.Array:
    """A column of 64-bit numbers."""
    import pyarrow as pa

    kind = pa.int64() if values.dtype == np.int64 else pa.float64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def picked(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array:
    """The texts of a column at some rows, null for row -1; without `take`, which loads Arrow's compute functions."""
    import pyarrow as pa

    texts = column.combine_chunks()
    if isinstance(texts, pa.ChunkedArray):  # of a column without rows, or of more than 2 GiB
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.string())
    present, ends, content = texts.buffers()
    known = np.ones(len(texts) + 1, bool)
    known[-1] = False  # what row -1 means
    if present is not None:
        bits = np.unpackbits(np.frombuffer(present, np.uint8), bitorder="little")
        known[:-1] = bits[texts.offset : texts.offset + len(texts)]
    bounds = np.zeros(len(texts) + 1, np.int64)
    if len(texts):
        bounds[:] = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    starts = np.append(bounds[:-1], 0)[rows]
    lengths = np.where(known[rows], np.append(np.diff(bounds), 0)[rows], 0)
    new_ends = np.concatenate([[0], np.cumsum(lengths)])
    from_place = np.repeat(starts - new_ends[:-1], lengths) + np.arange(new_ends[-1])
    letters = np.frombuffer(content, np.uint8)[from_place] if content is not None else np.zeros(0, np.uint8)
    buffers = [np.packbits(known[rows], bitorder="little"), new_ends.astype(np.int32), letters]
    return pa.Array.from_buffers(pa.string(), len(rows), [pa.py_buffer(buffer) for buffer in buffers])
