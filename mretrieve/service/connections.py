"""Connections that are closed if a request does not arrive, or an answer is not taken, in time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def timed_connections(receive_s: float) -> type[H11Protocol]:
    """uvicorn's protocol with a limit on the time in which nothing is being answered.

    uvicorn closes a connection that is idle after an answer, but waits without limit for the first request, for the
    rest of a request's headers, and for a client that does not read.
    """

    class TimedConnection(H11Protocol):
        _timer: asyncio.TimerHandle | None = None
        _unsent = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._start()

        def on_response_complete(self) -> None:
            self._start()
            super().on_response_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            super().connection_lost(exc)

        def _start(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
            self._unsent = self.transport.get_write_buffer_size()
            self._timer = self.loop.call_later(receive_s, self._expire)

        def _expire(self) -> None:
            unsent = self.transport.get_write_buffer_size()
            if 0 < unsent < self._unsent:
                self._start()  # the client takes its answer, if slowly
            elif unsent:
                self.transport.abort()
            elif self.cycle is None or self.cycle.response_complete:
                self.transport.close()  # otherwise a request is being answered, and then the time starts again

    return TimedConnection
