"""From a request to its answer: the body is read, and a thread answers it from one version of the index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from fastapi import Request, Response

from ..encoders.catalogue import find_spec, same_encoder
from ..errors import MRetrieveError, QueryError
from ..json_text import as_json
from .bodies import Body, received
from .limits import Limits, TooLargeError
from .live_index import LiveIndex, OpenVersion
from .models import Request as RequestModel
from .request_clips import RequestClips, RequestFiles
from .work_queue import WorkQueue

_Model = TypeVar("_Model", bound=RequestModel)


@dataclass(frozen=True, eq=False)
class Call:
    """What a request is answered from.

    Attributes:
        version: the version of the index that was the newest when the request came.
        files: the files of the request.
        clips: finds clips by name.
        notes: what the log says about the request.
    """

    version: OpenVersion
    files: RequestFiles
    clips: RequestClips
    notes: dict[str, Any] = field(default_factory=dict)

    def encoders(self, named: str | Sequence[str] | None, *, shipped: bool = False) -> list[str] | None:
        """Encoders by name; weights files are files of the request. No other file is looked at.

        Args:
            named: "a,b" or a list; None for none.
            shipped: whether encoders of mretrieve count that the index has no vectors of.

        Raises:
            QueryError: there is no such encoder.
        """
        if named is None:
            return None
        records = [record.name for record in self.version.index.snapshot.encoders]
        found = []
        for name in ",".join([named] if isinstance(named, str) else named).split(","):
            name = name.strip()
            if name in self.files.names:
                found.append(str(self.files.path("encoder", name)))
            elif any(name == each or same_encoder(name, each) for each in records) or (shipped and find_spec(name)):
                found.append(name)
            else:
                raise QueryError(f"encoder {name!r:.80}: the index has {', '.join(records)}")
        return found


Answerer = Callable[[_Model, Call], Response]


class Handling:
    """Answers requests in threads, some of which are for look-ups only, so that those do not wait for queries.

    Attributes:
        maps: the thread of maps, of which the first of a version may take a minute; it is not computed twice.
    """

    def __init__(self, live: LiveIndex, limits: Limits) -> None:
        self._live = live
        self._limits = limits
        self._queries = WorkQueue(limits)
        self._look_ups = WorkQueue(limits)
        self.maps = WorkQueue(replace(limits, threads=1))

    @property
    def unfinished(self) -> int:
        """Number of requests that are being answered or wait for it."""
        return self._queries.unfinished + self._look_ups.unfinished + self.maps.unfinished

    def close(self) -> None:
        """Wait until all that runs has ended."""
        self._queries.close()
        self._look_ups.close()
        self.maps.close()

    async def answer(
        self, request: Request, model: type[_Model], answerer: Answerer[_Model], queue: WorkQueue | None = None
    ) -> Response:
        """The answer to a request with a body, in the threads of queries unless a queue is given.

        Raises:
            MRetrieveError, pydantic.ValidationError, HTTPException: see `failures`.
        """
        async with received(request) as body:
            queue = queue or self._queries
            return await self._run(queue, request, lambda call: answerer(body.parsed(model), call), body)

    async def look_up(
        self, request: Request, answerer: Callable[[Call], Response], queue: WorkQueue | None = None
    ) -> Response:
        """The answer to a request without a body, from the tables of the index. Errors are those of `answer`."""
        return await self._run(queue or self._look_ups, request, answerer, Body())

    async def _run(
        self, queue: WorkQueue, request: Request, answerer: Callable[[Call], Response], body: Body
    ) -> Response:
        version, notes = self._live.current, request.state.notes
        notes["index_version"] = version.number

        def answered() -> Response:
            with RequestFiles.saved(body.files) as files:
                clips = RequestClips(version.index.snapshot, files, self._limits)
                try:
                    return answerer(Call(version, files, clips, notes))
                except MRetrieveError as error:
                    raise type(error)(files.without_folder(str(error))) from error
                except MemoryError:
                    raise TooLargeError("the request does not fit in memory; shorten the motion") from None

        return await queue.run(answered)


def json_answer(content: dict[str, Any]) -> Response:
    """JSON as the command line prints it."""
    return Response(as_json(content).encode("utf-8", "replace"), media_type="application/json")
