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


def table_from(content: bytes) -> pa.Table:
    """The table in the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(pa.BufferReader(content)) as file:
        return file.read(use_threads=False)


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

    texts = [None if text is None else text.encode() for text in column.to_pylist()]
    chosen = [texts[row] if row >= 0 else None for row in rows]
    known = np.packbits(np.array([text is not None for text in chosen], bool), bitorder="little")
    ends = np.cumsum([0, *(len(text or b"") for text in chosen)]).astype(np.int32)
    buffers = [pa.py_buffer(known), pa.py_buffer(ends), pa.py_buffer(b"".join(text or b"" for text in chosen))]
    return pa.Array.from_buffers(pa.string(), len(chosen), buffers)
