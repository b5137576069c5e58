"""Files that something else has changed: named by `verify`, refused where a reader can tell, never a wrong row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.small_index import SPACE, assert_holds, made_clip, made_clips, made_labels, store

from mretrieve.errors import IndexStateError
from mretrieve.storage.checked_files import write_weights
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import BLOCKS_FILE, INVENTORIES, manifest_file, weights_file
from mretrieve.storage.manifest import read_manifest
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

A, B, C = made_clips("a.bvh", "b.bvh", "c.bvh")
LABELS = {"a.bvh": "walk", "c.bvh": "run"}

WEIGHTS = {SPACE: b"an encoder's weights" * 10}

#: Files that can be done without: tables are read if the inventory is damaged, and the inventory if a table is. Without
#: the sums of blocks, files are compared as a whole.
SPARE = ("*.parquet", "*.rows", "*.arrow", BLOCKS_FILE)

DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "deleted": lambda content: None,
    "emptied": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "a byte longer": lambda content: content + b"\0",
}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    store(tmp_path / "index", [A, B], labels=made_labels(a_bvh="walk", c_bvh="run"))
    store(tmp_path / "index", [C], remove=["b.bvh"], weights=WEIGHTS)
    with WriterLock(tmp_path / "index"):
        collect_garbage(tmp_path / "index", keep_versions=1, grace_s=0)
    return tmp_path / "index"


def _files(index: Path) -> Iterator[Path]:
    return (path for path in sorted(index.rglob("*")) if path.is_file() and path.parent != index)


def _use_everything(index: Path) -> None:
    snapshot = Snapshot.open(index)
    assert_holds(snapshot, [A, C], LABELS)
    assert snapshot.weights(snapshot.encoders[0]) == WEIGHTS[SPACE]


def _named(index: Path) -> set[Path]:
    problems = (problem for problem in verify(index) if not problem.harmless or problem.path.parent.name == INVENTORIES)
    return {problem.path for problem in problems}


def test_a_sound_index_has_no_problems(index: Path):
    assert verify(index) == []
    assert len(list(_files(index))) == 2 * 5 + 5


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_file_of_another_length_is_refused_and_named(index: Path, tmp_path: Path, damage):
    for file in _files(index):
        if file.name.endswith(".json") and damage(b"x") is None:
            continue  # without its manifest a version does not exist
        copy = tmp_path / "copy"
        shutil.copytree(index, copy)
        damaged = copy / file.relative_to(index)
        content = damage(damaged.read_bytes())
        damaged.unlink() if content is None else damaged.write_bytes(content)
        if damaged.parent.name in (INVENTORIES, "labels") or damaged.name == BLOCKS_FILE:
            _use_everything(copy)
        else:
            with pytest.raises(IndexStateError, match=damaged.name):
                _use_everything(copy)
        assert _named(copy) == {damaged}
        shutil.rmtree(copy)


def test_a_changed_byte_anywhere_is_named_by_verify_and_never_answered_with(index: Path):
    for file in _files(index):
        content = file.read_bytes()
        for place in sorted({0, len(content) - 1, *range(7, len(content), max(1, len(content) // 12))}):
            file.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
            assert _named(index) == {file}, f"byte {place} of {file.name}"
            if any(map(file.match, SPARE)):
                _use_everything(index)
            else:
                with pytest.raises(IndexStateError, match=file.name):
                    _use_everything(index)
        file.write_bytes(content)
    _use_everything(index)


def test_a_damaged_header_of_vectors_is_an_error_that_names_the_file(index: Path):
    for file in index.glob(f"shards/*/{SPACE}.npy"):
        content = file.read_bytes()
        for place in range(0, 128, 5):
            file.write_bytes(content[:place] + b"9" + content[place + 1 :])
            try:
                _use_everything(index)
            except IndexStateError as error:
                assert file.name in str(error)
        file.write_bytes(content)


def test_vectors_that_claim_to_be_huge_take_no_memory(index: Path):
    for file in index.glob(f"shards/*/{SPACE}.npy"):
        content = file.read_bytes()
        assert b"(3, 8), }         " in content or b"(6, 8), }         " in content
        for rows in (b"3", b"6"):
            content = content.replace(b"(" + rows + b", 8), }         ", b"(9999999999, 8), }")
        file.write_bytes(content)
    with pytest.raises(IndexStateError, match=SPACE):
        _use_everything(index)


def test_vectors_that_need_unpickling_are_refused(index: Path):
    for file in index.glob(f"shards/*/{SPACE}.npy"):
        content = file.read_bytes()
        file.write_bytes(content.replace(b"'<f4'", b"'|O' "))
    with pytest.raises(IndexStateError, match="is damaged"):
        _use_everything(index)


def test_two_damaged_files_are_both_named(index: Path):
    damaged = set(index.glob("shards/*/motions.h5"))
    for file in damaged:
        file.write_bytes(file.read_bytes()[::-1])
    assert _named(index) == damaged and len(damaged) == 2


def test_a_damaged_manifest_says_how_to_go_back(tmp_path: Path):
    index = tmp_path / "index"
    store(index, [A, B])
    store(index, remove=["b.bvh"])
    newest = manifest_file(index, 2)
    newest.write_text(newest.read_text()[:-20])
    with pytest.raises(IndexStateError, match=rf"{newest}: is damaged .* delete this file to go back to version 1"):
        Snapshot.open(index)
    newest.unlink()
    assert_holds(Snapshot.open(index), [A, B])


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"schema": 1}', "[" * 100_000, "\0"])
def test_a_manifest_of_something_else_is_damaged(index: Path, text: str):
    manifest_file(index, 2).write_text(text)
    with pytest.raises(IndexStateError, match=r"00000002\.json: is damaged"):
        Snapshot.open(index)


def test_an_index_of_a_newer_layout_is_refused_with_what_to_do(index: Path):
    path = manifest_file(index, 2)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "schema": 7, "writer": "mretrieve 9.0", "new_things": []}))
    with pytest.raises(IndexStateError, match=r"written by mretrieve 9\.0 in layout 7, .* update mretrieve"):
        Snapshot.open(index)


def test_an_orphan_is_a_harmless_problem(index: Path):
    (index / "shards" / ("0" * 32)).mkdir()
    half = f".{'2' * 32}.parquet.{'3' * 12}"
    (index / "labels" / half).touch()
    (index / "encoders" / f"{'1' * 32}.safetensors").touch()
    problems = verify(index)
    assert {problem.path.name for problem in problems} == {"0" * 32, half, f"{'1' * 32}.safetensors"}
    assert all(problem.harmless for problem in problems)
    _use_everything(index)


def test_a_damaged_shard_is_made_anew_from_the_same_clips(tmp_path: Path):
    index = tmp_path / "index"
    clips = [made_clip("a.bvh"), made_clip("b.bvh")]
    shard = store(index, clips).shards[0].id
    (file,) = index.glob("shards/*/motions.h5")
    file.write_bytes(b"\0" * file.stat().st_size)
    assert _named(index) == {file}
    again = store(index, clips, remove=["a.bvh", "b.bvh"])
    assert again.shards[0].id == shard
    assert_holds(again, clips)
    assert not _named(index)


def test_reading_a_manifest_gives_back_what_was_written(index: Path):
    manifest = read_manifest(index, 2)
    assert manifest_file(index, 2).read_text() == manifest.to_json()


def test_a_damaged_file_that_is_named_by_its_content_is_written_again(tmp_path: Path):
    content = b"weights" * 100
    path = weights_file(tmp_path, write_weights(tmp_path, content).id)
    path.write_bytes(content[:-1] + b"x")
    write_weights(tmp_path, content)
    assert path.read_bytes() == content
