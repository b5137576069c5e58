"""An index with several encoders, one of them a user's own: made at once, or later without reading a motion file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.encoder_files import write_encoder

from mretrieve.encoders import load_encoder
from mretrieve.encoders.weights_file import read_encoder
from mretrieve.errors import FormatError, IndexStateError, MRetrieveError, QueryError
from mretrieve.indexer import Outcome, build_index, remove_clips
from mretrieve.indexer.compaction import ShardSize
from mretrieve.motion import Clip
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")
WriteMotion = Callable[..., Path]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """An encoder file."""
    return write_encoder(tmp_path / "mine.safetensors")


@pytest.fixture
def never_read_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on no motion file may be read."""
    return lambda: monkeypatch.setattr(
        "mretrieve.indexer.ingest.read_bodies", lambda *_, **__: pytest.fail("a motion file was read")
    )


def _shards(index: Path) -> dict[str, bytes]:
    """Every file of the shards of the newest version."""
    shards = [index / "shards" / record.id for record in Snapshot.open(index).shards]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for folder in shards for path in folder.iterdir()}


def _spaces(index: Path) -> dict[str, float]:
    return {record.name: record.weight for record in Snapshot.open(index).encoders}


def test_each_encoder_fills_a_space_over_the_same_windows(
    repository: Path, index: Path, some_motions: list[str], mine: Path
):
    build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    snapshot = Snapshot.open(index)
    assert _spaces(index) == {"pose-statistics": 0.5, "mine": 0.5}
    build_index(repository, index.with_name("alone"), encoder="pose-statistics", jobs=1)
    alone = Snapshot.open(index.with_name("alone"))
    np.testing.assert_array_equal(snapshot.vectors("pose-statistics"), alone.vectors("pose-statistics"))
    np.testing.assert_array_equal(snapshot.rows.window_end, alone.rows.window_end)
    assert snapshot.vectors("mine").shape == (len(alone.rows.window_end), read_encoder(mine).encoder.dimension)
    assert not verify(index)


def test_the_index_keeps_a_copy_of_the_weights(
    repository: Path, index: Path, some_motions: list[str], mine: Path, write_motion: WriteMotion
):
    content = mine.read_bytes()
    build_index(repository, index, encoder=str(mine), jobs=1)
    mine.unlink()
    write_motion("new.bvh", seed=9)
    assert len(build_index(repository, index, jobs=1).of(Outcome.READ)) == 1
    snapshot = Snapshot.open(index)
    assert snapshot.weights(snapshot.encoders[0]) == content
    assert _spaces(index) == {"mine": 1.0}
    build_index(repository, index, encoder="mine", rebuild=True, jobs=1)
    assert _spaces(index) == {"mine": 1.0}


def test_a_space_is_added_without_reading_a_file_and_gives_the_bytes_of_an_index_made_with_both(
    repository: Path, index: Path, write_motion: WriteMotion, mine: Path, never_read_later, monkeypatch
):
    for number in range(7):
        write_motion(f"{number}.bvh", seconds=1 + number, seed=number)
    both, size = index.with_name("both"), ShardSize(clips=3)
    encoders = ["pose-statistics", str(mine)]
    monkeypatch.setattr("mretrieve.indexer.build.PIECE_FILES", 1)
    build_index(repository, both, encoder=encoders, jobs=1, shard_size=size)
    build_index(repository, index, jobs=1, shard_size=size)
    never_read_later()
    report = build_index(repository, index, encoder=encoders, jobs=1, shard_size=size)
    assert (report.version, report.unchanged_files, report.entries) == (versions(index)[-1], 7, ())
    assert _shards(index) == _shards(both) and len(Snapshot.open(index).shards) == 3
    assert not build_index(repository, index, encoder=encoders, jobs=1).new_version


def test_a_space_is_dropped_without_reading_a_file(
    repository: Path, index: Path, some_motions: list[str], mine: Path, never_read_later: Callable[[], None]
):
    build_index(repository, index.with_name("alone"), encoder="pose-statistics", jobs=1)
    build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    never_read_later()
    build_index(repository, index, encoder="pose-statistics", jobs=1)
    assert _shards(index) == _shards(index.with_name("alone"))
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)
    assert list((index / "encoders").iterdir()) == []
    assert not verify(index)


def test_a_file_that_was_trained_again_replaces_its_space(
    repository: Path, index: Path, some_motions: list[str], mine: Path, never_read_later: Callable[[], None]
):
    build_index(repository, index, encoder=f"pose-statistics,{mine}", weights=[0.8, 0.2], jobs=1)
    before = Snapshot.open(index)
    write_encoder(mine, seed=1)
    never_read_later()
    build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    after = Snapshot.open(index)
    np.testing.assert_array_equal(after.vectors("pose-statistics"), before.vectors("pose-statistics"))
    assert not np.array_equal(after.vectors("mine"), before.vectors("mine"))
    assert _spaces(index) == {"pose-statistics": 0.8, "mine": 0.2}


def test_other_weights_or_another_order_make_a_version_of_the_same_shards(
    repository: Path, index: Path, some_motions: list[str], mine: Path
):
    build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    before = Snapshot.open(index).shards
    assert build_index(repository, index, weights=[3, 1], jobs=1).version == 2
    assert _spaces(index) == {"pose-statistics": 0.75, "mine": 0.25}
    assert not build_index(repository, index, jobs=1).new_version
    build_index(repository, index, encoder="mine,pose-statistics", jobs=1)
    assert list(_spaces(index).items()) == [("mine", 0.25), ("pose-statistics", 0.75)]
    assert Snapshot.open(index).shards == before


def test_new_changed_removed_and_vanished_files_are_seen_to_in_the_same_run(
    repository: Path, index: Path, write_motion: WriteMotion, mine: Path
):
    for number in range(5):
        write_motion(f"{number}.bvh", seed=number)
    build_index(repository, index, jobs=1)
    remove_clips(index, ["4.bvh"])
    write_motion("1.bvh", seed=11)
    (repository / "2.bvh").unlink()
    write_motion("5.bvh", seed=5)
    os.utime(repository / "0.bvh", ns=(0, 10**18))
    report = build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    assert {entry.path: entry.outcome for entry in report.entries} == {
        "0.bvh": Outcome.UNCHANGED,
        "1.bvh": Outcome.READ,
        "2.bvh": Outcome.GONE,
        "4.bvh": Outcome.REMOVED,
        "5.bvh": Outcome.READ,
    }
    snapshot = Snapshot.open(index)
    assert snapshot.clips["clip"].to_pylist() == ["0.bvh", "1.bvh", "3.bvh", "5.bvh"]
    encoder = read_encoder(mine).encoder
    for row in range(4):
        stored = snapshot.stored(row)
        for name, made_by in (("mine", encoder), ("pose-statistics", load_encoder())):
            clip = Clip(stored.positions, stored.observed, stored.start_s)
            np.testing.assert_array_equal(stored.vectors[name], made_by.encode_windows(clip, stored.windows))


def test_clips_whose_files_cannot_be_seen_today_are_kept_and_encoded(
    repository: Path, index: Path, some_motions: list[str], mine: Path, monkeypatch: pytest.MonkeyPatch
):
    build_index(repository, index, jobs=1)
    os.utime(repository / "a.bvh", ns=(0, 10**18))

    def forbidden(path: Path, skeletons: str) -> str:  # root, which tests may run as, is never refused
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mretrieve.indexer.ingest.content_hash", forbidden)
    report = build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    assert [entry.path for entry in report.of(Outcome.REFUSED)] == ["a.bvh"]
    assert Snapshot.open(index).clips["clip"].to_pylist() == some_motions


def test_what_is_stopped_leaves_the_index_as_it_was(repository: Path, index: Path, some_motions: list[str], mine: Path):
    build_index(repository, index, encoder="pose-statistics", jobs=1)
    report = build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1, stopped=lambda: True)
    assert report.interrupted and not report.new_version and _spaces(index) == {"pose-statistics": 1.0}
    assert not build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1).interrupted
    assert list(_spaces(index)) == ["pose-statistics", "mine"]


def test_damage_is_told_and_gets_no_new_checksum(repository: Path, index: Path, some_motions: list[str], mine: Path):
    build_index(repository, index, jobs=1)
    (motions,) = index.glob("shards/*/motions.h5")
    content = bytearray(motions.read_bytes())
    content[-100] ^= 1
    motions.write_bytes(content)
    with pytest.raises(IndexStateError, match=r"motions\.h5: is damaged"):
        build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    assert versions(index) == [1]


def test_a_damaged_copy_of_the_weights_is_told(repository: Path, index: Path, some_motions: list[str], mine: Path):
    build_index(repository, index, encoder=str(mine), jobs=1)
    (copy,) = (index / "encoders").iterdir()
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.raises(IndexStateError, match=f"{copy.name}: is damaged.*mretrieve index DIR --encoder FILE"):
        build_index(repository, index, jobs=1)
    build_index(repository, index, encoder=str(mine), jobs=1)  # the user still has it
    assert all(problem.harmless for problem in verify(index))


def test_an_encoder_that_fails_on_a_clip_is_told_of_with_its_file(
    repository: Path, index: Path, some_motions: list[str], mine: Path, monkeypatch: pytest.MonkeyPatch
):
    from mretrieve.encoders.learned import LearnedEncoder

    build_index(repository, index, jobs=1)
    encode = LearnedEncoder.encode_windows
    seen: list[Clip] = []

    def failing(self: LearnedEncoder, clip, windows):
        seen.append(clip)
        return encode(self, clip, windows) * (np.nan if clip in seen[1:2] else 1)

    monkeypatch.setattr(LearnedEncoder, "encode_windows", failing)
    report = build_index(repository, index, encoder=f"pose-statistics,{mine}", jobs=1)
    (refused,) = report.of(Outcome.REFUSED)
    assert refused.path == "sub/a.bvh" and "mine" in refused.reason
    assert Snapshot.open(index).clips["clip"].to_pylist() == ["a.bvh", "sub/b.bvh"]
    monkeypatch.undo()
    build_index(repository, index, jobs=1)  # the fault was not the file's: it is tried again
    assert Snapshot.open(index).clips["clip"].to_pylist() == some_motions


@pytest.mark.parametrize(
    ("encoder", "weights", "error", "says"),
    [
        ("pose-statistic", None, QueryError, "did you mean pose-statistics"),
        ("library/labels.csv", None, QueryError, r"no encoder 'library/labels\.csv'.*A file ends in \.safetensors"),
        ("pose-statistics,", None, QueryError, "a name is empty"),
        ("pose-statistics,pose-statistics", None, QueryError, "pose-statistics is there twice"),
        ("nowhere.safetensors", None, FormatError, r"nowhere\.safetensors: cannot be read"),
        ("torn.safetensors", None, FormatError, r"torn\.safetensors: is "),
        ("mine.safetensors,other/mine.safetensors", None, MRetrieveError, "two encoders are named mine"),
        ("mine.safetensors", [1, 2], QueryError, "weights 1, 2: 1 are needed, one for each of mine"),
        ("pose-statistics,mine.safetensors", [1], QueryError, "weights 1: 2 are needed"),
        ("pose-statistics,mine.safetensors", [0, 0], QueryError, "one of them above 0"),
        ("pose-statistics,mine.safetensors", [2, -1], QueryError, "numbers from 0 on"),
        ("pose-statistics,mine.safetensors", [1, float("nan")], QueryError, "numbers from 0 on"),
        ("pose-statistics,mine.safetensors", [1, float("inf")], QueryError, "numbers from 0 on"),
    ],
)
def test_what_cannot_be_an_encoder_or_a_weight_is_one_line(
    repository: Path,
    index: Path,
    some_motions: list[str],
    mine: Path,
    monkeypatch: pytest.MonkeyPatch,
    encoder: str,
    weights: list[float] | None,
    error: type[Exception],
    says: str,
):
    monkeypatch.chdir(mine.parent)
    Path("torn.safetensors").write_bytes(mine.read_bytes()[:100])
    Path("other").mkdir()
    Path("other/mine.safetensors").write_bytes(mine.read_bytes())
    with pytest.raises(error, match=says) as refusal:
        build_index(repository, index, encoder=encoder, weights=weights, jobs=1)
    assert "\n" not in str(refusal.value)
    assert versions(index) == []


def test_a_space_is_named_after_its_file(repository: Path, index: Path, some_motions: list[str], mine: Path):
    odd = mine.rename(mine.with_name("Ünsere Klassen, v2.safetensors"))
    build_index(repository, index, encoder=str(odd), jobs=1)
    assert list(_spaces(index)) == ["nsere-Klassen-v2"]


def test_the_number_of_processes_changes_no_byte_with_a_network(
    repository: Path, index: Path, write_motion: WriteMotion, mine: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(24):
        write_motion(f"{number:02d}.bvh", seconds=1 + number % 5, seed=number)
    monkeypatch.setattr("mretrieve.indexer.build.ALONE_BELOW_BYTES", 0)
    monkeypatch.setattr("mretrieve.indexer.build.PIECE_FILES", 3)
    alone, shared = (index.with_name(name) for name in ("alone", "shared"))
    both = ["pose-statistics", str(mine)]
    build_index(repository, alone, encoder="pose-statistics", jobs=1)
    build_index(repository, alone, encoder=both, jobs=1)  # without reading a file
    build_index(repository, shared, encoder=both, jobs=2)
    assert _shards(shared) == _shards(alone)
