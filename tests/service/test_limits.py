"""What the service refuses, in one line, without harm to others."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from support.generated_library import Library
from support.running_service import post_form, running_service, wait_until
from support.slow_format import HEAD, slow_format

from mretrieve.maps import LibraryMap, map_library
from mretrieve.service import live_index
from mretrieve.service.limits import Limits
from mretrieve.service.models import FILE_OPTIONS
from mretrieve.storage.snapshot import Snapshot

SMALL = Limits(
    upload_bytes=1 << 20,
    json_bytes=1 << 16,
    held_bytes=3 << 19,
    motion_s=3.0,
    request_s=20.0,
    receive_s=1.0,
    threads=1,
    waiting=1,
)


@pytest.fixture(scope="module")
def narrow(library: Library) -> Iterator[httpx.Client]:
    """A client of a service with narrow limits."""
    with running_service(library.index, SMALL) as client:
        yield client


def refused(response: httpx.Response, status: int, words: str) -> None:
    """The answer is an error with this status and one line that has these words."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    message = response.json()["message"]
    assert words in message
    assert "\n" not in message


def test_errors_are_the_readers_own(service: httpx.Client, tmp_path: Path, query_file: Path):
    (tmp_path / "cut.bvh").write_text(query_file.read_text()[:3000])
    (tmp_path / "notes.txt").write_text("no motion at all")
    refused(post_form(service, "/api/v1/query", {}, ("file", tmp_path / "cut.bvh")), 422, "cut.bvh:")
    refused(post_form(service, "/api/v1/query", {}, ("file", tmp_path / "notes.txt")), 422, "notes.txt: not a known")
    for name in ("cut.bvh", "notes.txt"):
        message = post_form(service, "/api/v1/query", {}, ("file", tmp_path / name)).json()["message"]
        assert message.startswith(name), "the folder on the server is nobody's business"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "holds no query"),
        ({"query": "nothing.bvh"}, 400, "no clip of this name"),
        ({"query": "-"}, 400, "no clip of this name"),
        ({"query": "x", "k": 0}, 400, "k is 0"),
        ({"query": "x", "k": "many"}, 422, "k: "),
        ({"query": "x", "limit": 3}, 422, "limit: "),
        ({"query": "x", "positions": []}, 400, "query and positions"),
        ({"positions": [[[0, 0, 0]]]}, 400, "fps"),
        ({"positions": [[[0, 0, 0]]], "fps": 30}, 400, "1 joints"),
        ({"positions": [[[0, 0, 0]], []], "fps": 30}, 400, "as many joints in each frame"),
        ({"keypoints": [[[0, 0]]]}, 400, "coco-17 has 17"),
        ({"keypoints": [[[0, 0]]], "joint_set": "none"}, 400, "give one of"),
    ],
)
def test_requests_without_meaning(service: httpx.Client, body: dict, status: int, words: str):
    refused(service.post("/api/v1/query", json=body), status, words)


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff", b'{"query": "\\ud800"}', b"[" * 100_000])
def test_damaged_json(service: httpx.Client, content: bytes):
    response = service.post("/api/v1/query", content=content, headers={"Content-Type": "application/json"})
    refused(response, 422, "")


def test_names_reach_nothing_but_the_index_and_the_files_of_the_request(
    service: httpx.Client, library: Library, query_file: Path, tmp_path: Path
):
    outside = tmp_path / "secret.bvh"
    outside.write_bytes(query_file.read_bytes())
    inside = library.folder / library.short_clip
    for name in (str(outside), f"../{outside.name}", str(inside), f"{inside}@1-2", str(library.index), "/dev/stdin"):
        refused(service.post("/api/v1/query", json={"query": name}), 400, "no clip of this name")
        refused(service.get("/api/v1/motion", params={"clip": name}), 400, "no clip of this name")
        pair = {"a": library.short_clip, "b": name}
        refused(service.post("/api/v1/compare", json=pair), 400, "no clip of this name")
        refused(service.post("/api/v1/align", json=pair), 400, "no clip of this name")
        refused(service.post("/api/v1/export", json={"moment": name}), 400, "no clip of this name")
        retimed = {"moment": f"{library.short_clip}@0.2-1", "retime_to": name}
        refused(service.post("/api/v1/export", json=retimed), 400, "no clip of this name")
        for option in FILE_OPTIONS:
            asked = {"query": library.short_clip, option: name}
            refused(service.post("/api/v1/query", json=asked), 400, "the request has no file of this name")
        asked = {"query": library.short_clip, "encoder": name}
        refused(service.post("/api/v1/query", json=asked), 400, "the index has pose-statistics")
        explained = {"query": library.short_clip, "moment": library.short_clip, "encoder": name}
        refused(service.post("/api/v1/explain", json=explained), 400, "the index has pose-statistics")
    weights = post_form(service, "/api/v1/query", {"query": library.short_clip}, ("encoder", query_file))
    refused(weights, 400, f"has no space of encoder {query_file.name}")
    nested = {"query": f"{query_file.name}#../../../../{outside}"}
    refused(post_form(service, "/api/v1/query", nested, ("file", query_file)), 400, "a body of a file has no path")


@pytest.mark.parametrize("name", ["../../zoe.bvh", "/tmp/zoe.bvh", "C:\\takes\\zoe.bvh"])
def test_uploads_keep_nothing_of_their_path(service: httpx.Client, query_file: Path, name: str):
    response = service.post("/api/v1/query", files={"file": (name, query_file.read_bytes())})
    assert response.json()["query"]["path"] == "zoe.bvh"


def test_uploads_are_nobody_elses_and_are_removed(
    library: Library, query_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    temporary, slow = tmp_path / "temporary", tmp_path / "slow.bvh"
    temporary.mkdir()
    slow.write_bytes(HEAD + query_file.read_bytes())
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with slow_format() as allowed, running_service(library.index) as client, ThreadPoolExecutor() as other:
        running = other.submit(post_form, client, "/api/v1/query", {}, ("file", slow))
        wait_until(lambda: list(temporary.glob("*/slow.bvh")) != [])
        (folder,) = temporary.iterdir()
        assert sys.platform == "win32" or folder.stat().st_mode & 0o077 == 0
        allowed.set()
        assert running.result().status_code == 200
        (tmp_path / "cut.bvh").write_text(query_file.read_text()[:3000])
        assert post_form(client, "/api/v1/query", {}, ("file", tmp_path / "cut.bvh")).status_code == 422
    assert not list(temporary.iterdir())


def test_uploads_with_impossible_names(service: httpx.Client, query_file: Path):
    content = query_file.read_bytes()
    for name in ("..", "a/", "x" * 300 + ".bvh"):
        refused(service.post("/api/v1/query", files={"file": (name, content)}), 400, "cannot be the name of a file")
    twice = [("file", ("a.bvh", content)), ("file", ("a.bvh", content))]
    refused(service.post("/api/v1/query", files=twice), 400, "two files of the request have this name")


def test_sizes(service: httpx.Client, narrow: httpx.Client, library: Library, query_file: Path):
    large = [("query", (query_file.name, query_file.read_bytes())), ("file", ("padding", b" " * (1 << 20)))]
    refused(narrow.post("/api/v1/query", files=large), 413, "a body may have 1 MiB")
    kind = {"Content-Type": "application/json"}
    refused(narrow.post("/api/v1/query", content=iter([b" " * 1000] * 100), headers=kind), 413, "a body may have")
    refused(narrow.post("/api/v1/query", json={"query": library.long_take}), 413, "name a part of it")
    assert narrow.post("/api/v1/query", json={"query": f"{library.long_take}@1-2"}).status_code == 200
    refused(service.post("/api/v1/export", json={"moment": library.long_take, "fps": 10_000}), 413, "lower fps")


def test_requests_beyond_the_queue_are_refused_at_once(narrow: httpx.Client, query_file: Path, tmp_path: Path):
    slow = tmp_path / "slow.bvh"
    slow.write_bytes(HEAD + query_file.read_bytes())
    with slow_format() as allowed, ThreadPoolExecutor(2) as others:
        running = [others.submit(post_form, narrow, "/api/v1/query", {}, ("file", slow)) for _ in range(2)]
        wait_until(lambda: "mretrieve_requests_unfinished 2.0" in narrow.get("/metrics").text)
        response = narrow.post("/api/v1/query", json={"query": "any"})
        refused(response, 503, "try again later")
        assert response.headers["retry-after"] == "1"
        assert narrow.get("/health").status_code == 200
        assert narrow.get("/api/v1/clips").json()["total"] > 0, "look-ups do not wait for queries"
        allowed.set()
        assert [each.result().status_code for each in running] == [200, 200]


def test_the_first_map_of_a_version_is_waited_for_by_maps_only(library: Library, monkeypatch: pytest.MonkeyPatch):
    begun, allowed = threading.Semaphore(0), threading.Event()

    def slowly(snapshot: Snapshot) -> LibraryMap:
        begun.release()
        assert allowed.wait(SMALL.request_s)
        return map_library(snapshot)

    monkeypatch.setattr(live_index, "map_library", slowly)
    with running_service(library.index, SMALL) as client, ThreadPoolExecutor(2) as others:
        asked = {"query": library.short_clip}
        running = [others.submit(client.get, "/api/v1/map"), others.submit(client.post, "/api/v1/map", json=asked)]
        assert begun.acquire(timeout=SMALL.request_s)
        assert client.get("/api/v1/clips").json()["total"] > 0
        assert client.post("/api/v1/query", json=asked).status_code == 200
        allowed.set()
        assert [each.result().status_code for each in running] == [200, 200]
        assert not begun.acquire(blocking=False), "it was computed once"


def test_all_bodies_together_have_a_limit(narrow: httpx.Client, query_file: Path, tmp_path: Path):
    slow, large = tmp_path / "slow.bvh", tmp_path / "large.txt"
    slow.write_bytes(HEAD + query_file.read_bytes())
    large.write_bytes(b" " * (SMALL.held_bytes // 2))
    sent = [("query", slow), ("file", large)]
    with slow_format() as allowed, ThreadPoolExecutor() as other:
        running = other.submit(post_form, narrow, "/api/v1/query", {}, *sent)
        wait_until(lambda: "mretrieve_requests_unfinished 1.0" in narrow.get("/metrics").text)
        refused(post_form(narrow, "/api/v1/query", {}, *sent), 503, "all of the memory for uploads")
        allowed.set()
        assert running.result().status_code == 200
        assert post_form(narrow, "/api/v1/query", {}, *sent).status_code == 200


def test_a_request_that_takes_too_long_is_given_up(library: Library, query_file: Path, tmp_path: Path):
    slow = tmp_path / "slow.bvh"
    slow.write_bytes(HEAD + query_file.read_bytes())
    with slow_format() as allowed, running_service(library.index, Limits(request_s=0.3, threads=1)) as client:
        refused(post_form(client, "/api/v1/query", {}, ("file", slow)), 503, "no answer within 0.3 s")
        refused(client.post("/api/v1/query", json={"query": library.short_clip}), 503, "no answer within 0.3 s")
        allowed.set()
        wait_until(lambda: "mretrieve_requests_unfinished 0.0" in client.get("/metrics").text)


def test_clients_that_send_slowly_are_disconnected_and_harm_nobody(narrow: httpx.Client, library: Library):
    address = (narrow.base_url.host, narrow.base_url.port)
    with closing_all(socket.create_connection(address, 20) for _ in range(3)) as (silent, headless, bodiless):
        headless.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\n")
        head = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
        bodiless.sendall(b"POST /api/v1/query HTTP/1.1\r\n" + head + b'{"query"')
        assert narrow.post("/api/v1/query", json={"query": f"{library.short_clip}@0.2-1"}).status_code == 200
        assert silent.recv(1) == b""
        assert headless.recv(1) == b""
        assert bodiless.recv(1000).startswith(b"HTTP/1.1 408 ")


@contextmanager
def closing_all(connections: Iterable[socket.socket]) -> Iterator[list[socket.socket]]:
    """The connections, which are closed at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(connection) for connection in connections]


def test_a_client_that_does_not_read_is_disconnected(library: Library):
    with running_service(library.index, Limits(receive_s=0.5)) as client, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(20)
        deaf.connect((client.base_url.host, client.base_url.port))
        deaf.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)  # more than buffers hold
        assert client.get("/health").status_code == 200
        time.sleep(2)
        received = b""
        with suppress(ConnectionError):
            while part := deaf.recv(1 << 16):
                received += part
        assert received.count(b"HTTP/1.1 200 OK") < 200


def test_a_token_is_asked_for(library: Library):
    with running_service(library.index, token="secret") as client:
        for path in ("/", "/docs", "/openapi.json", "/health", "/ready"):
            assert client.get(path).status_code == 200
        for path in ("/metrics", "/api/v1/index", "/api/v1/motion?clip=x", "/api/v1/nothing"):
            for given in ({}, {"Authorization": "Bearer secre"}, {"Authorization": "Basic secret"}):
                refused(client.get(path, headers=given), 401, "Authorization: Bearer TOKEN")
        assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200
        garbled = client.get("/metrics", headers={"Authorization": b"Bearer s\xe9cret"})
        refused(garbled, 401, "Authorization")


def test_a_full_disk_is_reported(service: httpx.Client, query_file: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mretrieve.service.request_clips.shutil.copyfileobj", full)
    response = service.post("/api/v1/query", files={"query": (query_file.name, query_file.read_bytes())})
    refused(response, 503, "No space left on device")


def test_pages_of_other_sites_are_refused(service: httpx.Client):
    own = f"http://{service.base_url.netloc.decode()}"
    assert service.get("/ready", headers={"Origin": own}).status_code == 200
    for origin in ("https://example.org", "null"):
        refused(service.get("/ready", headers={"Origin": origin}), 403, "other sites")
    refused(service.get("/ready", headers={"Host": "example.org"}), 403, "is not a name of this service")
    response = service.options("/api/v1/query", headers={"Origin": own, "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in response.headers


def test_forms_that_are_none(service: httpx.Client):
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    refused(service.post("/api/v1/query", content=b"--y\r\nnothing", headers=kind), 400, "")
    refused(service.post("/api/v1/query", content=b"a", headers={"Content-Type": "text/xml"}), 415, "is not read")
    refused(service.get("/api/v1/nothing"), 404, "/docs lists")
    refused(service.get("/api/v1/query"), 405, "/docs lists")
