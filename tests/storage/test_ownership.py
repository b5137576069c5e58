"""An index is recognised with certainty, and what mretrieve did not make is never removed or overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.simulated_disk import recorded
from support.small_index import SPACE, assert_holds, made_clips, made_labels, store

from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.ownership import find_index
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

A, B, C = made_clips("a.bvh", "b.bvh", "c.bvh")
MARKER = "mretrieve-index"
ID = "0123456789abcdef" * 2

#: Folders of a project that mretrieve has names for too, with the project's own files in them.
PROJECT = {
    "labels/walk.csv": "path,label",
    "labels/walk.parquet": "PAR1",
    "labels/.hidden": "",
    "encoders/resnet.safetensors": "weights",
    "shards/part-00001": "rows",
    "shards/.part-00002.tmp": "rows",
    f"shards/{ID}/notes.txt": "a name that could be mretrieve's, but not its content",
    "reports/2024.json": "{}",
    "manifests/train.json": "{}",
    "manifests/00000001.json": '{"schema": 1}',
}


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _collect(index: Path) -> None:
    """Collect all that may ever be collected."""
    with WriterLock(index):
        collect_garbage(index, keep_versions=1, grace_s=-10.0)


def _index(index: Path) -> None:
    """An index with something to collect in every folder."""
    store(index, [A, B], labels=made_labels(a_bvh="walk"), weights={SPACE: b"old"})
    store(index, [C], remove=["a.bvh", "b.bvh"], labels=made_labels(c_bvh="run"), weights={SPACE: b"new"})


def _index_of_0_1_0(index: Path) -> None:
    _index(index)
    (index / MARKER).unlink(missing_ok=True)


@pytest.mark.parametrize("entry", ["manifests", "lock", "manifests/00000001.json", "labels", "mretrieve-index"])
def test_a_project_folder_does_not_pass_for_an_index(tmp_path: Path, entry: str):
    project = tmp_path / "project"
    _write(project, PROJECT)
    if not (project / entry).exists():
        _write(project, {entry: "of somebody else"})
    before = _content(project)
    with pytest.raises(IndexStateError, match=r"holds other files .* and is not an index; give a new or empty folder"):
        store(project, [A])
    for read in (Snapshot.open, verify, find_index):
        with pytest.raises(IndexStateError, match=f"{project}: is not an index; name one, or make one with"):
            read(project)
    assert _content(project) == before


@pytest.mark.parametrize("make", [_index, _index_of_0_1_0], ids=["marked", "of 0.1.0"])
def test_files_of_others_in_the_folder_of_an_index_survive(tmp_path: Path, make):
    index = tmp_path / "index"
    others = {name: text for name, text in PROJECT.items() if name != "manifests/00000001.json"}
    make(index)
    _write(index, {"README.md": "about the project", **others})
    _collect(index)
    content = _content(index)
    assert {name: content[name].decode() for name in ("README.md", *others)} == {
        "README.md": "about the project"
    } | others
    assert versions(index) == [2] and verify(index) == []
    made = set(content) - {"README.md", *others, "lock", "lock-holder", MARKER}
    assert sorted(name.partition("/")[0] for name in made) == [
        "encoders",
        "inventories",
        "inventories",
        "labels",
        "manifests",
        *["shards"] * 5,
    ]


def test_a_file_of_others_in_a_shard_survives_the_shard(tmp_path: Path):
    index = tmp_path / "index"
    old = store(index, [A])
    store(index, [B], remove=["a.bvh"])
    shard = index / "shards" / old.shards[0].id
    _write(shard, {"notes.txt": "mine", "backup/clips.parquet": "mine"})
    _collect(index)
    assert _content(shard) == {"notes.txt": b"mine", "backup/clips.parquet": b"mine"}
    assert verify(index) == []


@pytest.mark.parametrize("room", ["shards", "labels", "encoders", "manifests"])
def test_a_folder_that_is_a_link_is_not_collected(tmp_path: Path, room: str):
    index, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    _index(index)
    (index / room).rename(elsewhere)
    (index / room).symlink_to(elsewhere)
    _write(elsewhere, {f"{ID}.parquet": "", f"{ID}.safetensors": "", f"{ID}/clips.parquet": "", f".x.{ID[:12]}": ""})
    before = _content(elsewhere)
    _collect(index)
    assert _content(elsewhere) == before
    assert_holds(Snapshot.open(index), [C])


def test_an_entry_that_is_a_link_is_not_collected(tmp_path: Path):
    index, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    _index(index)
    _write(elsewhere, {"clips.parquet": "", "motions.h5": "", "table": ""})
    links = {
        f"shards/{ID}": elsewhere,
        f"labels/{ID}.parquet": elsewhere / "table",
        f"labels/.{ID}.{ID[:12]}": elsewhere,
    }
    for name, target in links.items():
        (index / name).symlink_to(target)
    _collect(index)
    assert all((index / name).is_symlink() for name in links)
    assert sorted(_content(elsewhere)) == ["clips.parquet", "motions.h5", "table"]


def test_a_lock_that_is_a_link_does_not_overwrite_its_target(tmp_path: Path):
    store(tmp_path / "index", [A])
    (tmp_path / "thesis").write_text("years of work")
    (tmp_path / "index" / "lock").unlink()
    (tmp_path / "index" / "lock").symlink_to(tmp_path / "thesis")
    with pytest.raises(IndexStateError, match=r"lock: is a link, .* remove the link"):
        store(tmp_path / "index", [B])
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_manifests_behind_a_link_do_not_make_a_folder_an_index(tmp_path: Path):
    _index_of_0_1_0(tmp_path / "index")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "manifests").symlink_to(tmp_path / "index" / "manifests")
    with pytest.raises(IndexStateError, match="is not an index"):
        store(tmp_path / "project", [A])
    assert versions(tmp_path / "index") == [1, 2]


def test_an_index_may_itself_be_reached_through_a_link(tmp_path: Path):
    _index(tmp_path / "index")
    (tmp_path / "link").symlink_to(tmp_path / "index")
    _collect(tmp_path / "link")
    assert versions(tmp_path / "index") == [2] and verify(tmp_path / "index") == []


def test_the_marker_is_complete_before_anything_else_has_a_name(tmp_path: Path):
    index = tmp_path / "index"
    operations = recorded(lambda: (store(index, [A]), None)[1])
    named = [(name, *paths) for name, *paths in operations if name in ("mkdir", "link", "rename")]
    assert [name for name, *_ in named[:2]] == ["mkdir", "link"]
    assert (named[0][1], named[1][2]) == (index, index / MARKER)
    linked = operations.index(named[1])
    assert ("fsync", named[1][1]) in operations[:linked] and operations[linked + 1] == ("fsync", index)
    assert (index / MARKER).read_text().startswith("mretrieve index\n")


@pytest.mark.parametrize(
    "left",
    [{}, {f".{MARKER}.{ID[:12]}": "mretr"}, {MARKER: "mretrieve index\n"}, {MARKER: "mretrieve index\n", "lock": ""}],
    ids=["an empty folder", "a marker that was not finished", "a marker", "a marker and a lock"],
)
def test_an_index_can_be_made_where_an_earlier_run_ended_at_its_beginning(tmp_path: Path, left: dict[str, str]):
    index = tmp_path / "index"
    index.mkdir()
    _write(index, left)
    with pytest.raises(IndexStateError, match=f"run `mretrieve index DIR --index {index}`|make one there"):
        Snapshot.open(index)
    assert_holds(store(index, [A]), [A])
    _collect(index)
    assert verify(index) == []
    assert {path.name for path in index.iterdir() if path.is_file()} == {"lock", "lock-holder", MARKER}


def test_an_index_of_0_1_0_opens_and_gets_its_marker_at_the_next_write(tmp_path: Path):
    index = tmp_path / "index"
    _index_of_0_1_0(index)
    assert find_index(index) == index and verify(index) == []
    assert_holds(Snapshot.open(index), [C])
    assert not (index / MARKER).exists(), "reading writes nothing"
    store(index, [A])
    assert (index / MARKER).is_file()


def test_one_sealed_manifest_is_enough(tmp_path: Path):
    index = tmp_path / "index"
    _index_of_0_1_0(index)
    _write(index, {"README.md": "", "manifests/00000002.json": ""})
    with pytest.raises(IndexStateError, match=r"00000002\.json: is damaged"):
        Snapshot.open(index)
    _write(index, {"manifests/00000001.json": ""})
    with pytest.raises(IndexStateError, match="is not an index"):
        Snapshot.open(index)


#: What a first run of 0.1.0 could leave when it was interrupted, or when it could read no file.
LEFT_BY_0_1_0 = {
    "lock": "pid 12 on host since 2025-01-01 10:00:00+00:00\n",
    f"shards/{ID}/clips.parquet": "",
    f"shards/.{ID}.{ID[:12]}/clips.parquet": "",
    f"labels/{ID}.parquet": "",
    "reports/00000001.json": "{}",
    f"manifests/.00000001.json.{ID[:12]}": "",
}


def test_the_first_run_of_0_1_0_can_be_finished(tmp_path: Path):
    index = tmp_path / "index"
    _write(index, LEFT_BY_0_1_0)
    with pytest.raises(IndexStateError, match="has no version yet; run `mretrieve index"):
        Snapshot.open(index)
    assert_holds(store(index, [A]), [A])
    _collect(index)
    assert verify(index) == []


@pytest.mark.parametrize(
    "other", [{"README.md": ""}, {"labels/walk.csv": ""}, {f"encoders/{ID}": ""}, {"lock": "of somebody else"}]
)
def test_a_first_run_of_0_1_0_among_other_files_is_not_finished_there(tmp_path: Path, other: dict[str, str]):
    _write(tmp_path / "index", LEFT_BY_0_1_0 | other)
    before = _content(tmp_path / "index")
    with pytest.raises(IndexStateError, match="holds other files"):
        store(tmp_path / "index", [A])
    assert _content(tmp_path / "index") == before
