"""Writes that survive a crash. Every byte of an index is written, and every name of it given, through this module.

A file or folder is written under a temporary name (which begins with a dot), synced, renamed, and then the folder with
the name is synced. After a crash at any point, a name either stands for the complete content or does not exist.
"""

# ruff: noqa: PTH102, PTH104, PTH105, PTH106, PTH108, PTH115
# The calls of os, one by one, are what a test that injects faults stands in for.
from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import IndexStateError

#: What os.write takes.
Bytes = bytes | memoryview

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_HARD_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}  # the last: FAT on Windows
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # a pipe is opened without waiting for its other end
_BINARY = getattr(os, "O_BINARY", 0)  # Windows writes "\r\n" for "\n" without it


def temporary_name(path: Path) -> Path:
    """A free name next to `path` for its unfinished content; leftovers after a crash are garbage-collected."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}")


def final_name(name: str) -> str:
    """The name that content with this temporary name was to get; empty if `temporary_name` did not give it."""
    match = re.fullmatch(r"\.(.+)\.[0-9a-f]{12}", name)
    return match[1] if match else ""


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link or, on Windows, a junction."""
    try:
        os.readlink(path)
    except OSError:
        return False
    return True


def read_ordinary_file(path: Path, largest_bytes: int | None = None) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: it cannot be read, is larger, or is a pipe or a device, which would block or never end.
    """
    descriptor = os.open(path, os.O_RDONLY | _BINARY | _AT_ONCE)
    with open(descriptor, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is not an ordinary file", str(path))
        if largest_bytes is not None and os.fstat(descriptor).st_size > largest_bytes:
            raise OSError(errno.EFBIG, f"has more than {largest_bytes} bytes", str(path))
        return file.read() if largest_bytes is None else file.read(largest_bytes)


def write_file(path: Path, parts: Iterable[Bytes]) -> None:
    """Create a file, write its parts in turn and sync it. FileExistsError if it exists; a failure leaves none."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        try:
            for part in parts:
                _write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        discard(path)
        raise


def publish_file(path: Path, parts: Iterable[Bytes]) -> None:
    """Create a file that appears complete under its name, or not at all. FileExistsError if the name is taken."""
    made = temporary_name(path)
    write_file(made, parts)
    try:
        try:
            os.link(made, path)  # unlike a rename it never replaces
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS or path.exists():
                raise
            os.rename(made, path)  # the lock keeps other writers away from a file system without hard links
        sync_folder(path.parent)
    finally:
        discard(made)


def publish_folder(made: Path, path: Path) -> None:
    """Give a folder its name when all its files are synced. FileExistsError if the name is taken."""
    sync_folder(made)
    try:
        os.rename(made, path)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        raise
    sync_folder(path.parent)


def replace_files(made: Path, folder: Path) -> None:
    """Move the files of `made`, which are synced, over those of an existing folder; none is missing in between."""
    for path in sorted(made.iterdir()):
        os.replace(path, folder / path.name)
    sync_folder(folder)


def make_folder(path: Path) -> None:
    """Create a folder and its parents, if they do not exist."""
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    with suppress(FileExistsError):
        os.mkdir(path)
        sync_folder(path.parent)


def move_aside(path: Path) -> None:
    """Free the name of a damaged file or folder, which becomes garbage; readers that have it mapped keep it."""
    os.rename(path, temporary_name(path))
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Put the names in a folder on the disk. Windows does so by itself, and has no way to ask for it."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def discard(path: Path) -> None:
    """Remove a file or an empty folder; what cannot be removed is left for `collect_garbage`."""
    with suppress(OSError):
        if path.is_dir() and not is_link(path):
            os.rmdir(path)
        else:
            os.unlink(path)


@contextmanager
def os_errors_as_index_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block, which works on an index or a part of it, into an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def storage_error(error: OSError, path: Path) -> IndexStateError:
    """The error, in one line, for an operation on an index that the system refused."""
    where = error.filename or path
    match error.errno:
        case number if number in _FULL:
            next_step = (
                "nothing of the index is lost, but what was to be added is not in it; free some space and run again"
            )
        case number if number in _FORBIDDEN:
            next_step = "check who owns it and its permissions"
        case errno.ENOENT:
            next_step = "it was removed while the index was in use; open the index again, or see `mretrieve verify`"
        case _:
            next_step = "nothing of the index is lost; check the disk, then run again"
    return IndexStateError(f"{where}: {error.strerror or error}; {next_step}")


def _write_all(descriptor: int, part: Bytes) -> None:
    left = memoryview(part).cast("B")
    while left:
        left = left[os.write(descriptor, left) :]
