"""Ingest on a Ray cluster: tasks read the files and write the shards. The clips themselves never reach the driver.

The driver plans, keeps a bounded number of tasks in flight, cuts the shards as it would on one machine, and commits.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, overload

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.ray_connection import ENVIRONMENT, check_version, connect
from mretrieve.storage.layout import shard_folder
from mretrieve.storage.records import ShardRecord
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.shard_writer import write_shard
from mretrieve.version import __version__, install_hint

from .ingest import Ingested, Ingester, IngestSpec
from .worker import AHEAD, Piece, Results, crashed

try:
    import ray
    from ray.exceptions import (
        GetTimeoutError,
        NodeDiedError,
        ObjectLostError,
        OutOfMemoryError,
        RayTaskError,
        WorkerCrashedError,
    )
except ImportError as error:
    raise MRetrieveError(f"Ray is not installed; {install_hint('ray')}") from error

#: Errors of work that was done again RETRIES times in vain.
LOST = (WorkerCrashedError, NodeDiedError, OutOfMemoryError, ObjectLostError)

#: How often a task is done again whose worker or node died.
RETRIES = 2

#: Shards that may be in writing. They are committed together, so a cluster hardly waits for its driver.
SHARDS_AT_ONCE = 8

#: Options of all tasks.
TASK = {"max_retries": RETRIES, "runtime_env": ENVIRONMENT}


@dataclass(frozen=True)
class _Work:
    """What all nodes need.

    Attributes:
        spec: how files become clips.
        version: of mretrieve.
        folders: that must be there.
    """

    spec: IngestSpec
    version: str
    folders: tuple[Path, ...]


class RemoteClips(Sequence[ShardClip]):
    """The clips of one file, in Ray's object store until one is asked for.

    Attributes:
        piece: a reference to the clips of all files of a piece of work.
    """

    def __init__(self, piece: Any, file: int, count: int) -> None:
        self.piece, self._file, self._count = piece, file, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, item: int) -> ShardClip: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[ShardClip]: ...
    def __getitem__(self, item: int | slice) -> ShardClip | Sequence[ShardClip]:
        clips: Sequence[ShardClip] = _get(self.piece)[self._file]
        return clips[item]


class RayWorkers:
    """A Ray cluster that this process is connected to."""

    def __init__(self) -> None:
        self._in_flight = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        self._read = ray.remote(**TASK, num_returns=2)(_read)
        self._write = ray.remote(**TASK)(_write)

    @property
    def shards_at_once(self) -> int:
        """See Workers."""
        return SHARDS_AT_ONCE

    def ingest(
        self, spec: IngestSpec, pieces: Sequence[Piece], stopped: Callable[[], bool]
    ) -> Generator[Results, None, None]:
        """See Workers."""
        folders = [path for path in (spec.index, *spec.folders.values()) if path.is_dir()]
        work = ray.put(_Work(spec, __version__, tuple(folders)))
        waiting = iter(pieces)
        submitted: deque[tuple[Piece, list[Any]]] = deque()
        try:
            while not stopped():
                for piece in islice(waiting, self._in_flight - len(submitted)):
                    submitted.append((piece, self._read.remote(work, piece)))
                if not submitted:
                    return
                piece, references = submitted[0]
                try:
                    results = _results(references, timeout_s=0.2)
                except GetTimeoutError:
                    continue
                except LOST:
                    results = self._one_by_one(work, piece)
                submitted.popleft()
                yield results
        finally:
            for _, references in submitted:
                ray.cancel(references[0], force=True)

    def _one_by_one(self, work: Any, piece: Piece) -> Results:
        """A piece that kills its worker each time: the file that does so is refused."""
        results = []
        for task in piece:
            try:
                results += _results(self._read.remote(work, [task]))
            except LOST:
                results.append(crashed(task))
        return results

    def write(self, index: Path, files: Sequence[Sequence[ShardClip]]) -> Callable[[], ShardRecord]:
        """See Workers."""
        pieces = dict.fromkeys(clips.piece for clips in files if isinstance(clips, RemoteClips))
        here = [clips for clips in files if not isinstance(clips, RemoteClips)]
        written = self._write.remote(index, here, *pieces)

        def record() -> ShardRecord:
            try:
                done: ShardRecord = _get(written)
            except LOST as error:
                raise MRetrieveError(
                    f"{index}: the cluster lost a shard {RETRIES + 1} times; the same command continues from the last "
                    "version"
                ) from error
            if not shard_folder(index, done.id).is_dir():
                raise IndexStateError(
                    f"{index}: a node of the cluster wrote a shard that is not here; keep the index on a disk that all "
                    "nodes share"
                )
            return done

        return record


@contextmanager
def ray_workers(address: str, jobs: int | None) -> Iterator[RayWorkers]:
    """Connect to a Ray cluster for a `with` block; a connection that the program has already is used as it is.

    Args:
        address: "auto", "HOST:PORT", or "local" for a cluster that is started here and ended with the block.
        jobs: number of processes of a local cluster; None for one per core.

    Raises:
        MRetrieveError: there is no such cluster.
    """
    if jobs is not None and address != "local":
        raise MRetrieveError(f"jobs: the cluster at {address} uses all its CPUs; leave out --jobs")
    connected = connect(address, jobs)
    try:
        yield RayWorkers()
    finally:
        if connected:
            ray.shutdown()


def _results(references: Sequence[Any], timeout_s: float | None = None) -> Results:
    """The results of a piece of work, whose clips stay with Ray."""
    outcomes, piece = references
    return [
        replace(result, clips=RemoteClips(piece, file, count) if count else ())
        for file, (result, count) in enumerate(_get(outcomes, timeout_s))
    ]


def _get(reference: Any, timeout_s: float | None = None) -> Any:
    try:
        return ray.get(reference, timeout=timeout_s)
    except RayTaskError as error:
        if isinstance(error.cause, MRetrieveError):
            raise error.cause from None
        raise


# In the processes of the cluster:

_ingester: tuple[IngestSpec, Ingester] | None = None


def _read(work: _Work, piece: Piece) -> tuple[list[tuple[Ingested, int]], list[Sequence[ShardClip]]]:
    """Results without their clips but with the number of these, and the clips of each file."""
    global _ingester
    if _ingester is None or _ingester[0] != work.spec:
        _check_node(work)
        _ingester = work.spec, Ingester(work.spec)
    results = _ingester[1].ingest(piece)
    return [(replace(result, clips=()), len(result.clips)) for result in results], [result.clips for result in results]


def _check_node(work: _Work) -> None:
    """A node without the folders would refuse every file."""
    check_version(work.version)
    for folder in work.folders:
        if not folder.is_dir():
            raise MRetrieveError(
                f"{socket.gethostname()}: has no folder {folder}; mount it at the same path on all nodes"
            )


def _write(index: Path, here: Sequence[Sequence[ShardClip]], *pieces: list[Sequence[ShardClip]]) -> ShardRecord:
    """Write clips that the driver has, and those of some pieces of work, as a shard."""
    return write_shard(index, list(chain.from_iterable(chain(here, *pieces))))
