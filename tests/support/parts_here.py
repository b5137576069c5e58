"""Parts of an index held by threads instead of processes, which a test can stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import VectorIndex
from mretrieve.vectors.distributed import DistributedIndex, PartQuery, PartSearch, Replicas, WorkerLostError
from mretrieve.vectors.interface import Ranking
from mretrieve.vectors.parts import Part, split

_THREADS = ThreadPoolExecutor(8)


class WorkerHere:
    """See `distributed.Worker`.

    Attributes:
        dead: raises WorkerLostError when it is asked.
        silent: never answers.
        asked: how often it was asked to search.
    """

    def __init__(self, snapshot: Snapshot, part: Part) -> None:
        self._part = PartSearch(snapshot, part)
        self.dead = self.silent = False
        self.asked = 0

    def search(self, asked: PartQuery) -> Future[Ranking]:
        self.asked += 1
        return self._submit(lambda: self._part.search(asked))

    def check(self) -> Future[None]:
        return self._submit(lambda: None)

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        if self.silent:
            return Future()
        if self.dead:
            lost: Future[Any] = Future()
            lost.set_exception(WorkerLostError("it is dead"))
            return lost
        return _THREADS.submit(work)


class PartsHere:
    """Has the form of `ray_parts.RayParts`; `workers` has those of each part."""

    def __init__(self, snapshot: Snapshot, _address: str = "", parts: int = 3, replicas: int = 2) -> None:
        self.parts = split(snapshot, parts)
        self.workers = [[WorkerHere(snapshot, part) for _ in range(replicas)] for part in self.parts]
        self._replicas = [Replicas(part, workers) for part, workers in zip(self.parts, self.workers, strict=True)]

    def open_vectors(self, snapshot: Snapshot, spaces: Sequence[str]) -> VectorIndex:
        return DistributedIndex(snapshot, spaces, self._replicas)
