"""`mretrieve repair`: an index that was damaged answers as before, wherever motions or motion files are left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.generated_library import Library

from mretrieve import Index, build_index, open_index
from mretrieve.cli import main
from mretrieve.indexer import Repair, remove_clips, repair_index
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import VECTOR_INDEXES, manifest_file, shard_folder, versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify
from mretrieve.vectors import choice


@pytest.fixture(scope="module")
def shards(library: Library, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A copy of the generated library, and its index of several shards."""
    place = tmp_path_factory.mktemp("repaired")
    shutil.copytree(library.folder, place / "motions")
    labels = place / "motions" / "labels.csv"
    build_index(place / "motions", place / "index", labels=[labels], jobs=1, shard_size=ShardSize(clips=9))
    with WriterLock(place / "index"):
        collect_garbage(place / "index", keep_versions=1, grace_s=-10.0)
    return place / "motions", place / "index"


@pytest.fixture
def index(shards: tuple[Path, Path], tmp_path: Path) -> Path:
    shutil.copytree(shards[0], tmp_path / "motions")
    return shutil.copytree(shards[1], tmp_path / "index")


def _answers(index: Path, library: Library) -> list[object]:
    opened = open_index(index)
    queries = [str(library.folder / name) for name in (library.short_clip, library.long_take)]
    found: list[object] = []
    for options in ({"k": 30}, {"parts": {"arms": 1.0}}):
        for answer in opened.search_many(queries, **options):
            assert not answer.partial
            found += [{**hit.to_dict(), "file": None} for hit in answer]
    return [*found, opened.snapshot.clips["label"].to_pylist()]


def _sound(index: Path) -> bool:
    return all(problem.harmless for problem in verify(index))


def _run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def _zeros(content: bytes) -> bytes:
    kept = min(3000, len(content) // 2)
    return content[:kept] + bytes(len(content) - kept)


FILES = ["clips.parquet", "windows.parquet", "motions.h5", "pose-statistics.npy", "part-statistics.npy", "blocks.xxh3"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [_zeros, lambda content: content[:-1], None], ids=["zeros", "short", "gone"])
def test_a_shard_is_made_again(index: Path, library: Library, name: str, change: Callable[[bytes], bytes] | None):
    before, base = _answers(index, library), Snapshot.open(index)
    file = shard_folder(index, base.shards[1].id) / name
    content = file.read_bytes()
    file.unlink()
    if change is not None:
        file.write_bytes(change(content))
    assert not _sound(index)
    repair = repair_index(index)
    assert repair.shards == (base.shards[1].id,) and not repair.lost
    assert len(repair.read_again) + repair.kept == base.shards[1].clip_count
    assert bool(repair.read_again) == (name == "motions.h5")
    assert _sound(index) and _answers(index, library) == before
    assert repair_index(index) == Repair(Snapshot.open(index).version)  # which finds nothing


def test_the_clips_of_blocks_that_are_sound_are_not_read_again(index: Path, library: Library):
    before, base = _answers(index, library), Snapshot.open(index)
    file = shard_folder(index, base.shards[0].id) / "motions.h5"
    content = file.read_bytes()
    file.write_bytes(content[:5000] + b"damage" + content[5006:])
    repair = repair_index(index)
    assert 1 <= len(repair.read_again) < base.shards[0].clip_count and repair.kept
    assert _answers(index, library) == before


def test_what_cannot_be_saved_is_said(index: Path, library: Library):
    base = Snapshot.open(index)
    clips = base.shard_clips(0)
    (shard_folder(index, base.shards[0].id) / "motions.h5").unlink()
    gone, changed = (index.parent / "motions" / clip.partition("#")[0] for clip in (clips[0], clips[1]))
    gone.unlink()
    changed.write_bytes(changed.read_bytes() + b"\n")
    result = _run("repair", "--index", index)
    assert result.exit_code == 1, result.output
    assert f"Lost {clips[0]}: " in result.output and f"Lost {clips[1]}: " in result.output
    assert "has changed since it was indexed; the next `mretrieve index` reads it" in result.output
    assert "Clips lost: 2." in result.output
    assert set(Index(base).clips) - set(open_index(index).clips) == {clips[0], clips[1]}
    build_index(index.parent / "motions", index, jobs=1)
    assert set(Index(base).clips) - set(open_index(index).clips) == {clips[0]}


def test_labels_are_saved_from_the_list_of_clips(index: Path, library: Library):
    before = _answers(index, library)
    (file,) = (index / "labels").iterdir()
    file.write_bytes(b"")
    repair = repair_index(index)
    assert "saved from the list of clips" in repair.remarks[0]
    assert _sound(index) and _answers(index, library) == before


def test_damage_of_a_version_that_is_merely_kept_is_said_apart_and_ended_by_dropping_it(index: Path, library: Library):
    base = Snapshot.open(index)
    remove_clips(index, base.shard_clips(0))
    file = shard_folder(index, base.shards[0].id) / "motions.h5"
    file.write_bytes(file.read_bytes()[:-1])
    before = _answers(index, library)
    result = _run("verify", "--index", index)
    old = base.version
    assert result.exit_code == 1 and f"(only in version {old}, which is kept and not the newest)" in result.output
    assert repair_index(index).dropped == (old,)
    assert versions(index) == [old + 1] and _sound(index) and _answers(index, library) == before


def test_a_damaged_manifest_that_is_not_the_newest_is_dropped(index: Path):
    (old,) = versions(index)
    build_index(index.parent / "motions", index, jobs=1, smooth=True)
    manifest_file(index, old).write_bytes(b"{}")
    assert repair_index(index).dropped == (old,)
    assert versions(index) == [old + 1] and _sound(index)


def test_a_run_refuses_to_build_on_damage(index: Path):
    base = Snapshot.open(index)
    for record in base.shards:
        file = shard_folder(index, record.id) / "motions.h5"
        file.write_bytes(_zeros(file.read_bytes()))
    command = ["index", index.parent / "motions", "--index", index]
    for extra in ([], ["--check"]):  # the first compares a sample, of which something is damaged
        result = _run(*command, *extra)
        assert result.exit_code == 2 and "is damaged" in result.output and "mretrieve repair" in result.output
    assert versions(index) == [base.version]
    assert _run("repair", "--index", index).exit_code == 0
    assert _run(*command, "--check").exit_code == 0


def test_check_finds_an_edit_that_keeps_size_and_time(index: Path):
    folder = index.parent / "motions"
    build_index(folder, index, jobs=1)  # which has moved
    snapshot = Snapshot.open(index)
    file = snapshot.file(0)
    status, content = file.stat(), file.read_bytes()
    place = content.rindex(b"1")
    file.write_bytes(content[:place] + b"2" + content[place + 1 :])
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not build_index(folder, index, jobs=1).new_version
    assert build_index(folder, index, jobs=1, check=True).new_version
    assert not build_index(folder, index, jobs=1, check=True).new_version


def test_versions_are_listed_and_one_can_be_gone_back_to(index: Path, library: Library):
    before, base = _answers(index, library), Snapshot.open(index)
    remove_clips(index, base.shard_clips(0))
    assert _run("versions", "--index", index).output.split("\n")[1].split()[0] == str(base.version)
    result = _run("rollback", base.version, "--index", index)
    assert result.exit_code == 0 and f"Wrote version {base.version + 2}" in result.output
    assert (
        versions(index) == [base.version, base.version + 1, base.version + 2]
        and _answers(index, library) == before
        and _sound(index)
    )
    assert _run("rollback", "99", "--index", index).exit_code == 2


def test_a_version_that_is_gone_back_to_lacks_the_clips_that_it_lacked(index: Path):
    first, second = open_index(index).clips[:2]
    version = remove_clips(index, [first]).version
    remove_clips(index, [second])
    assert _run("rollback", version, "--index", index).exit_code == 0
    assert first not in open_index(index).clips and second in open_index(index).clips
    assert _sound(index)


def test_removed_files_and_settings_do_not_depend_on_reports(index: Path):
    base = Snapshot.open(index)
    clip = base.shard_clips(0)[0]
    remove_clips(index, [clip])
    shutil.rmtree(index / "reports")
    build_index(index.parent / "motions", index, jobs=1)
    assert clip not in open_index(index).clips
    build_index(index.parent / "motions", index, jobs=1, rebuild=True)
    assert clip in open_index(index).clips and Snapshot.open(index).manifest.removed_files == ()


@pytest.fixture
def indexed_vectors(index: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The index with vector indexes, which a small library would not have."""
    monkeypatch.setattr(choice, "LEAST_WINDOWS", 2)
    build_index(index.parent / "motions", index, jobs=1, vector_index="flat-codes")
    assert Snapshot.open(index).vector_indexes
    return index


def _vector_files(index: Path) -> list[Path]:
    return sorted((index / VECTOR_INDEXES).iterdir())


def _assert_no_index_of_shards_that_are_gone(index: Path) -> None:
    snapshot = Snapshot.open(index)
    left = {record.id for record in snapshot.shards}
    assert all(left.intersection(record.shards) for record in snapshot.vector_indexes)


@pytest.mark.parametrize("change", [_zeros, lambda content: content[:-1], None], ids=["zeros", "short", "gone"])
def test_a_damaged_vector_index_is_made_again(
    indexed_vectors: Path, library: Library, change: Callable[[bytes], bytes] | None
):
    index = indexed_vectors
    before, file = _answers(index, library), _vector_files(index)[0]
    records = len(Snapshot.open(index).vector_indexes)
    content = file.read_bytes()
    file.unlink()
    if change is not None:
        file.write_bytes(change(content))
    assert not _sound(index)
    repair = repair_index(index)
    assert "1 vector indexes were damaged" in " ".join(repair.remarks)
    assert len(Snapshot.open(index).vector_indexes) == records
    assert _sound(index) and _answers(index, library) == before
    assert repair_index(index) == Repair(Snapshot.open(index).version)


@pytest.mark.parametrize("damaged_index", [False, True], ids=["index sound", "index damaged"])
def test_vector_indexes_of_shards_that_were_made_again_are_made_again(
    indexed_vectors: Path, library: Library, damaged_index: bool
):
    index = indexed_vectors
    before, base = _answers(index, library), Snapshot.open(index)
    for record in base.shards:
        (shard_folder(index, record.id) / "pose-statistics.npy").unlink()
    if damaged_index:
        _vector_files(index)[0].write_bytes(b"")
    repair_index(index)
    _assert_no_index_of_shards_that_are_gone(index)
    assert len(Snapshot.open(index).vector_indexes) == len(base.vector_indexes)
    assert _sound(index) and _answers(index, library) == before


def test_the_vector_indexes_of_shards_whose_clips_are_removed_leave_the_manifest(indexed_vectors: Path):
    index = indexed_vectors
    while (snapshot := Snapshot.open(index)).shards:
        remove_clips(index, snapshot.shard_clips(0))
        _assert_no_index_of_shards_that_are_gone(index)
    assert not snapshot.vector_indexes and _sound(index)
