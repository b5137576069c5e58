"""What a reader sees of a version."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.small_index import (
    DIMENSION,
    ENCODER,
    SPACE,
    WINDOWS,
    assert_holds,
    made_clip,
    made_clips,
    made_labels,
    store,
)

from mretrieve.errors import IndexStateError, QueryError
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.folders import paths_of
from mretrieve.storage.layout import versions
from mretrieve.storage.shard import Shard
from mretrieve.storage.snapshot import Snapshot


def test_what_is_stored_is_what_is_read(tmp_path: Path):
    clips = made_clips("b/walk.bvh", "a/run.bvh", "two.amc#left", "two.amc#right", "ä 'quoted' \"name\".bvh")
    assert_holds(store(tmp_path / "index", clips), clips)


def test_points_are_those_of_the_clips_that_were_lifted(tmp_path: Path):
    clips = made_clips("walk.bvh", "dance.json", "run.bvh", "clap.json")
    points = {name: np.full((10, 22, 2), number, np.float32) for number, name in enumerate(("clap.json", "dance.json"))}
    snapshot = store(tmp_path / "index", [replace(clip, points=points.get(clip.clip)) for clip in clips])
    for clip in clips:
        row = snapshot.clip_row(clip.clip)
        for found in (snapshot.points(row), snapshot.stored(row).points):
            np.testing.assert_array_equal(found, points.get(clip.clip))


def test_clips_of_many_shards_are_one_sorted_table(tmp_path: Path):
    shards = [made_clips("m", "c"), made_clips("z", "a"), made_clips("b", "n")]
    for shard in shards:
        snapshot = store(tmp_path / "index", shard)
    assert_holds(snapshot, [clip for shard in shards for clip in shard])


def test_a_removed_clip_is_gone_and_its_shard_stays(tmp_path: Path):
    a, b, c = made_clips("a", "b", "c")
    before = store(tmp_path / "index", [a, b, c])
    after = store(tmp_path / "index", remove=["b"])
    assert_holds(after, [a, c])
    assert after.shards == before.shards


def test_a_shard_of_which_nothing_is_left_is_no_longer_named(tmp_path: Path):
    store(tmp_path / "index", made_clips("a", "b"))
    store(tmp_path / "index", made_clips("c"))
    store(tmp_path / "index", remove=["a"])
    assert [shard.clip_count for shard in store(tmp_path / "index", remove=["b"]).shards] == [1]


def test_a_clip_can_be_replaced_in_one_commit(tmp_path: Path):
    store(tmp_path / "index", made_clips("a", "b"))
    replaced = made_clip("b", seed=1)
    assert_holds(store(tmp_path / "index", [replaced], remove=["b"]), [made_clip("a"), replaced])


def test_the_same_shard_can_come_back_after_all_of_it_was_removed(tmp_path: Path):
    clips = made_clips("a", "b")
    store(tmp_path / "index", clips)
    store(tmp_path / "index", remove=["a", "b"])
    assert_holds(store(tmp_path / "index", clips), clips)
    assert_holds(store(tmp_path / "index", clips, remove=["a", "b"]), clips)


def test_a_version_without_clips_answers_with_nothing(tmp_path: Path):
    store(tmp_path / "index", made_clips("a"))
    empty = store(tmp_path / "index", remove=["a"])
    assert_holds(empty, [])
    assert empty.clips.column_names == store(tmp_path / "index", made_clips("b")).clips.column_names
    assert empty.vectors(SPACE).shape == (0, DIMENSION)


def test_a_clip_twice_is_refused(tmp_path: Path):
    store(tmp_path / "index", made_clips("a"))
    with pytest.raises(ValueError, match="'a' would be in the version twice"):
        store(tmp_path / "index", [made_clip("a", seed=1)])
    with pytest.raises(ValueError, match="two clips are named 'b'"):
        store(tmp_path / "index", made_clips("b", "b"))


def test_older_versions_stay_readable(tmp_path: Path):
    a, b = made_clips("a", "b")
    store(tmp_path / "index", [a])
    store(tmp_path / "index", [b])
    assert versions(tmp_path / "index") == [1, 2]
    assert_holds(Snapshot.open(tmp_path / "index", 1), [a])
    with pytest.raises(IndexStateError, match="has no version 3; it keeps 1 to 2"):
        Snapshot.open(tmp_path / "index", 3)


def test_times_of_a_clip_follow_from_its_frames(tmp_path: Path):
    clips = store(tmp_path / "index", [made_clip("a", frames=45)]).clips
    assert clips["duration_s"].to_pylist() == [1.5]
    assert clips["end_s"].to_pylist() == [0.25 + 1.5]


def test_labels_join_by_file_and_are_null_elsewhere(tmp_path: Path):
    clips = made_clips("walk.bvh#1", "walk.bvh#2", "run.bvh", "stand.bvh")
    labels = made_labels(walk_bvh="walk", run_bvh="run", gone_bvh="gone")
    expected = {"walk.bvh": "walk", "run.bvh": "run"}
    snapshot = store(tmp_path / "index", clips, labels=labels)
    assert_holds(snapshot, clips, expected)


def test_labels_and_smoothing_stay_until_they_are_replaced(tmp_path: Path):
    a, b = made_clips("a.bvh", "b.bvh")
    store(tmp_path / "index", [a], labels=made_labels(a_bvh="walk"), smooth=True)
    kept = store(tmp_path / "index", [b])
    assert_holds(kept, [a, b], {"a.bvh": "walk"})
    assert kept.smooth
    replaced = store(tmp_path / "index", labels=made_labels(b_bvh="run"), smooth=False)
    assert_holds(replaced, [a, b], {"b.bvh": "run"})
    assert not replaced.smooth


def test_an_index_without_labels_has_a_label_column_of_nulls(tmp_path: Path):
    assert_holds(store(tmp_path / "index", made_clips("a")), made_clips("a"), {})


def test_an_unknown_clip_is_answered_with_the_names_that_are_close(tmp_path: Path):
    snapshot = store(tmp_path / "index", made_clips("walk_01.bvh", "run_07.bvh"))
    with pytest.raises(QueryError, match=r"walk_1\.bvh: no clip of this name .* did you mean walk_01\.bvh"):
        snapshot.clip_row("walk_1.bvh")
    with pytest.raises(QueryError, match="no clip of this name"):
        store(tmp_path / "index", remove=["jump.bvh"])


def test_motions_cannot_be_written(tmp_path: Path):
    positions, observed = store(tmp_path / "index", made_clips("a")).motion(0)
    assert not positions.flags.writeable and not observed.flags.writeable
    assert positions.dtype == np.float32 and observed.dtype == np.bool_


def test_a_space_that_the_index_lacks_is_named(tmp_path: Path):
    snapshot = store(tmp_path / "index", made_clips("a"))
    with pytest.raises(IndexStateError, match="no vectors of deephums, only of pose-statistics"):
        snapshot.vectors("deephums")


def _library(folder: Path) -> Path:
    """A repository with its motion file and an index inside."""
    folder.mkdir()
    (folder / "a.bvh").touch()
    store(folder / ".mretrieve", made_clips("a.bvh"), folders={"": folder})
    return folder


def test_a_repository_that_moves_with_its_index_is_found(tmp_path: Path):
    _library(tmp_path / "here").rename(tmp_path / "there")
    assert Snapshot.open(tmp_path / "there" / ".mretrieve").folders == {"": tmp_path / "there"}


def test_an_index_that_moves_alone_still_finds_its_repository(tmp_path: Path):
    library = _library(tmp_path / "library")
    (tmp_path / "other").mkdir()
    shutil.move(library / ".mretrieve", tmp_path / "other" / "index")
    assert Snapshot.open(tmp_path / "other" / "index").folders == {"": library}


def test_a_copy_of_both_means_the_copy(tmp_path: Path):
    shutil.copytree(_library(tmp_path / "library"), tmp_path / "copy")
    assert Snapshot.open(tmp_path / "copy" / ".mretrieve").folders == {"": tmp_path / "copy"}


def test_several_folders_are_each_found_where_they_are(tmp_path: Path):
    folders = {"cmu": tmp_path / "library" / "cmu", "studio b": tmp_path / "disk" / "studio"}
    for folder in folders.values():
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "a.bvh").touch()
    index = tmp_path / "library" / "index"
    snapshot = store(index, made_clips("cmu/sub/a.bvh", "studio b/sub/a.bvh"), folders=folders)
    assert snapshot.folders == folders
    assert [snapshot.file(row) for row in range(2)] == [folder / "sub" / "a.bvh" for folder in folders.values()]
    (tmp_path / "library").rename(tmp_path / "moved")
    moved = Snapshot.open(tmp_path / "moved" / "index")
    assert moved.folders == {"cmu": tmp_path / "moved" / "cmu", "studio b": folders["studio b"]}
    assert paths_of(moved.folders, tmp_path / "moved" / "cmu" / "sub" / "a.bvh") == {"cmu/sub/a.bvh"}


@pytest.mark.parametrize("folders", [{}, {"a/b": Path("b")}], ids=["none", "a name with a slash"])
def test_several_folders_have_names(tmp_path: Path, folders: dict[str, Path]):
    with WriterLock(tmp_path / "index"), pytest.raises(ValueError, match="the folders are"):
        commit(tmp_path / "index", None, folders=folders, fps=30.0, encoders=[ENCODER], windows=WINDOWS)


def _begin(place: Path) -> None:
    with WriterLock(place):
        pass


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda place: None, "no such folder; make one there with `mretrieve index DIR --index"),
        (lambda place: place.mkdir(), "is not an index; make one there"),
        (lambda place: place.write_text("x"), "is not an index; name one"),
        (_begin, "has no version yet; run `mretrieve index"),
    ],
    ids=["missing", "empty", "file", "interrupted"],
)
def test_what_is_no_index_is_refused_with_what_to_do(tmp_path: Path, make, says: str):
    make(tmp_path / "index")
    with pytest.raises(IndexStateError, match=says) as refusal:
        Snapshot.open(tmp_path / "index")
    assert str(tmp_path / "index") in str(refusal.value)


def test_a_version_opens_without_the_tables_of_its_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clips = made_clips("a.bvh", "b.bvh", "c.bvh")
    store(tmp_path / "index", clips[:2], labels=made_labels(b_bvh="walk"))
    store(tmp_path / "index", clips[2:])
    monkeypatch.setattr(Shard, "_table", lambda *_: pytest.fail("a table of a shard was read"))
    assert_holds(Snapshot.open(tmp_path / "index"), clips, {"b.bvh": "walk"})


def test_clips_that_were_removed_one_after_the_other_are_all_gone(tmp_path: Path):
    index, clips = tmp_path / "index", made_clips("a.bvh", "b.bvh", "c.bvh")
    store(index, clips)
    store(index, remove=["a.bvh"])
    store(index, remove=["b.bvh"])
    assert_holds(Snapshot.open(index), clips[2:])
