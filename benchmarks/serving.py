"""How fast the service answers many clients at once: errors, times and memory.

    python benchmarks/serving.py [--index DIR] [--clients N] [--seconds S] [--threads N]

`mretrieve serve` runs in a process of its own; without --index it answers from the whole demo library. Each client
sends a request when it has the answer to the one before: in turn a query by a moment of an indexed clip, a query by a
file, the motion of a clip, and a page of the list of clips. Times are those of the clients, from the first byte sent to
the last received; the steps of queries are those of the answers. Memory is the resident set of the process after a
fifth of the time and at the end.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from mretrieve import build_index
from mretrieve.demo import make_library, write_query

_SERVE = "from mretrieve.cli import main; main()"


@contextmanager
def served(index: Path, threads: int, log: Path) -> Iterator[tuple[str, int]]:
    """Address and id of the process that serves an index."""
    words = ["serve", "--index", str(index), "--port", "0", "--threads", str(threads)]
    command = [sys.executable, "-c", _SERVE, *words]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1], process.pid
        finally:
            process.terminate()


def memory_mb(process: int) -> float:
    """Resident memory of a process, as Linux counts it."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1e3


class Clients:
    """Clients that send requests until they are stopped."""

    def __init__(self, url: str, query: Path) -> None:
        self.url = url
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.failed: defaultdict[int, int] = defaultdict(int)
        self.stages_ms: defaultdict[str, list[float]] = defaultdict(list)
        self.stopped = threading.Event()
        self._query = query.name, query.read_bytes()
        with httpx.Client(base_url=url, trust_env=False) as client:
            listed = client.get("/api/v1/clips", params={"limit": 200, "where": "duration_s > 1.5"}).json()["clips"]
        self._clips = [clip["clip"] for clip in listed]

    def run(self, number: int) -> None:
        """Send requests, one after the other."""
        with httpx.Client(base_url=self.url, timeout=120, trust_env=False) as client:
            turn = number
            while not self.stopped.is_set():
                clip = self._clips[(7 * turn + number) % len(self._clips)]
                kind, request = self._request(client, turn % 4, clip)
                started = time.perf_counter()
                response = client.send(request)
                self.seconds[kind].append(time.perf_counter() - started)
                if response.status_code != 200:
                    self.failed[response.status_code] += 1
                elif kind.startswith("query"):
                    for stage, milliseconds in response.json()["took_ms"].items():
                        self.stages_ms[stage].append(milliseconds)
                turn += 1

    def _request(self, client: httpx.Client, kind: int, clip: str) -> tuple[str, httpx.Request]:
        if kind == 0:
            named = {"query": f"{clip}@0.3-1.3", "exclude_self": True}
            return "query by moment", client.build_request("POST", "/api/v1/query", json=named)
        if kind == 1:
            return "query by file", client.build_request("POST", "/api/v1/query", files={"query": self._query})
        if kind == 2:
            return "motion", client.build_request("GET", "/api/v1/motion", params={"clip": clip})
        return "list", client.build_request("GET", "/api/v1/clips", params={"limit": 50})


@click.command(help=__doc__)
@click.option("--index", type=click.Path(path_type=Path), help="The index; by default that of the demo library.")
@click.option("--clients", default=32, show_default=True)
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--threads", default=2, show_default=True, help="Requests that the service answers at a time.")
def main(index: Path | None, clients: int, seconds: float, threads: int) -> None:
    """Print the tables."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        if index is None:
            index = folder / "index"
            make_library(folder / "library")
            build_index(folder / "library", index, labels=[folder / "library" / "labels.csv"])
        with served(index, threads, folder / "log") as (url, process):
            running = Clients(url, write_query(folder))
            others = [threading.Thread(target=running.run, args=(number,)) for number in range(clients)]
            for thread in others:
                thread.start()
            time.sleep(seconds / 5)
            early_mb = memory_mb(process)
            time.sleep(4 * seconds / 5)
            late_mb = memory_mb(process)
            running.stopped.set()
            for thread in others:
                thread.join()
    table = Table("request", "number", "p50 ms", "p95 ms", "longest ms")
    for kind, taken in [*sorted(running.seconds.items()), ("all", list(chain(*running.seconds.values())))]:
        p50, p95, longest = 1e3 * np.quantile(taken, [0.5, 0.95, 1.0])
        table.add_row(kind, f"{len(taken):,}", f"{p50:.0f}", f"{p95:.0f}", f"{longest:.0f}")
    Console().print(table)
    steps = ", ".join(f"{stage} {median(taken):.1f}" for stage, taken in running.stages_ms.items())
    total = sum(map(len, running.seconds.values()))
    print(f"steps of a query, medians in ms: {steps}")
    print(
        f"{clients} clients, {seconds:g} s: {total / seconds:.0f} requests/s, errors: {dict(running.failed) or 'none'}"
    )
    print(f"memory: {early_mb:.0f} MB after {seconds / 5:g} s, {late_mb:.0f} MB at the end")


if __name__ == "__main__":
    main()
