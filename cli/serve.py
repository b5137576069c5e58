"""`mretrieve serve`: the index as a service for pages and programs."""

from __future__ import annotations

import re
import signal
import sys
import webbrowser
from pathlib import Path
from typing import Any

import click

from mretrieve.errors import MRetrieveError
from mretrieve.version import install_hint

from .options import INDEX, RAY, Size, device


@click.command()
@INDEX
@click.option("--host", default="127.0.0.1", show_default=True, metavar="NAME", help="Address to listen on.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--token",
    envvar="MRETRIEVE_TOKEN",
    metavar="TEXT",
    help="What requests must bring as `Authorization: Bearer TEXT`. Needed if other machines can reach the address. "
    "[default: $MRETRIEVE_TOKEN, else none]",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@device("Search the vectors on a GPU, or on all; cpu runs the same code there. [default: the CPU, without PyTorch]")
@RAY
@click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Requests answered at a time. [default: one per core]"
)
@click.option(
    "--max-waiting", "waiting", type=click.IntRange(min=0), metavar="N", help="Requests that wait. [default: 64]"
)
@click.option("--max-upload", "upload_bytes", type=Size(), metavar="SIZE", help="Largest upload. [default: 64M]")
@click.option(
    "--max-motion",
    "motion_s",
    type=click.FloatRange(min=1),
    metavar="S",
    help="Longest motion compared. [default: 600]",
)
@click.option(
    "--timeout", "request_s", type=click.FloatRange(min=1), metavar="S", help="Time for a request. [default: 60]"
)
def serve(
    index: Path | None,
    host: str,
    port: int,
    token: str | None,
    open_page: bool,
    device: str | None,
    ray: str | None,
    **limits: Any,
) -> None:
    """Serve a page for searching, and answers over HTTP: see docs/guide/page.md and docs/guide/serving.md.

    New versions of the index are answered from as soon as they are committed. Only this machine can reach the service
    unless --host says otherwise. Ctrl-C finishes what is being answered. The log, a line of JSON for each request, is
    on standard error.
    """
    try:
        from mretrieve.service.limits import Limits
        from mretrieve.service.live_index import LiveIndex
        from mretrieve.service.server import listen, make_server, run_server, url_of
    except ModuleNotFoundError as error:
        raise MRetrieveError(f"serving needs {error.name}; {install_hint('serve')}") from None

    if token is not None and not re.fullmatch(r"[!-~]+", token):
        raise MRetrieveError("--token: give letters, digits and signs of ASCII, without spaces, as headers have them")
    with listen(host, port) as listening:
        live = LiveIndex(index, device, ray)
        url = url_of(listening)

        def started() -> None:
            current = live.current
            click.echo(f"Serving {live.path}, version {current.number}, {len(current.index)} clips, at {url}")
            if open_page:
                webbrowser.open(url)

        chosen = Limits(**{name: value for name, value in limits.items() if value is not None})
        server = make_server(live, listening, chosen, token, host, started)
        try:
            run_server(server, listening, sys.stderr)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
