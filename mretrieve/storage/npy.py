"""Vectors in NumPy's own file format, so that anyone can load them, with the one header that their shape has here.

Because the header is known it is compared, and nothing in a file is parsed or believed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .damage import damaged

_HEADER_BYTES = 128  # a multiple of 64, so that the vectors are aligned


def npy_header(rows: int, dimension: int) -> bytes:
    """The bytes before the numbers of a float32 array (rows, dimension), version 1.0 of the format."""
    start = b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little")
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}"
    return start + described.encode().ljust(_HEADER_BYTES - 11) + b"\n"


def mapped_npy(path: Path, rows: int, dimension: int) -> NDArray[np.float32]:
    """The array of a file, read-only and mapped; IndexStateError where the file holds another shape or kind."""
    try:
        with path.open("rb") as file:
            if file.read(_HEADER_BYTES) != npy_header(rows, dimension):
                raise damaged(path, f"it does not hold {rows} vectors of {dimension} numbers")
        return np.memmap(path, "<f4", "r", _HEADER_BYTES, (rows, dimension)).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from None


def mapped_bytes(path: Path) -> NDArray[np.uint8]:
    """The bytes of a file, read-only and mapped; IndexStateError if it cannot be read."""
    try:
        return np.memmap(path, np.uint8, "r").view(np.ndarray)
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from None
