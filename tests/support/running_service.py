"""The service on a free port of this machine, in a thread of this process, with a client."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from mretrieve.service.limits import Limits
from mretrieve.service.live_index import LiveIndex
from mretrieve.service.server import listen, make_server, url_of


@contextmanager
def running_service(
    index: Path, limits: Limits | None = None, token: str | None = None, port: int = 0
) -> Iterator[httpx.Client]:
    """A client of the service of an index; the service ends with the block."""
    started = threading.Event()
    with listen("127.0.0.1", port) as listening:
        server = make_server(LiveIndex(index), listening, limits or Limits(threads=2), token, started=started.set)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        assert started.wait(60)
        try:
            reused = httpx.Limits(keepalive_expiry=0.2)  # the service may be closing connections that are idle longer
            with httpx.Client(base_url=url_of(listening), timeout=60, trust_env=False, limits=reused) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()


def post_form(client: httpx.Client, path: str, fields: dict[str, Any], *files: tuple[str, Path]) -> httpx.Response:
    """A form with fields and with files, each by the name of its field."""
    parts = [(field, (file.name, file.read_bytes())) for field, file in files]
    data = {name: value if isinstance(value, list) else str(value) for name, value in fields.items()}
    return client.post(path, data=data, files=parts)


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return when the condition is met; AssertionError if it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)
