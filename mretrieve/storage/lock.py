"""One writer at a time: a lock that the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from ..errors import IndexStateError
from .files import explained, is_link
from .layout import LOCK
from .ownership import claim


class WriterLock:
    """Holds an index for writing while the `with` block lasts; makes the index's folder where there is none.

    Raises:
        IndexStateError: on entering, where another process (or this one) holds it, the folder holds something else than
            an index, or the file system has no locks.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._descriptor = -1

    def __enter__(self) -> WriterLock:
        path = self._index / LOCK
        with explained(self._index):
            claim(self._index)
            if is_link(path):
                raise IndexStateError(f"{path}: is a link, and its target would be overwritten; remove the link")
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 500, 0).decode(errors="replace").strip()
            self._close()
            if isinstance(error, BlockingIOError):
                raise IndexStateError(
                    f"{self._index}: is being written by {holder or 'another process'}; wait until it has finished, or "
                    "end that process"
                ) from None
            raise IndexStateError(
                f"{path}: cannot be locked ({error.strerror}); keep the index on a file system with locks, such as a "
                "local disk"
            ) from error
        since = datetime.now().astimezone().isoformat(" ", "seconds")
        with suppress(
            OSError
        ):  # who holds it is a courtesy to the next one; a full disk must not keep us from cleaning up
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"pid {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        self._close()  # the file stays: removing it would let two writers lock two files of one name

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
