"""Search in parts of an index that other processes hold, several of them the same part.

Only queries and what they find travel. If the process that was asked dies or does not answer, another that holds the
part is asked. Rows of a part that none answers for are missing in the ranking, which says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..storage.checked_files import DamagedShardError
from ..storage.snapshot import Snapshot
from .grouped import merged
from .interface import Ranking, RowFilter, VectorIndex
from .kinds import open_vectors
from .parts import Part

#: After so many seconds without an answer another worker is asked too.
PATIENCE_S = 2.0
#: After so many seconds more a part is missing: a disk may be slow when files are first read.
LIMIT_S = 60.0


@dataclass(frozen=True, eq=False)
class PartQuery:
    """What is asked of a part.

    Attributes:
        spaces: that are searched.
        queries: (Q, D), as in VectorIndex.search.
        k: number of rows.
        length: of the windows in frames, or WHOLE.
        allowed: which of the clips of the part may answer, 8 in a byte; None for all.
    """

    spaces: tuple[str, ...]
    queries: NDArray[np.float32]
    k: int
    length: int
    allowed: NDArray[np.uint8] | None


class PartSearch:
    """A part of a version, opened for search in the process that holds it."""

    def __init__(self, snapshot: Snapshot, part: Part) -> None:
        self._snapshot, self._part = snapshot, part
        self._indexes: dict[tuple[str, ...], VectorIndex] = {}

    def search(self, asked: PartQuery) -> Ranking:
        """The k nearest rows of the part, numbered as in the whole version; errors as in VectorIndex."""
        clips = None
        if asked.allowed is not None:
            clips = np.zeros(self._snapshot.rows.clip_count, bool)
            clips[self._clips] = np.unpackbits(asked.allowed, count=len(self._clips))
        while True:
            known = len(self._snapshot.damage)
            try:
                return self._without_damage(asked, clips)
            except DamagedShardError:
                if len(self._snapshot.damage) == known:
                    raise

    def _without_damage(self, asked: PartQuery, clips: NDArray[np.bool_] | None) -> Ranking:
        """The nearest rows in shards that are not known to be damaged; the others are missing."""
        sound = self._snapshot.sound_clips()
        if sound is not None:
            clips = sound if clips is None else sound & clips
        if asked.spaces not in self._indexes:
            self._indexes[asked.spaces] = open_vectors(self._snapshot, asked.spaces, part=self._part)
        ranking = self._indexes[asked.spaces].search(asked.queries, asked.k, RowFilter(asked.length, clips))
        damaged = self._part.answered(self._snapshot, asked.spaces, asked.length) & self._snapshot.damage.keys()
        return replace(ranking, missing=ranking.missing | damaged)

    @cached_property
    def _clips(self) -> NDArray[np.intp]:
        return self._part.clips(self._snapshot)


class WorkerLostError(Exception):
    """A worker died, or cannot be reached."""


class Worker(Protocol):
    """A process that holds a part."""

    def search(self, asked: PartQuery) -> Future[Ranking]:
        """Ask it; the future raises WorkerLostError, or what PartSearch.search raises."""
        ...

    def check(self) -> Future[None]:
        """Finds out whether it can answer; the future raises WorkerLostError if not."""
        ...


class Replicas:
    """The workers that hold one part. They take turns; one that was lost waits until a check succeeds."""

    def __init__(self, part: Part, workers: Sequence[Worker]) -> None:
        self.part = part
        self._workers = tuple(workers)
        self._checks: dict[Worker, Future[None]] = {}
        self._turns = count()

    def ask(self, asked: PartQuery) -> Callable[[], Ranking | None]:
        """Ask one of them now; what is returned waits for the answer, and is None if none of them answers."""
        others = iter(self._in_turn())
        first = next(others)
        waiting = {first.search(asked): first}
        return lambda: self._answer(asked, waiting, others)

    def _answer(
        self, asked: PartQuery, waiting: dict[Future[Ranking], Worker], others: Iterator[Worker]
    ) -> Ranking | None:
        following = next(others, None)
        while True:
            done, _ = wait(waiting, LIMIT_S if following is None else PATIENCE_S, FIRST_COMPLETED)
            answered = next((future for future in done if not isinstance(future.exception(), WorkerLostError)), None)
            for future, worker in waiting.items():
                if future is not answered:
                    self._checks[worker] = worker.check()
            if answered is not None:
                return answered.result()
            for future in done:
                del waiting[future]
            if following is not None:
                waiting[following.search(asked)] = following
                following = next(others, None)
            elif not waiting or not done:
                return None

    def _in_turn(self) -> list[Worker]:
        turn = next(self._turns) % len(self._workers)
        workers = self._workers[turn:] + self._workers[:turn]
        return sorted(workers, key=self._is_lost)

    def _is_lost(self, worker: Worker) -> bool:
        check = self._checks.get(worker)
        if check is None:
            return False
        if check.done():
            if check.exception() is None:
                del self._checks[worker]
                return False
            self._checks[worker] = worker.check()
        return True


class DistributedIndex:
    """A `VectorIndex` whose parts other processes hold. What it finds is equal to what one process finds."""

    def __init__(self, snapshot: Snapshot, spaces: Sequence[str], parts: Sequence[Replicas]) -> None:
        """
        Args:
            snapshot: that is searched; only its rows are read here.
            spaces: the space, or several.
            parts: all parts of the snapshot.
        """
        kinds = {record.kind for record in snapshot.vector_indexes if [record.space] == list(spaces)}
        self.kind = ",".join(sorted(kinds)) or "flat"
        self._snapshot, self._spaces = snapshot, tuple(spaces)
        self._parts = [(replicas, replicas.part.clips(snapshot)) for replicas in parts]

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex; `missing` names the shards that no process answered for."""
        allowed = rows.allowed_clips(self._snapshot.rows.clip_count)
        asked = PartQuery(self._spaces, np.ascontiguousarray(queries, np.float32), k, rows.length, None)
        answers = []
        for replicas, clips in self._parts:
            answered = replicas.part.answered(self._snapshot, self._spaces, rows.length)
            if not answered:
                continue
            own = None if allowed is None else allowed[clips]
            if own is None or own.all():
                answers.append((answered, replicas.ask(asked)))
            elif own.any():
                answers.append((answered, replicas.ask(replace(asked, allowed=np.packbits(own)))))
        nothing = Ranking(np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64))
        found, missing = [nothing], frozenset[str]()
        for answered, answer in answers:
            ranking = answer()
            missing |= answered if ranking is None else ranking.missing
            if ranking is not None and ranking.rows.size:
                found.append(ranking)
        return replace(merged(found[1:] or found, k), missing=missing)
