"""One writer at a time: a lock that the system releases when its holder ends, even if it crashes."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from ..errors import IndexStateError
from .files import is_link, os_errors_as_index_errors
from .layout import HOLDER, LOCK
from .ownership import claim


class WriterLock:
    """Holds an index for writing during the `with` block; creates the index's folder if necessary.

    Raises:
        IndexStateError: on entering, if another process (or this one) holds it, the folder is neither an index nor
            empty, or the file system has no locks.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._lock = FileLock(index / LOCK, timeout=0, mode=0o666, thread_local=False)

    def __enter__(self) -> WriterLock:
        path, holder = self._index / LOCK, self._index / HOLDER
        with os_errors_as_index_errors(self._index):
            claim(self._index)
            for file in (path, holder):
                if is_link(file):
                    raise IndexStateError(f"{file}: is a link, and its target would be overwritten; remove the link")
            try:
                self._lock.acquire()
            except Timeout:
                raise IndexStateError(
                    f"{self._index}: is being written by {_read(holder) or 'another process'}; wait until it has "
                    "finished, or end that process"
                ) from None
            except NotImplementedError as error:
                raise IndexStateError(
                    f"{path}: cannot be locked ({error}); keep the index on a file system with locks, such as a local "
                    "disk"
                ) from error
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        with suppress(OSError):  # a courtesy to the next writer: a full disk must not keep us from cleaning up
            holder.write_text(f"pid {os.getpid()} on {socket.gethostname()} since {since}\n", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            (self._index / HOLDER).write_bytes(b"")
        self._lock.release()  # the file stays: removing it would let two writers lock two files of one name


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8", errors="replace")[:500].strip()
    except OSError:
        return ""
