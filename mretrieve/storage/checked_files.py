"""Files that are compared with what was written when they are read or mapped, and the error if they differ.

A file that is read whole, such as a table, is compared as a whole; so are vector indexes and inventories, which are
mapped. Vectors and motions are compared block by block when they are first read, see `block_sums`.
"""

from __future__ import annotations

import hashlib
import math
import mmap
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from .block_sums import block_sums, described_blocks, wrong_blocks
from .files import Bytes, make_folder, move_aside, os_errors_as_index_errors, publish_file, sync_folder
from .layout import vector_index_file, weights_file
from .records import FileRecord

NPY_HEADER_BYTES = 128  # a multiple of 64, so that the vectors are aligned

#: Of files outside the shards, whose sums are in the manifest.
_BLOCK_BYTES = 1 << 20


class DamagedShardError(IndexStateError):
    """A file of a shard is missing or not what was written.

    Attributes:
        shard: id of the shard.
    """

    shard = ""

    @classmethod
    def of(cls, shard: str, message: str) -> DamagedShardError:
        """The error for a shard."""
        error = cls(message)
        error.shard = shard
        return error


def corrupt_file_error(path: Path | str, reason: str) -> IndexStateError:
    """The error for a file of an index that is not what was written."""
    return IndexStateError(
        f"{path}: is damaged ({reason}); `mretrieve repair` makes it again, `mretrieve verify` lists all damaged files"
    )


def check_size(path: Path | str, size: int) -> None:
    """Raise IndexStateError if a file is missing, is a link or a pipe, or has another size than its manifest says."""
    try:
        found = os.lstat(path)  # of thousands of files when an index opens
    except (OSError, ValueError) as error:
        raise corrupt_file_error(path, getattr(error, "strerror", None) or str(error)) from None
    if not stat.S_ISREG(found.st_mode):
        raise corrupt_file_error(path, "it is not an ordinary file")
    if found.st_size != size:
        raise corrupt_file_error(path, f"it has {found.st_size} bytes, not {size}")


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
    sums = "".join(f"{each:016x}" for each in block_sums(parts, _BLOCK_BYTES).tolist())
    record = FileRecord(checksum[:32], checksum, sum(memoryview(part).nbytes for part in parts), sums)
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


#: Files of at most this many bytes are copied and not mapped: copying takes 1 ms.
COPIED_BYTES = 4 << 20


def mapped_file(path: Path, size: int, scattered: bool = False) -> NDArray[np.uint8]:
    """The bytes of a file, read-only, mapped unless it is small. IndexStateError if it is missing or has another size.

    A mapped file that another program cuts off ends the process that reads on (SIGBUS). Small files, and so all those
    of a small library, are copied instead.

    `scattered`: small pieces are read, so that the system need not read ahead (8 MB for each of them on some machines).
    """
    check_size(path, size)
    if not size:
        return np.zeros(0, np.uint8)
    try:
        with path.open("rb") as file:
            if size <= COPIED_BYTES:
                copied = np.fromfile(file, np.uint8, size)
                if len(copied) != size:
                    raise ValueError("it was cut off while it was read")
                copied.flags.writeable = False
                return copied
            content = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        if scattered and hasattr(mmap, "MADV_RANDOM"):
            content.madvise(mmap.MADV_RANDOM)
        return np.frombuffer(content, np.uint8)
    except (OSError, ValueError) as error:
        raise corrupt_file_error(path, str(error)) from None


def check_mapped(path: Path, content: NDArray[np.uint8], record: FileRecord) -> None:
    """Compare the bytes of a file outside the shards with its record. IndexStateError: they are damaged."""
    if not record.blocks:
        if hashlib.sha256(content.data).hexdigest() != record.checksum:
            raise corrupt_file_error(path, "its checksum is wrong")
    elif wrong := described_wrong_blocks(content, record):
        raise corrupt_file_error(path, wrong)


def described_wrong_blocks(content: NDArray[np.uint8], record: FileRecord) -> str:
    """The blocks of a file outside the shards that are not what was written; "" if there are no sums, or none is."""
    sums = np.frombuffer(bytes.fromhex(record.blocks), ">u8")
    wrong = wrong_blocks(content, sums, range(len(sums)), _BLOCK_BYTES)
    return described_blocks(wrong, _BLOCK_BYTES) if wrong else ""


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
    start = b"\x93NUMPY\x01\x00" + (NPY_HEADER_BYTES - 10).to_bytes(2, "little")
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}"
    return start + described.encode().ljust(NPY_HEADER_BYTES - 11) + b"\n"


def array_in(content: NDArray[np.uint8], dtype: type[np.generic], offset: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array in the bytes of a file, which shares their memory. ValueError if they are too short."""
    kind = np.dtype(dtype).newbyteorder("<")
    end = offset + math.prod(shape) * kind.itemsize
    if offset < 0 or min(shape) < 0 or end > len(content):
        raise ValueError(f"it is too short for {shape} numbers")
    return content[offset:end].view(kind).reshape(shape)


def is_plain_array(file: Any, name: str) -> bool:
    """Whether a part of an HDF5 file is an array that lies in the file itself, in one piece."""
    import h5py

    stored = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
    return (
        isinstance(stored, h5py.Dataset)
        and not (stored.is_virtual or stored.external)
        and stored.chunks is None
        and stored.size is not None
    )
