"""A manifest from a stranger, with the right seal: what makes no sense is refused when it is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.resealed import reseal
from support.small_index import SPACE, made_clips, made_labels, store
from support.strange_use import harm, refusal

from mretrieve.storage.layout import manifest_file, versions
from mretrieve.storage.manifest import _sealed

CLIPS = made_clips("a.bvh", "b.bvh", "c.bvh")
FILE = {"id": "0" * 32, "checksum": "0" * 64, "size": 1000, "blocks": ""}
VECTOR_INDEX = {
    "space": SPACE,
    "length": 5,
    "kind": "flat-codes",
    "settings": {},
    "shards": {},
    "file": FILE,
    "recall_at_10": 1.0,
    "recall_at_100": 1.0,
    "latency_ms": 1.0,
}


def _sets(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    """A manifest with another value at a place."""

    def edit(content: dict[str, Any]) -> None:
        holder: Any = content
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value

    return edit


def _vector_index(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return _sets("vector_indexes", value=[{**VECTOR_INDEX, **fields}])


def _lacks(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def edit(content: dict[str, Any]) -> None:
        holder: Any = content
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]

    return edit


SHARD = ("shards", 0)
STRANGE: dict[str, Callable[[dict[str, Any]], None]] = {
    "another version": _sets("version", value=7),
    "a version that is text": _sets("version", value="1"),
    "a layout that is text": _sets("schema", value="six"),
    "a layout that is a list": _sets("schema", value=[6]),
    "a rate of zero": _sets("fps", value=0),
    "a negative rate": _sets("fps", value=-30.0),
    "a rate that is text": _sets("fps", value="30"),
    "a rate that is not a number": _sets("fps", value=float("nan")),
    "an infinite rate": _sets("fps", value=float("inf")),
    "a huge whole number": _sets("fps", value=10**400),
    "smoothing that is a list": _sets("smooth", value=[True]),
    "no shards": _lacks("shards"),
    "shards that are a number": _sets("shards", value=3),
    "shards that are a text": _sets("shards", value="abc"),
    "a shard that is null": _sets(*SHARD, value=None),
    "a shard without sums": _lacks(*SHARD, "checksums"),
    "a shard with another member": _sets(*SHARD, "more", value=1),
    "a shard of no id": _sets(*SHARD, "id", value=None),
    "a shard outside of the index": _sets(*SHARD, "id", value="../../../../../../../../../../etc/"),
    "a shard with an absolute path": _sets(*SHARD, "id", value="/etc/" + "0" * 27),
    "a shard with NUL in its name": _sets(*SHARD, "id", value="0" * 31 + "\0"),
    "a shard of capitals": _sets(*SHARD, "id", value="A" * 32),
    "a shard of a reserved name": _sets(*SHARD, "id", value="con"),
    "a file of another name": _sets(*SHARD, "sizes", "../motions.h5", value=5),
    "a space outside of the shard": _sets(*SHARD, "largest_norms", "../../x", value=1.0),
    "a norm that is text": _sets(*SHARD, "largest_norms", SPACE, value="1"),
    "a norm that is not a number": _sets(*SHARD, "largest_norms", SPACE, value=float("nan")),
    "a sum that is a number": _sets(*SHARD, "checksums", "motions.h5", value=5),
    "a size that is text": _sets(*SHARD, "sizes", "motions.h5", value="5"),
    "a negative size": _sets(*SHARD, "sizes", "motions.h5", value=-5),
    "a size of half a byte": _sets(*SHARD, "sizes", "motions.h5", value=0.5),
    "clips that are text": _sets(*SHARD, "clip_count", value="3"),
    "clips that are true": _sets(*SHARD, "clip_count", value=True),
    "more clips than windows": _sets(*SHARD, "clip_count", value=10**9),
    "more windows than vectors": _sets(*SHARD, "window_count", value=10**12),
    "windows that overflow": _sets(*SHARD, "window_count", value=2**63),
    "more frames than motions": _sets(*SHARD, "frame_count", value=10**12),
    "negative frames": _sets(*SHARD, "frame_count", value=-1),
    "a negative number of joints": _sets(*SHARD, "joint_count", value=-22),
    "positions outside of the file": _sets(*SHARD, "positions_offset", value=1 << 60),
    "positions before the file": _sets(*SHARD, "positions_offset", value=-128),
    "flags outside of the file": _sets(*SHARD, "observed_offset", value=1 << 40),
    "removed clips as text": _sets("removed", value="a.bvh"),
    "removed clips that are numbers": _sets("removed", value={"0" * 32: [1, 2]}),
    "no encoders": _sets("encoders", value=[]),
    "an encoder outside of the index": _sets("encoders", 0, "name", value="../x"),
    "an encoder with a hidden name": _sets("encoders", 0, "name", value=".x"),
    "vectors of no numbers": _sets("encoders", 0, "dimension", value=0),
    "vectors of a huge number of numbers": _sets("encoders", 0, "dimension", value=10**12),
    "an encoder of no weight": _sets("encoders", 0, "weight", value=0),
    "an encoder of infinite weight": _sets("encoders", 0, "weight", value=float("inf")),
    "a fingerprint that is a list": _sets("encoders", 0, "fingerprint", value=[]),
    "a weights file outside of the index": _sets("encoders", 0, "file", value={**FILE, "id": "../" + "0" * 29}),
    "labels outside of the index": _sets("labels", "id", value="../../../" + "0" * 23),
    "sums of blocks that are no numbers": _sets("labels", "blocks", value="none"),
    "sums of too few blocks": _sets("labels", "size", value=1 << 30),
    "labels of a negative size": _sets("labels", "size", value=-1),
    "labels that are a text": _sets("labels", value="labels.csv"),
    "a folder that is a number": _sets("folders", 0, "path", value=5),
    "a folder with a slash in its name": _sets("folders", 0, "name", value="a/b"),
    "no folder": _sets("folders", value=[]),
    "windows of no length": _sets("windows", "lengths_s", value=[]),
    "windows of a negative length": _sets("windows", "lengths_s", value=[-1.0]),
    "windows of a text": _sets("windows", "lengths_s", value=["1"]),
    "windows that do not move on": _sets("windows", "hop_share", value=0),
    "a recall above one": _sets("vector_search", "recall", value=2.0),
    "an inventory outside of the index": _sets("inventory", "rows", "id", value="/" * 32),
    "an inventory of negative windows": _sets("inventory", "shard_windows", value=[-1]),
    "an inventory of endless windows": _sets("inventory", "bounds", value=[0, 10**18]),
    "an inventory of clips as text": _sets("inventory", "clip_count", value="3"),
    "a vector index of no file": _sets("vector_indexes", value=[{"space": SPACE}]),
    "a vector index of more windows than bytes": _vector_index(shards={"0" * 32: 10**12}),
    "a vector index of negative windows": _vector_index(shards={"0" * 32: -1}),
    "a vector index of a negative length": _vector_index(length=-5),
    "a vector index with settings in settings": _vector_index(settings={"probed": {"a": 1}}),
    "removed files that are texts": _sets("removed_files", value=["a.bvh"]),
    "a rig map that is a number": _sets("reading", "rig_map", value=5),
    "label files that are a number": _sets("reading", "labels", value=5),
    "a shard twice": lambda content: content["shards"].append(content["shards"][0]),
}

TEXTS = {
    "brackets without an end": "[" * 500_000,
    "shards of brackets": '{"schema": 6, "shards": ' + "[" * 5000,
    "zeros": "\0" * 4096,
    "nothing": "",
    "a list": "[]",
    "a number": "6",
    "a number of ten thousand digits": '{"schema": ' + "9" * 10_000 + "}",
    "text that is not UTF-8": "\udcff\udcfe",
    "a manifest cut off": '{"checksum": "',
    "null": "null",
    "two documents": "{}{}",
}


@pytest.fixture
def index(tmp_path: Path) -> Path:
    store(tmp_path / "index", CLIPS, labels=made_labels(a_bvh="walk"))
    reseal(tmp_path / "index", _sets("reading", value={"labels": []}))
    return tmp_path / "index"


def test_an_index_whose_manifest_was_only_sealed_again_is_sound(index: Path):
    """So that what the others find is the change, and not how it was made."""
    assert refusal(index, CLIPS) == "" and harm(index) == []


@pytest.mark.parametrize("edit", STRANGE.values(), ids=STRANGE)
def test_what_makes_no_sense_is_refused_when_it_is_opened(index: Path, edit: Callable[[dict[str, Any]], None]):
    reseal(index, edit)
    assert "version 1" in refusal(index, CLIPS)
    assert [problem.path for problem in harm(index)] == [manifest_file(index, 1)]


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("seal", [False, True], ids=["as it is", "sealed"])
def test_what_is_no_manifest_is_refused_when_it_is_opened(index: Path, text: str, seal: bool):
    content = text.encode("utf-8", "surrogateescape")
    if seal and text.startswith("{"):
        content = _sealed(text).encode()
    manifest_file(index, 1).write_bytes(content)
    assert "version 1 cannot be read" in refusal(index, CLIPS)
    assert [problem.path for problem in harm(index)] == [manifest_file(index, 1)]


def test_a_manifest_of_gigabytes_is_not_read(index: Path):
    with manifest_file(index, 1).open("r+b") as file:
        file.truncate(1 << 40)  # a hole, which takes no room on the disk
    assert "bytes" in refusal(index, CLIPS)


def test_of_a_member_that_is_there_twice_the_last_one_counts(index: Path):
    text = manifest_file(index, 1).read_text()
    content = json.loads(text)
    del content["checksum"]
    doubled = json.dumps(content, indent=1).replace('"smooth"', '"smooth": true,\n "smooth"', 1) + "\n"
    manifest_file(index, versions(index)[-1]).write_text(_sealed(doubled))
    assert refusal(index, CLIPS) == "" and harm(index) == []
