"""The command: eight clients at a time, a clean end, logs, and the reasons for which it does not start."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from support.generated_library import Library
from support.running_service import post_form, wait_until

from mretrieve.cli import main

#: `mretrieve serve` that knows a format whose files take half a second to read.
PROGRAM = """
import sys, time
from mretrieve.cli import main
from mretrieve.formats import MotionFile, read_file, register_reader
from mretrieve.formats.reader import Reader
def read(file, options):
    time.sleep(0.5)
    return read_file(MotionFile(file.path, file.read_bytes().removeprefix(b"WAIT")), options)
register_reader(Reader("slow", ("slow",), lambda head, _: head.startswith(b"WAIT"), read))
main(["serve", "--port", "0", *sys.argv[1:]])
"""


@contextmanager
def served(index: Path, log: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """The process, and a client of it."""
    command = [sys.executable, "-c", PROGRAM, "--index", str(index), *words]
    with (
        log.open("w") as stream,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True) as process,
    ):
        try:
            line = process.stdout.readline()
            url = re.search(r"http://\S+", line)
            assert url, log.read_text()
            with httpx.Client(base_url=url[0], timeout=60, trust_env=False) as client:
                yield process, client
        finally:
            if process.poll() is None:
                process.terminate()  # the log is complete when the process has ended


def test_eight_clients_at_a_time_get_their_own_answers(library: Library, tmp_path: Path):
    clips = [clip for clip in library.opened.clips if "_take_" not in clip][:8]
    expected = {clip: library.opened.search(clip, k=3).to_dict()["results"] for clip in clips}
    with served(library.index, tmp_path / "log", "--threads", "2") as (_, client):

        def ask(clip: str) -> list[list[dict]]:
            with httpx.Client(base_url=client.base_url, timeout=60, trust_env=False) as own:
                return [own.post("/api/v1/query", json={"query": clip, "k": 3}).json()["results"] for _ in range(5)]

        with ThreadPoolExecutor(8) as others:
            answers = dict(zip(clips, others.map(ask, clips), strict=True))
        assert answers == {clip: [results] * 5 for clip, results in expected.items()}
        metrics = client.get("/metrics").text
        assert 'mretrieve_requests_total{path="/api/v1/query",status="200"} 40.0' in metrics
        for stage in ("read", "encode", "search", "rerank"):
            assert f'mretrieve_query_stage_seconds_count{{stage="{stage}"}} 40.0' in metrics
        own_id = client.get("/health", headers={"X-Request-ID": "mine-1"})
        assert own_id.headers["x-request-id"] == "mine-1"
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    queries = [line for line in lines if line.get("path") == "/api/v1/query"]
    assert len({line["request_id"] for line in queries}) == len(queries) == 40
    assert all(line["status"] == 200 and line["took_ms"]["rerank"] > 0 for line in queries)
    assert [line for line in lines if line.get("request_id") == "mine-1"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals on Windows")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_what_runs_is_finished_before_the_process_ends(
    library: Library, query_file: Path, tmp_path: Path, number: int, status: int
):
    slow = tmp_path / "slow.bvh"
    slow.write_bytes(b"WAIT" + query_file.read_bytes())
    with served(library.index, tmp_path / "log") as (process, client), ThreadPoolExecutor() as other:
        running = other.submit(post_form, client, "/api/v1/query", {}, ("file", slow))
        wait_until(lambda: "mretrieve_requests_unfinished 1.0" in client.get("/metrics").text)
        process.send_signal(number)
        assert running.result().status_code == 200
        assert process.wait(30) == status
    assert "Traceback" not in (tmp_path / "log").read_text()


def refusal(*words: str) -> str:
    """What the command prints if it does not start."""
    result = CliRunner(env={"MRETRIEVE_TOKEN": None}).invoke(main, ["serve", *words])
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


def test_reasons_for_which_it_does_not_start(library: Library, tmp_path: Path):
    index = ("--index", str(library.index))
    assert "give --token" in refusal("--host", "0.0.0.0", "--port", "0", *index)
    assert "cannot listen" in refusal("--host", "no such host", *index)
    for token in ("", " ", "näher"):
        assert "--token: give letters" in refusal("--token", token, "--host", "0.0.0.0", *index)
    assert "no such folder" in refusal("--port", "0", "--index", str(tmp_path / "nothing"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "in use" in refusal("--port", str(other.getsockname()[1]), *index)


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("mretrieve.service")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert "install it with: pip install 'mretrieve-mocap[serve]'" in refusal()
