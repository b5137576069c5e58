"""Parts of an index held by actors on a Ray cluster, each part by several. The actors end with the process that
started them.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import IndexStateError, MRetrieveError
from ..ray_connection import ENVIRONMENT, check_version, connect
from ..storage.manifest import Manifest
from ..storage.snapshot import Snapshot
from ..version import __version__
from .distributed import DistributedIndex, PartQuery, PartSearch, Replicas, Worker, WorkerLostError
from .interface import Ranking, VectorIndex
from .parts import Part, split

#: Actors that hold the same part, on different nodes if there are as many.
REPLICAS = 2
#: At most so many parts: each costs a query some tenths of a millisecond.
MOST_PARTS = 64
#: Queries that an actor answers at the same time.
_AT_ONCE = 4
#: Seconds in which the first actors open the index, with Python and its libraries on a shared disk.
_START_S = 300.0


class RayParts:
    """A version of an index, held by actors. `open_vectors` has the form of `vectors.open_vectors`."""

    def __init__(self, snapshot: Snapshot, address: str) -> None:
        """Start the actors: a part for each two CPUs, but at least for each node, and two actors for each part.

        Args:
            snapshot: the version; its index is at the same path on all nodes.
            address: of the cluster, see `ray_connection.connect`.

        Raises:
            MRetrieveError: Ray is not installed, there is no such cluster, or a node has another version of mretrieve.
            IndexStateError: a node does not have this version of the index.
        """
        connect(address)
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        actor: Any = ray.remote(_Holder)
        nodes = sorted(node["NodeID"] for node in ray.nodes() if node["Alive"])
        wanted = max(len(nodes), int(ray.cluster_resources().get("CPU", 1)) // REPLICAS)
        version = _Version(snapshot.index, snapshot.version, _checksum(snapshot.manifest), __version__)
        self._parts = []
        workers: list[_Actor] = []
        for number, part in enumerate(split(snapshot, min(wanted, MOST_PARTS))):
            own = []
            for replica in range(REPLICAS):
                node = nodes[(number + replica) % len(nodes)]
                started = actor.options(
                    num_cpus=0,
                    max_restarts=-1,
                    max_concurrency=_AT_ONCE,
                    runtime_env=ENVIRONMENT,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=True),
                ).remote(version, part)
                own.append(_Actor(started))
            self._parts.append(Replicas(part, own))
            workers += own
        for check in [worker.check() for worker in workers]:
            try:
                check.result(_START_S)
            except (WorkerLostError, TimeoutError) as error:
                raise MRetrieveError(
                    f"{address}: an actor of the cluster does not start ({error}); see `ray status`"
                ) from error

    def open_vectors(self, snapshot: Snapshot, spaces: Sequence[str]) -> VectorIndex:
        """The vector index over some spaces of the version."""
        return DistributedIndex(snapshot, spaces, self._parts)


def _checksum(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.to_json().encode()).hexdigest()


@dataclass(frozen=True)
class _Version:
    """The version that all actors have to open, and the mretrieve that they need."""

    index: Path
    number: int
    checksum: str
    mretrieve: str

    def open(self) -> Snapshot:
        """The version. IndexStateError: this node does not have it. MRetrieveError: it has another mretrieve."""
        check_version(self.mretrieve)
        node = socket.gethostname()
        try:
            snapshot = Snapshot.open(self.index, self.number)
        except IndexStateError as error:
            raise IndexStateError(f"{node}: {error}") from None
        if _checksum(snapshot.manifest) != self.checksum:
            raise IndexStateError(
                f"{node}: has another index at {self.index}; keep the index on a disk that all nodes share"
            )
        snapshot.hold()
        return snapshot


class _Actor(Worker):
    """See Worker; the handle of an actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def search(self, asked: PartQuery) -> Future[Ranking]:
        return _translated(self._actor.search.remote(asked))

    def check(self) -> Future[None]:
        return _translated(self._actor.check.remote())


class _Holder:
    """The actor itself. It opens the index when it is first asked, also after Ray has started it again."""

    def __init__(self, version: _Version, part: Part) -> None:
        self._version, self._part = version, part

    @cached_property
    def _opened(self) -> PartSearch:
        return PartSearch(self._version.open(), self._part)

    def search(self, asked: PartQuery) -> Ranking:
        return self._opened.search(asked)

    def check(self) -> None:
        _ = self._opened


def _translated(reference: Any) -> Future[Any]:
    """The future of a call, with errors as the library has them."""
    from ray.exceptions import RayError, RayTaskError

    answered: Future[Any] = Future()

    def pass_on(done: Future[Any]) -> None:
        error = done.exception()
        if error is None:
            answered.set_result(done.result())
        elif isinstance(error, RayTaskError):
            answered.set_exception(error.cause if isinstance(error.cause, MRetrieveError) else error)
        elif isinstance(error, RayError):
            lost = WorkerLostError(str(error).splitlines()[0])
            answered.set_exception(lost)
        else:
            answered.set_exception(error)

    reference.future().add_done_callback(pass_on)
    return answered
