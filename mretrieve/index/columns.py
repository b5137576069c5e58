"""Between Arrow columns and NumPy arrays.

pyarrow's own ways, `to_numpy` and `pa.array`, load pandas where it is installed: 0.2 s, more than a query takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    """The values of a column of numbers: (rows,). BufferError or TypeError where it holds something else, or nulls."""
    if not column.length():
        return np.zeros(0, column.type.to_pandas_dtype())
    return np.from_dlpack(column.combine_chunks())


def column_of(values: NDArray[np.float64] | NDArray[np.int64]) -> pa.Array:
    """A column of 64-bit numbers."""
    import pyarrow as pa

    kind = pa.int64() if values.dtype == np.int64 else pa.float64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
