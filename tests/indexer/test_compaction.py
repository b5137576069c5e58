"""An index that grows clip by clip has few shards, and is the one that would have been made at once."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from mretrieve.cli import main
from mretrieve.errors import IndexStateError
from mretrieve.indexer import build_index, compact_index, remove_clips
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.layout import shard_folder, versions
from mretrieve.storage.manifest import read_manifest
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

from .conftest import WriteMotion


def _shards(index: Path) -> list[tuple[str, int]]:
    """Id and number of clips of each shard."""
    return [(record.id, record.clip_count) for record in Snapshot.open(index).shards]


def _add(repository: Path, index: Path, write_motion: WriteMotion, names: range) -> None:
    for number in names:
        write_motion(f"{number:03d}.bvh", seconds=0.2, seed=number)
        build_index(repository, index, encoder="pose-statistics", jobs=1, shard_size=ShardSize(clips=32))


def test_clips_that_are_added_one_by_one_leave_shards_each_twice_as_full_as_the_next(
    repository: Path, index: Path, write_motion: WriteMotion
):
    for added in range(1, 24):
        _add(repository, index, write_motion, range(added - 1, added))
        counts = sorted(count for _, count in _shards(index))
        assert sum(counts) == added and all(2 * small <= large for small, large in pairwise(counts))
    assert not verify(index)


def test_what_is_merged_is_what_would_have_been_made_at_once(
    repository: Path, index: Path, write_motion: WriteMotion, tmp_path: Path
):
    _add(repository, index, write_motion, range(7))
    grown = Snapshot.open(index)
    compact_index(index)
    at_once = tmp_path / "at once"
    build_index(repository, at_once, encoder="pose-statistics", jobs=1)
    assert _shards(index) == _shards(at_once) and len(grown.shards) > 1
    merged = Snapshot.open(index)
    assert merged.clips["clip"].to_pylist() == grown.clips["clip"].to_pylist()
    np.testing.assert_array_equal(merged.vectors("pose-statistics"), grown.vectors("pose-statistics"))
    assert not verify(index)


def test_a_shard_that_lost_most_of_its_clips_is_written_again(repository: Path, index: Path, write_motion: WriteMotion):
    for number in range(9):
        write_motion(f"{number:03d}.bvh", seconds=0.2, seed=number)
    build_index(repository, index, encoder="pose-statistics", jobs=1)
    remove_clips(index, [f"{number:03d}.bvh" for number in range(6)])
    assert [count for _, count in _shards(index)] == [9]
    _add(repository, index, write_motion, range(9, 10))
    assert [count for _, count in _shards(index)] == [4] and not Snapshot.open(index).manifest.removed


def test_full_shards_are_left_alone(repository: Path, index: Path, write_motion: WriteMotion):
    for number in range(32):
        write_motion(f"{number:03d}.bvh", seconds=0.2, seed=number)
    build_index(repository, index, encoder="pose-statistics", jobs=1, shard_size=ShardSize(clips=32))
    (full,) = _shards(index)
    _add(repository, index, write_motion, range(32, 33))
    assert _shards(index) == [full, (_shards(index)[1][0], 1)]
    before = Snapshot.open(index).version
    compact_index(index, ShardSize(clips=32))
    assert Snapshot.open(index).version == before


def test_a_damaged_shard_is_never_given_a_new_checksum(repository: Path, index: Path, write_motion: WriteMotion):
    _add(repository, index, write_motion, range(1))
    ((damaged, _),) = _shards(index)
    vectors = next(shard_folder(index, damaged).glob("*pose-statistics*"))
    content = bytearray(vectors.read_bytes())
    content[-3] ^= 1
    vectors.write_bytes(content)
    with pytest.raises(IndexStateError, match=vectors.name):
        _add(repository, index, write_motion, range(1, 2))
    assert damaged in dict(_shards(index)) and [problem.path for problem in verify(index)] == [vectors]
    with pytest.raises(IndexStateError, match=vectors.name):
        compact_index(index)


def test_the_command_says_what_it_did(repository: Path, index: Path, write_motion: WriteMotion):
    _add(repository, index, write_motion, range(3))
    first, second = (CliRunner().invoke(main, ["compact", "--index", str(index)]) for _ in range(2))
    assert first.exit_code == 0 and "2 shards became 1" in first.stdout
    assert second.exit_code == 0 and second.stdout == f"{index}: nothing to merge.\n"


def test_only_the_last_version_of_a_run_lists_its_clips_in_files(
    repository: Path, index: Path, write_motion: WriteMotion, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mretrieve.indexer.build.PIECE_FILES", 1)
    for number in range(4):
        write_motion(f"{number:03d}.bvh", seconds=0.2, seed=number)
    build_index(repository, index, encoder="pose-statistics", jobs=1, shard_size=ShardSize(clips=2))
    listed = [read_manifest(index, version).inventory is not None for version in versions(index)]
    assert listed == [False, False, True]


def test_an_update_goes_on_beside_a_damaged_shard_that_its_sample_missed(
    repository: Path, index: Path, write_motion: WriteMotion, monkeypatch: pytest.MonkeyPatch
):
    write_motion("a.bvh", seed=1)
    build_index(repository, index, jobs=1)
    (motions,) = index.glob("shards/*/motions.h5")
    content = bytearray(motions.read_bytes())
    content[-100] ^= 1
    motions.write_bytes(content)
    monkeypatch.setattr("mretrieve.indexer.plan.check_sample", lambda base: None)
    write_motion("b.bvh", seed=2)
    build_index(repository, index, jobs=1)
    assert Snapshot.open(index).clips["clip"].to_pylist() == ["a.bvh", "b.bvh"]
    assert [problem.path for problem in verify(index) if not problem.harmless] == [motions]
