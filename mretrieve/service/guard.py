"""What a request must meet before it is read: host, origin, token, size, and arrival in time."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .bodies import has_files
from .failures import failure, failure_of
from .limits import BusyError, IncompleteError, Limits, TooLargeError

#: Paths that need no token: they tell nothing about the index.
PUBLIC = frozenset({"/", "/docs", "/openapi.json", "/health", "/ready"})
#: The folder of the pose model of the search page, which needs no token either: browsers load scripts without.
POSE_MODEL = "/pose"
#: Names by which this machine is reached from itself.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Refuses requests that are not allowed or too large, and gives up those whose body does not arrive."""

    def __init__(self, app: ASGIApp, limits: Limits, token: str | None, hosts: frozenset[str] | None) -> None:
        """A guard of `app`.

        Args:
            app: what answers requests that pass.
            limits: of size and time.
            token: what requests must bring as a bearer token; None for nothing.
            hosts: names under which the service may be asked for; None for any. Without them, a web page whose name
                is made to mean this machine could read answers (DNS rebinding).
        """
        self._app = app
        self._limits = limits
        self._token = None if token is None else token.encode()
        self._hosts = hosts
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, see ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["path"], headers)
        if refusal is not None:
            status, kind, message = refusal
            asked = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
            await failure(status, kind, message, asked)(scope, receive, send)
            return
        body = _CountedBody(self, receive, self._limits, headers)
        try:
            body.check_announced()
            await self._app(scope, body.receive, send)
        except TooLargeError as error:
            await failure_of(error)(scope, receive, send)
        finally:
            self._held_bytes -= body.size

    def hold(self, size: int) -> None:
        """Count bytes of a body that has arrived. BusyError: all bodies together are larger than the limit."""
        self._held_bytes += size
        if self._held_bytes > self._limits.held_bytes:
            raise BusyError("the requests that are being answered take all of the memory for uploads; try again later")

    def _refusal(self, path: str, headers: Mapping[str, str]) -> tuple[HTTPStatus, str, str] | None:
        """Status, kind and message if a request is not allowed."""
        host = headers.get("host", "")
        if self._hosts is not None and host and _without_port(host).lower() not in self._hosts:
            return HTTPStatus.FORBIDDEN, "Forbidden", f"{host!r:.80} is not a name of this service"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return HTTPStatus.FORBIDDEN, "Forbidden", "pages of other sites may not use this service"
        if self._token is None or path in PUBLIC or path.startswith(f"{POSE_MODEL}/"):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            return None
        return HTTPStatus.UNAUTHORIZED, "Unauthorized", "send the token of the service: Authorization: Bearer TOKEN"


class _CountedBody:
    """The body of one request as it arrives."""

    def __init__(self, guard: Guard, receive: Receive, limits: Limits, headers: Mapping[str, str]) -> None:
        self.size = 0
        self._guard = guard
        self._receive = receive
        self._receive_s = limits.receive_s
        self._announced = headers.get("content-length", "")
        self._largest = limits.upload_bytes if has_files(headers.get("content-type", "")) else limits.json_bytes
        self._end = asyncio.get_running_loop().time() + limits.receive_s
        self._is_complete = False

    def check_announced(self) -> None:
        """TooLargeError: the headers announce a larger body than is read."""
        if self._announced.isdecimal() and int(self._announced) > self._largest:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part. TooLargeError, BusyError, IncompleteError: it is too much, or did not come in time."""
        if self._is_complete:
            return await self._receive()
        try:
            left_s = self._end - asyncio.get_running_loop().time()
            message = await asyncio.wait_for(self._receive(), max(left_s, 0.0))
        except TimeoutError:
            raise IncompleteError(
                f"the body did not arrive within {self._receive_s:g} s; send less, or over a faster connection"
            ) from None
        part = len(message.get("body", b""))
        self.size += part
        self._is_complete = not message.get("more_body", False)
        self._guard.hold(part)
        if self.size > self._largest:
            raise self._too_large()
        return message

    def _too_large(self) -> TooLargeError:
        return TooLargeError(
            f"a body may have {self._largest >> 20} MiB; cut the motion, or index its file and name the clip"
        )


def _without_port(host: str) -> str:
    """The name in a Host header."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
