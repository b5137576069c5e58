"""The service follows the versions of its index: a request sees one, and the old one is closed after its last."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.generated_library import Library
from support.running_service import post_form, running_service, wait_until
from support.slow_format import HEAD, slow_format

from mretrieve import build_index
from mretrieve.indexer import remove_clips
from mretrieve.storage.layout import manifest_file, versions


@pytest.fixture
def index(library: Library, tmp_path: Path) -> Path:
    """A small index of the test's own."""
    shutil.copytree(library.folder / "mixamo", tmp_path / "motions")
    build_index(tmp_path / "motions", tmp_path / ".mretrieve", jobs=1)
    return tmp_path / ".mretrieve"


@pytest.fixture
def client(index: Path) -> Iterator[httpx.Client]:
    with running_service(index) as client:
        yield client


def version(client: httpx.Client) -> int:
    return int(client.get("/ready").json()["index_version"])


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    """What is not closed explicitly stays open."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_a_new_version_answers_once_it_is_committed(
    client: httpx.Client, index: Path, query_file: Path, tmp_path: Path
):
    slow = tmp_path / "slow.bvh"
    slow.write_bytes(HEAD + query_file.read_bytes())
    before = post_form(client, "/api/v1/query", {}, ("file", query_file)).json()
    best = before["results"][0]["clip"]
    with slow_format() as allowed, ThreadPoolExecutor() as other:
        running = other.submit(post_form, client, "/api/v1/query", {}, ("file", slow))
        wait_until(lambda: "mretrieve_requests_unfinished 1.0" in client.get("/metrics").text)
        remove_clips(index, [best])
        wait_until(lambda: version(client) == before["index"]["version"] + 1)
        after = post_form(client, "/api/v1/query", {}, ("file", query_file)).json()
        assert best not in [hit["clip"] for hit in after["results"]]
        assert "mretrieve_index_open_versions 2.0" in client.get("/metrics").text
        allowed.set()
        answer = running.result().json()
    assert answer["results"] == before["results"]
    assert answer["index"] == before["index"]
    wait_until(lambda: "mretrieve_index_open_versions 1.0" in client.get("/metrics").text)


def test_a_damaged_version_is_reported_and_the_one_before_answers(client: httpx.Client, index: Path):
    (newest,) = versions(index)[-1:]
    damaged = manifest_file(index, newest + 1)
    damaged.write_text("{}")
    wait_until(lambda: client.get("/ready").json()["status"] == "outdated")
    assert version(client) == newest
    assert client.get("/api/v1/clips").json()["version"] == newest
    damaged.unlink()
    wait_until(lambda: client.get("/ready").json()["status"] == "ok")


def test_an_index_that_is_made_again_under_the_same_number(client: httpx.Client, index: Path, tmp_path: Path):
    first = version(client)
    shutil.rmtree(index)
    wait_until(lambda: client.get("/ready").json()["status"] == "outdated")
    motions = sorted((tmp_path / "motions").iterdir())
    for motion in motions[1:]:
        motion.unlink()
    build_index(tmp_path / "motions", index, jobs=1)
    wait_until(lambda: client.get("/api/v1/clips").json()["total"] == 1)
    assert version(client) == first
