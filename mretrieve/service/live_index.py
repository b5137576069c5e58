"""The index that the service answers from: always the newest version, which changes between requests, not in them."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import IndexStateError, MRetrieveError
from ..index import Index, open_index
from ..indexer import IndexDescription, describe_index
from ..maps import LibraryMap, map_library
from ..storage.layout import manifest_file, versions
from ..storage.ownership import find_index
from ..storage.snapshot import Snapshot

#: Length of the query that is answered before a version is used, so that the first request does not load everything.
_WARM_UP_S = 2.0


@dataclass(frozen=True, eq=False)
class OpenVersion:
    """One version of the index, open.

    A request keeps the one it began with. Its files are closed when neither a request nor `LiveIndex` refers to it.
    """

    index: Index

    @property
    def number(self) -> int:
        """Number of the version."""
        return self.index.snapshot.version

    @cached_property
    def description(self) -> IndexDescription:
        """Its contents, counted once."""
        return describe_index(self.index.snapshot)

    @cached_property
    def library_map(self) -> LibraryMap:
        """Its clips as points, read from the index or computed once. QueryError: it has none."""
        return map_library(self.index.snapshot)


class LiveIndex:
    """An index that follows the versions that are committed.

    `current` is replaced as a whole, so that any thread may read it at any time.
    """

    def __init__(self, path: Path | str | None = None, device: str | None = None, ray: str | None = None) -> None:
        """See `open_index`, also for its errors."""
        self.path = find_index(Path(path) if path is not None else None)
        self._device, self._ray = device, ray
        self._refreshing = threading.Lock()
        self._replaced: list[weakref.ref[Snapshot]] = []
        self._state = self._newest()
        #: Why the newest version cannot be opened; None if it is the current one.
        self.problem: str | None = None
        self.current = self._open()

    def refresh(self) -> bool:
        """Open the newest version if it is not the current one, and whether that was so.

        A version that cannot be opened leaves the current one in place, and is tried again at the next call.
        """
        with self._refreshing:
            self._collect()
            try:
                newest = self._newest()
                if newest == self._state:
                    self.problem = None
                    return False
                opened = self._open()
            except MRetrieveError as error:
                self.problem = str(error)
                return False
            self._replaced.append(weakref.ref(self.current.index.snapshot))
            self.current, self._state, self.problem = opened, newest, None
            return True

    @property
    def open_versions(self) -> int:
        """Number of versions whose files are open."""
        return 1 + sum(each() is not None for each in self._replaced)

    def _open(self) -> OpenVersion:
        index = open_index(self.path, device=self._device, ray=self._ray)
        if len(index):
            _answer_any_query(index)
        return OpenVersion(index)

    def _newest(self) -> tuple[int, int, int]:
        """What tells the newest version from others, also from one of the same number in an index made again."""
        known = versions(self.path)
        if not known:
            raise IndexStateError(f"{self.path}: has no version any more; the one that is open still answers")
        try:
            status = manifest_file(self.path, known[-1]).stat()
        except OSError as error:
            raise IndexStateError(f"{self.path}: version {known[-1]} cannot be read: {error.strerror}") from None
        return known[-1], status.st_mtime_ns, status.st_ino

    def _collect(self) -> None:
        """Close replaced versions that no request uses; parts of an Index refer to each other in circles."""
        if any(each() is not None for each in self._replaced):
            gc.collect()
        self._replaced = [each for each in self._replaced if each() is not None]


def _answer_any_query(index: Index) -> None:
    """Load encoders, tables and code by a first query. Its errors are those of the requests to come."""
    start_s = float(index.snapshot.clips["start_s"][0].as_py())
    try:
        index.search(index.snapshot.rows.clips[0], k=1, start_s=start_s, end_s=start_s + _WARM_UP_S)
    except MRetrieveError:
        return
