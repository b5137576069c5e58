"""Files that lie beside the shards, named by their content: tables of labels, and encoders' weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from ..errors import IndexStateError
from .damage import check_size, damaged, sha256_of_file
from .files import Bytes, explained, make_folder, move_aside, publish_file, sync_folder
from .layout import weights_file
from .records import FileRecord


def write_content(content: Bytes, place: Callable[[str], Path]) -> FileRecord:
    """Write a file, complete and synced; in no version before a commit names it. `place` says where an id's file lies.

    Raises:
        IndexStateError: the index cannot be written.
    """
    checksum = hashlib.sha256(content).hexdigest()
    record = FileRecord(checksum[:32], checksum, memoryview(content).nbytes)
    path = place(record.id)
    with explained(path):
        make_folder(path.parent)
        if path.exists() and sha256_of_file(path) != checksum:
            move_aside(path)
        if path.exists():
            path.touch()  # its time of grace before it may be collected begins anew
            sync_folder(path.parent)  # the run that gave it its name may have ended before this
        else:
            publish_file(path, [content])
    return record


def read_content(path: Path, size: int, checksum: str) -> bytes:
    """A file of an index; IndexStateError where it is not, byte for byte, the one that was written."""
    check_size(path, size)  # before memory is taken
    try:
        content = path.read_bytes()
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    if hashlib.sha256(content).hexdigest() != checksum:
        raise damaged(path, "its checksum is wrong")
    return content


def write_weights(index: Path, content: Bytes) -> FileRecord:
    """Keep a copy of an encoder's weights file in the index. The caller holds the WriterLock; see `write_content`."""
    return write_content(content, lambda name: weights_file(index, name))


def read_weights(index: Path, record: FileRecord) -> bytes:
    """The bytes of a weights file that the index keeps. IndexStateError where it is missing or damaged."""
    path = weights_file(index, record.id)
    try:
        return read_content(path, record.size, record.checksum)
    except IndexStateError:
        raise IndexStateError(
            f"{path}: is damaged or missing, so that nothing can be encoded for its space; give the encoder's file "
            "again with `mretrieve index DIR --encoder FILE`, or leave the space out"
        ) from None
