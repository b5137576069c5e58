"""Whether any request makes the service fail: requests that schemathesis makes from the description of the interface.

    python benchmarks/any_request.py [--examples N] [--seed N]

The service answers from the demo library, in this process. Requests are made twice: from the interface as it is
described, most of which name nothing, and with clips, moments and conditions that the library has. The pages and the
folder of the pose model, which the interface does not describe, are asked for too. A table shows the requests by path
and status; a status of 500 or more is a failure, but for 503. It needs schemathesis (`st`).
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import ProxyHandler, build_opener

import click
from rich.console import Console
from rich.table import Table

from mretrieve import build_index
from mretrieve.demo import make_library
from mretrieve.service.limits import Limits
from mretrieve.service.live_index import LiveIndex
from mretrieve.service.server import listen, make_server, url_of

_OPEN = build_opener(ProxyHandler({})).open
_NAMED = ("query", "moment", "a", "b", "retime_to", "clip")
#: Values of fields that are seldom found by chance.
_VALUES: dict[str, list[Any]] = {
    "where": ["label = 'walk'", "duration_s > 2 AND NOT (label = 'kick')", "clip LIKE 'numbered/%'", "nothing = 1"],
    "parts": ["arms", "arms=1,legs=0.5", "legs=0", {"torso": 1.0}, "tail", None],
    "encoder": ["pose-statistics", ["pose-statistics"], "nothing", None],
    "encoder_weights": [[1.0], [0.0], None],
    "start_s": [0.1, 0.4, -1.0, 1e300, None],
    "end_s": [0.6, 1.4, 0.0, None],
}


@contextmanager
def running(index: Path) -> Iterator[str]:
    """The address of a service of an index, in a thread."""
    started = threading.Event()
    with listen("127.0.0.1", 0) as listening:
        server = make_server(LiveIndex(index), listening, Limits(), started=started.set)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
        thread.start()
        started.wait()
        try:
            yield url_of(listening)
        finally:
            server.should_exit = True
            thread.join()


def with_names(described: dict[str, Any], clips: list[str]) -> dict[str, Any]:
    """The description of the interface whose names are those of clips and moments."""
    names = [
        *clips[:20],
        *(f"{clip}@{start}-{start + 1.2}" for clip in clips[20:40] for start in (0.3, 0.7)),
        "none.bvh",
    ]

    def named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        if name in _NAMED:
            return {"type": "string", "enum": names}
        if name == "moments":
            return {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1, "maxItems": 4}
        return {"enum": _VALUES[name]} if name in _VALUES else schema

    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = named(parameter["name"], parameter["schema"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                fields = {name: named(name, field) for name, field in schema["properties"].items()}
                schema["properties"] = {name: field for name, field in fields.items() if name not in _ALTERNATIVES}
                schema["required"] = [name for name in _NAMED if name in fields and name != "retime_to"]
    return described


#: Instead of a name; they are tried with the interface as it is described.
_ALTERNATIVES = (
    "positions",
    "canonical",
    "joints",
    "keypoints",
    "joint_set",
    "image_size",
    "file",
    "asf",
    "rig_map",
    "mapper",
    "pose_model",
)


#: The pages, of which OpenAPI does not know.
_PAGES: dict[str, Any] = {
    "/": {"get": {"summary": "The search page", "responses": {"200": {"description": "It"}}}},
    "/docs": {"get": {"summary": "The interface", "responses": {"200": {"description": "It"}}}},
    "/pose/{name}": {
        "get": {
            "summary": "The pose model",
            "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "It"}},
        }
    },
}


def request_all(url: str, described: Path, examples: int, seed: int) -> None:
    """Make requests from a description."""
    words = ["--phases", "coverage,fuzzing", "--checks", "not_a_server_error", "--continue-on-failure"]
    words += ["--max-examples", f"{examples}", "--seed", f"{seed}", "--suppress-health-check", "all"]
    command = [str(Path(sys.executable).parent / "st"), "run", str(described), "--url", url, *words]
    subprocess.run(command, check=False)


@click.command(help=__doc__)
@click.option("--examples", default=40, show_default=True, help="Requests of each operation, at most.")
@click.option("--seed", default=1, show_default=True)
def main(examples: int, seed: int) -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_library(folder / "library", clips_per_kind=2)
        build_index(folder / "library", folder / "index", labels=[folder / "library" / "labels.csv"])
        with running(folder / "index") as url:
            described = json.load(_OPEN(f"{url}/openapi.json"))
            described["paths"] |= _PAGES
            (folder / "described.json").write_text(json.dumps(described))
            request_all(url, folder / "described.json", examples, seed)
            clips = [clip["clip"] for clip in json.load(_OPEN(f"{url}/api/v1/clips"))["clips"]]
            (folder / "named.json").write_text(json.dumps(with_names(described, clips)))
            request_all(url, folder / "named.json", examples, seed)
            metrics = _OPEN(f"{url}/metrics").read().decode()
    table, total = Table("path", "status", "requests"), 0
    counted = re.findall(r'mretrieve_requests_total\{path="(.*?)",status="(\d+)"\} (\d+)', metrics)
    for path, status, number in sorted(counted):
        table.add_row(path, status, number)
        total += int(number)
    Console().print(table)
    failed = sum(int(number) for _, status, number in counted if int(status) >= 500 and status != "503")
    print(f"{total} requests, {failed} failed")


if __name__ == "__main__":
    main()
