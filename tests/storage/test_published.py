"""An index at an address: pushed and pulled version by version, complete or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.fs
import pytest
from support.small_index import made_clips, made_labels, search, store

from mretrieve.errors import IndexStateError
from mretrieve.storage import published
from mretrieve.storage.layout import SHARDS, manifest_file, versions
from mretrieve.storage.published import pull, push
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

QUERY = np.array([[1, 0, -1, 2, 0, 0, 1, 1]], np.float32)


@pytest.fixture(params=["folder", "object store"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address in a folder, and one in a file system that is none of the operating system's."""
    if request.param == "folder":
        return str(tmp_path / "there")
    files = pyarrow.fs._MockFileSystem()

    class Addresses:
        @staticmethod
        def from_uri(uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
            assert uri.startswith("s3://")
            return files, uri.removeprefix("s3://")

    monkeypatch.setattr(pyarrow.fs, "FileSystem", Addresses)
    return "s3://bucket/motion/"


@pytest.fixture
def fetch(address: str) -> Callable[[Path], published.Copied]:
    return lambda index: pull(address, index, keep_versions=2, grace_s=0.0)


def _assert_same(index: Path, other: Path) -> None:
    first, second = Snapshot.open(index), Snapshot.open(other)
    assert first.manifest == second.manifest and first.clips.equals(second.clips)
    for one, two in zip(search(first, QUERY, 9), search(second, QUERY, 9), strict=True):
        assert one.tolist() == two.tolist()
    assert not verify(other)


def test_a_pulled_index_is_the_pushed_one_and_later_only_what_is_new_is_copied(
    tmp_path: Path, address: str, fetch: Callable[[Path], published.Copied]
):
    index, other = tmp_path / "index", tmp_path / "other"
    store(index, made_clips("a", "b"), labels=made_labels(a="walk"))
    first = push(index, address)
    assert first.version == 1 and first.size_bytes == Snapshot.open(index).size_bytes
    assert fetch(other) == first
    _assert_same(index, other)
    assert push(index, address).files == fetch(other).files == 0

    store(index, made_clips("c"), remove=["a"])
    store(index, made_clips("d"))
    second = push(index, address)
    assert second.version == 3 and second == fetch(other)
    assert second.size_bytes < Snapshot.open(index).size_bytes - first.size_bytes / 2
    _assert_same(index, other)
    assert versions(other) == [1, 3]


def test_a_push_that_is_interrupted_leaves_the_last_version_and_the_next_one_finishes(
    tmp_path: Path, address: str, fetch: Callable[[Path], published.Copied], monkeypatch: pytest.MonkeyPatch
):
    index, other = tmp_path / "index", tmp_path / "other"
    store(index, made_clips("a"))
    push(index, address)
    store(index, made_clips("b"))
    write, written = published._Store.write, []

    def write_one_and_a_half(self: published._Store, path: Path, chunks: Iterator[bytes]) -> None:
        if written:
            write(self, path, iter([next(chunks)[:-1]]))
            raise KeyboardInterrupt
        write(self, path, chunks)
        written.append(path)

    interruptions = 0
    with monkeypatch.context() as patch:
        patch.setattr(published._Store, "write", write_one_and_a_half)
        while True:
            written.clear()
            try:
                push(index, address)
                break
            except KeyboardInterrupt:
                interruptions += 1
                assert fetch(other).version == 1
    assert interruptions == 7  # a shard of five files, two of the inventory, and the manifest
    assert fetch(other).version == 2
    _assert_same(index, other)


def test_damage_is_not_copied_in_either_direction(
    tmp_path: Path, address: str, fetch: Callable[[Path], published.Copied], monkeypatch: pytest.MonkeyPatch
):
    index, other = tmp_path / "index", tmp_path / "other"
    store(index, made_clips("a"))
    push(index, address)
    fetch(other)
    store(index, made_clips("b"))
    (path,) = (index / SHARDS / Snapshot.open(index).shards[1].id).glob("motions.h5")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IndexStateError, match=r"motions\.h5: is damaged"):
        push(index, address)
    path.write_bytes(content)
    push(index, address)
    read = published._Store.read
    monkeypatch.setattr(
        published._Store,
        "read",
        lambda self, path: iter([content[:-1]]) if path.suffix == ".h5" else read(self, path),
    )
    with pytest.raises(IndexStateError, match=r"motions\.h5: is damaged .*`mretrieve push` again"):
        fetch(other)
    monkeypatch.undo()
    assert Snapshot.open(other).version == 1 and not verify(other)


def test_another_index_is_not_overwritten(tmp_path: Path, address: str, fetch: Callable[[Path], published.Copied]):
    index, stranger = tmp_path / "index", tmp_path / "stranger"
    store(index, made_clips("a"))
    store(index, made_clips("b"))
    store(stranger, made_clips("x"))
    push(index, address)
    with pytest.raises(IndexStateError, match="version 2 of another index, or a newer"):
        push(stranger, address)
    with pytest.raises(IndexStateError, match="did not come from"):
        fetch(stranger)
    store(stranger, made_clips("y"))
    with pytest.raises(IndexStateError, match="push to another address"):
        push(stranger, address)
    assert Snapshot.open(stranger).rows.clips[:] == ["x", "y"]


def test_a_folder_without_an_index_and_an_address_without_one_are_errors(tmp_path: Path):
    with pytest.raises(IndexStateError, match="no such folder"):
        push(tmp_path / "index", str(tmp_path / "there"))
    with pytest.raises(IndexStateError, match="has no index"):
        pull(str(tmp_path / "there"), tmp_path / "index", keep_versions=2, grace_s=0.0)
    with pytest.raises(IndexStateError, match="nothing://there: cannot be used"):
        pull("nothing://there", tmp_path / "index", keep_versions=2, grace_s=0.0)


def test_a_file_that_was_lost_locally_is_fetched_with_the_next_version(tmp_path: Path):
    index, other, there = tmp_path / "index", tmp_path / "other", str(tmp_path / "there")
    store(index, made_clips("a"))
    push(index, there)
    pull(there, other, keep_versions=2, grace_s=0.0)
    store(index, made_clips("b"))
    push(index, there)
    shutil.rmtree(other / SHARDS)
    pull(there, other, keep_versions=2, grace_s=0.0)
    _assert_same(index, other)
    assert manifest_file(other, 2).read_bytes() == manifest_file(index, 2).read_bytes()
