"""Files that are compared with what was written when they are read or mapped, and the error if they differ.

A file that is read whole, such as a table, is compared byte for byte. Of vectors and motions, which are mapped, only
the size and the header are compared; nothing in them is parsed or trusted. `verify` reads them whole.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from .files import Bytes, make_folder, move_aside, os_errors_as_index_errors, publish_file, sync_folder
from .layout import vector_index_file, weights_file
from .records import FileRecord

_NPY_HEADER_BYTES = 128  # a multiple of 64, so that the vectors are aligned


def corrupt_file_error(path: Path | str, reason: str) -> IndexStateError:
    """The error for a file of an index that is not what was written."""
    return IndexStateError(
        f"{path}: is damaged ({reason}); restore it from a backup, or read the motion files again with "
        "`mretrieve index DIR --rebuild`; `mretrieve verify` lists all damaged files"
    )


def check_size(path: Path | str, size: int) -> None:
    """Raise IndexStateError if a file is missing or has another size than its manifest says."""
    try:
        actual = os.stat(path).st_size  # noqa: PTH116  of thousands of files when an index opens
    except OSError as error:
        raise corrupt_file_error(path, error.strerror or str(error)) from None
    if actual != size:
        raise corrupt_file_error(path, f"it has {actual} bytes, not {size}")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits. OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_content(path: Path, size: int, checksum: str) -> bytes:
    """The bytes of a file. IndexStateError if they are not those that were written."""
    check_size(path, size)  # before memory is taken
    try:
        content = path.read_bytes()
    except OSError as error:
        raise corrupt_file_error(path, error.strerror or str(error)) from None
    if hashlib.sha256(content).hexdigest() != checksum:
        raise corrupt_file_error(path, "its checksum is wrong")
    return content


def write_content(parts: Sequence[Bytes], place: Callable[[str], Path]) -> FileRecord:
    """Write a file that is named by its content, complete and synced; it is in no version before a commit names it.

    `place` gives the path for an id.

    Raises:
        IndexStateError: the index cannot be written.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    checksum = digest.hexdigest()
    record = FileRecord(checksum[:32], checksum, sum(memoryview(part).nbytes for part in parts))
    path = place(record.id)
    with os_errors_as_index_errors(path):
        make_folder(path.parent)
        if path.exists() and sha256_of_file(path) != checksum:
            move_aside(path)
        if path.exists():
            path.touch()  # its time of grace before it may be collected starts again
            sync_folder(path.parent)  # the run that gave it its name may have ended before this
        else:
            publish_file(path, parts)
    return record


def write_weights(index: Path, content: Bytes) -> FileRecord:
    """Keep a copy of an encoder's weights file in the index. The caller holds the WriterLock; see `write_content`."""
    return write_content([content], lambda name: weights_file(index, name))


def write_vector_index(index: Path, parts: Sequence[Bytes]) -> FileRecord:
    """Write the file of a vector index. The caller holds the WriterLock; see `write_content`."""
    return write_content(parts, lambda name: vector_index_file(index, name))


def mapped_vector_index(index: Path, record: FileRecord) -> NDArray[np.uint8]:
    """The bytes of the file of a vector index, read-only and mapped. IndexStateError if it is missing or damaged."""
    path = vector_index_file(index, record.id)
    check_size(path, record.size)
    content: NDArray[np.uint8] = mapped_array(path, np.uint8, 0, (record.size,))
    return content


def read_weights(index: Path, record: FileRecord) -> bytes:
    """The bytes of a weights file that the index keeps. IndexStateError if it is missing or damaged."""
    path = weights_file(index, record.id)
    try:
        return read_content(path, record.size, record.checksum)
    except IndexStateError:
        raise IndexStateError(
            f"{path}: is damaged or missing, so that nothing can be encoded for its space; give the encoder's file "
            "again with `mretrieve index DIR --encoder FILE`, or leave the space out"
        ) from None


def npy_header(rows: int, dimension: int) -> bytes:
    """What precedes the numbers of a float32 array (rows, dimension) in NumPy's file format, version 1.0."""
    start = b"\x93NUMPY\x01\x00" + (_NPY_HEADER_BYTES - 10).to_bytes(2, "little")
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}"
    return start + described.encode().ljust(_NPY_HEADER_BYTES - 11) + b"\n"


def mapped_npy(path: Path, rows: int, dimension: int, scattered: bool = False) -> NDArray[np.float32]:
    """The array (rows, dimension) of a file, read-only and mapped. IndexStateError if the file has another header.

    `scattered`: single rows are read, so that the system need not read ahead (8 MB for each row, on some machines).
    """
    try:
        with path.open("rb") as file:
            header = file.read(_NPY_HEADER_BYTES)
    except OSError as error:
        raise corrupt_file_error(path, str(error)) from None
    if header != npy_header(rows, dimension):
        raise corrupt_file_error(path, f"it does not hold {rows} vectors of {dimension} numbers")
    mapped = mapped_array(path, np.float32, _NPY_HEADER_BYTES, (rows, dimension))
    return _read_at_random(path, mapped) if scattered and hasattr(mmap, "MADV_RANDOM") else mapped


def _read_at_random(path: Path, mapped: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same array in a mapping of its own, whose pages the system reads one by one."""
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    content.madvise(mmap.MADV_RANDOM)
    return np.frombuffer(content, "<f4", mapped.size, _NPY_HEADER_BYTES).reshape(mapped.shape)


def mapped_array(path: Path, dtype: type[np.generic], offset: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array in a file, read-only and mapped. IndexStateError if the file is too short or cannot be read."""
    try:
        return np.memmap(path, np.dtype(dtype).newbyteorder("<"), "r", offset, shape).view(np.ndarray)
    except (OSError, ValueError) as error:
        raise corrupt_file_error(path, str(error)) from None
