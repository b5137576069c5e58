"""The process: a socket, the service, signals, logs."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable
from typing import TextIO

import uvicorn

from ..errors import MRetrieveError
from .app import create_service
from .connections import timed_connections
from .guard import LOOPBACK
from .limits import Limits
from .live_index import LiveIndex
from .telemetry import JsonLines


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. MRetrieveError: the address cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            if sys.platform != "win32":  # there it would let another program take the address
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(socket.SOMAXCONN)
        except OSError:
            listening.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MRetrieveError(f"{host}:{port}: cannot listen: {reason}; choose another --host or --port") from None
    return listening


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can reach a socket."""
    return ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback


def url_of(listening: socket.socket) -> str:
    """Where a browser finds the service."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(
    live: LiveIndex,
    listening: socket.socket,
    limits: Limits,
    token: str | None = None,
    host: str = "127.0.0.1",
    started: Callable[[], None] = lambda: None,
) -> uvicorn.Server:
    """A server whose `serve(sockets=[listening])` answers requests until SIGINT or SIGTERM; what runs is finished.

    Args:
        live: the index.
        listening: see `listen`.
        limits: of requests.
        token: what requests must bring; None for nothing.
        host: the name that the socket was asked for.
        started: called when requests are answered.

    Raises:
        MRetrieveError: other machines can reach the socket, and there is no token.
    """
    own = is_loopback(listening)
    if not own and token is None:
        raise MRetrieveError(f"{host}: other machines can reach this address; give --token, or listen on 127.0.0.1")
    config = uvicorn.Config(
        create_service(live, limits, token, LOOPBACK | {host} if own else None),
        http=timed_connections(limits.receive_s),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(limits.request_s) + 1,
    )
    return _Server(config, started)


def run_server(server: uvicorn.Server, listening: socket.socket, log: TextIO) -> None:
    """Answer requests; the log goes to a stream. KeyboardInterrupt: SIGINT has ended it, after all was finished."""
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonLines())
    for name, level in (("mretrieve.service", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    asyncio.run(server.serve(sockets=[listening]))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._started()
