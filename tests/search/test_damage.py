"""A damaged shard is never answered with: the others answer, and the answer says which is missing and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from support.generated_library import Library

import mretrieve
from mretrieve import Answer, Index, build_index, open_index
from mretrieve.cli import main
from mretrieve.errors import IndexStateError
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.layout import INVENTORIES, MOTIONS_FILE, WINDOWS_FILE, shard_folder, vectors_file
from mretrieve.storage.snapshot import Snapshot


@pytest.fixture(scope="module")
def shards(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated library in an index of several shards, in two spaces."""
    index = tmp_path_factory.mktemp("shards") / "index"
    build_index(library.folder, index, labels=[library.folder / "labels.csv"], jobs=1, shard_size=ShardSize(clips=9))
    return index


@pytest.fixture
def index(shards: Path, tmp_path: Path) -> Path:
    return shutil.copytree(shards, tmp_path / "index")


def _damaged(index: Path, name: str, change: Callable[[bytes], bytes], shard: int = 0) -> tuple[str, Path]:
    """Damage a file of a shard; its id, and the path of the file."""
    snapshot = Snapshot.open(index)
    file = shard_folder(index, snapshot.shards[shard].id) / name
    file.write_bytes(change(file.read_bytes()))
    return snapshot.shards[shard].id, file


def _flipped(at: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        place = int(at * (len(content) - 1))
        return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]

    return change


def _without(index: Path, query: str, shard: str, **options: object) -> list[dict[str, object]]:
    """The hits of the sound index without the clips of a shard."""
    snapshot = Snapshot.open(index)
    (number,) = [number for number, record in enumerate(snapshot.shards) if record.id == shard]
    everything = Index(snapshot)
    kept = np.flatnonzero(snapshot.rows.clip_shard != number)
    names = ", ".join(f"'{snapshot.rows.clips[row]}'" for row in kept)
    return [hit.to_dict() for hit in everything.search(query, where=f"clip IN ({names})", **options)]


def _files(library: Library) -> list[str]:
    """Queries that are files, so that they can be read whatever shard has their clips."""
    return [str(library.folder / name) for name in (library.short_clip, library.long_take)]


def _hits(answer: Answer) -> list[dict[str, object]]:
    return [hit.to_dict() for hit in answer]


DAMAGES = {
    "vectors": (vectors_file("pose-statistics"), _flipped(0.5)),
    "header of vectors": (vectors_file("pose-statistics"), _flipped(0.0)),
    "motions cut off": (MOTIONS_FILE, lambda content: content[:-1]),
    "motions of zeros": (MOTIONS_FILE, lambda content: content[:2048] + bytes(len(content) - 2048)),
    "empty table": (WINDOWS_FILE, lambda content: b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("options", [{"k": 30}, {"mirror": "both", "all_moments": True}], ids=["plain", "moments"])
def test_the_other_shards_answer_as_they_do_alone(
    index: Path, shards: Path, library: Library, damage: str, options: dict[str, object]
):
    shard, file = _damaged(index, *DAMAGES[damage])
    opened = open_index(index)
    for query in _files(library):
        answer = opened.search(query, **options)
        expected = [{**hit, "file": None} for hit in _without(shards, query, shard, **options)]
        assert [{**hit, "file": None} for hit in _hits(answer)] == expected
        assert answer.partial and answer.missing_shards == (shard,)
        assert len(answer.damage) == 1 and str(file) in answer.damage[0] and "mretrieve repair" in answer.damage[0]


def test_damage_where_nothing_is_read_is_not_missed_by_the_answer(index: Path, library: Library):
    shard, _ = _damaged(index, vectors_file("part-statistics"), _flipped(0.02))
    opened = open_index(index)
    assert not opened.search(_files(library)[0]).partial
    assert opened.search(_files(library)[0], parts={"arms": 1.0}).missing_shards == (shard,)


def test_a_condition_that_leaves_no_clip_of_the_damaged_shard_gets_a_whole_answer(index: Path, library: Library):
    _damaged(index, MOTIONS_FILE, lambda content: b"")
    opened = open_index(index)
    snapshot = opened.snapshot
    other = snapshot.rows.clips[int(np.flatnonzero(snapshot.rows.clip_shard == 1)[0])]
    assert not opened.search(_files(library)[0], where=f"clip = '{other}'").partial
    assert opened.search(_files(library)[0]).partial


def test_several_queries_share_what_was_found(index: Path, library: Library):
    shard, _ = _damaged(index, vectors_file("pose-statistics"), _flipped(0.02))
    answers = open_index(index).search_many(_files(library))
    assert [answer.missing_shards for answer in answers] == [(shard,), (shard,)]


def test_a_query_that_is_itself_damaged_is_an_error_that_names_the_file(index: Path):
    snapshot = Snapshot.open(index)
    clip = snapshot.rows.clips[int(np.flatnonzero(snapshot.rows.clip_shard == 0)[0])]
    _, file = _damaged(index, MOTIONS_FILE, lambda content: content[:4096] + bytes(len(content) - 4096))
    opened = open_index(index)
    for use in (opened.search, lambda name: opened.explain(name, name)):
        with pytest.raises(IndexStateError, match=f"{file}: is damaged"):
            use(clip)


def test_without_the_inventory_the_clips_of_sound_shards_are_found(index: Path, shards: Path, library: Library):
    shard, _ = _damaged(index, WINDOWS_FILE, _flipped(0.5))
    for file in (index / INVENTORIES).iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    answer = open_index(index).search(_files(library)[0], 30)
    assert answer.missing_shards == (shard,)
    assert [hit.clip for hit in answer] == [hit["clip"] for hit in _without(shards, _files(library)[0], shard, k=30)]


def test_a_smoothed_index_goes_on_too(index: Path, library: Library):
    build_index(library.folder, index, jobs=1, smooth=True)
    shard, _ = _damaged(index, vectors_file("pose-statistics"), _flipped(0.5))
    answer = open_index(index).search(_files(library)[0])
    assert answer.missing_shards == (shard,) and len(answer) == 10


def test_the_commands_print_what_is_missing_and_their_status_is_3(index: Path, library: Library):
    shard, file = _damaged(index, MOTIONS_FILE, lambda content: b"")
    words = [_files(library)[0], "--index", str(index)]
    table = CliRunner().invoke(main, ["query", *words])
    content = CliRunner().invoke(main, ["query", *words, "--format", "json"])
    classified = CliRunner().invoke(main, ["classify", *words])
    assert (table.exit_code, content.exit_code, classified.exit_code) == (3, 3, 3)
    assert classified.stdout, classified.exception
    for result in (table, content, classified):
        assert f"Partial: {file}: is damaged (it has 0 bytes" in result.stderr
    answer = json.loads(content.stdout)
    assert answer["partial"] and answer["missing_shards"] == [shard] and str(file) in answer["damage"][0]
    schema = json.loads((Path(mretrieve.__file__).parent / "search" / "query.schema.json").read_text())
    jsonschema.validate(answer, schema)
