"""Folders of an index that are moved, added, missing or emptied."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mretrieve import open_index
from mretrieve.cli import main
from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.formats.content_hash import content_hash
from mretrieve.indexer import Outcome, build_index, remove_clips
from mretrieve.storage.layout import versions
from mretrieve.storage.snapshot import Snapshot

WriteMotion = Callable[..., Path]


@pytest.fixture
def second(tmp_path: Path, bvh_text: Callable[..., str]) -> Path:
    """A second folder, with motions of its own."""
    folder = tmp_path / "studio"
    folder.mkdir()
    for seed, name in enumerate(["a.bvh", "z.bvh"], start=10):
        (folder / name).write_text(bvh_text(seed=seed))
    return folder


def _clips(index: Path) -> list[str]:
    return Snapshot.open(index).clips["clip"].to_pylist()


def _never(_: object) -> None:
    pytest.fail("a file was read")


def test_the_index_of_a_moved_folder_follows_it_without_reading_a_file(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path
):
    build_index(repository, index, jobs=1)
    moved = repository.rename(tmp_path / "elsewhere")
    report = build_index(moved, index, jobs=1, progress=_never)
    assert report.new_version and report.unchanged_files == 3 and not report.entries
    assert report.warnings == (f"{repository} is gone, and its files are now in {moved}",)
    assert _clips(index) == some_motions
    opened = open_index(index)
    assert opened.search("a.bvh", k=1)[0].file == str(moved / "a.bvh")
    assert opened.search(moved / "a.bvh", k=3, exclude_self=True)[0].clip != "a.bvh"
    assert not build_index(moved, index, jobs=1).new_version


def test_a_folder_copied_without_its_times_is_recognised_by_content(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path
):
    build_index(repository, index, jobs=1)
    copy = shutil.copytree(repository, tmp_path / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(repository)
    report = build_index(copy, index, jobs=1)
    assert {entry.outcome for entry in report.entries} == {Outcome.UNCHANGED}
    assert _clips(index) == some_motions


def test_a_moved_folder_may_have_changed_but_not_become_another_library(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path, write_motion: WriteMotion
):
    build_index(repository, index, jobs=1)
    write_motion("new.bvh", seed=9)
    write_motion("sub/b.bvh", seconds=2, seed=8)
    moved = repository.rename(tmp_path / "elsewhere")
    assert {entry.path for entry in build_index(moved, index, jobs=1).of(Outcome.READ)} == {"new.bvh", "sub/b.bvh"}
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(moved / "new.bvh", other / "new.bvh")  # one file of four
    shutil.rmtree(moved)
    with pytest.raises(IndexStateError, match="is the index of"):
        build_index(other, index, jobs=1)
    assert len(_clips(index)) == 4


def test_a_copy_of_a_folder_that_is_still_there_is_another_folder(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path
):
    build_index(repository, index, jobs=1)
    copy = shutil.copytree(repository, tmp_path / "copy")
    with pytest.raises(IndexStateError, match="is the index of"):
        build_index(copy, index, jobs=1)


def test_clips_of_several_folders_have_the_folders_names_in_front(
    repository: Path, index: Path, some_motions: list[str], second: Path
):
    (second / "labels.csv").write_text("path,label\na.bvh,walk\n")
    report = build_index([repository, second], index, labels=second / "labels.csv", jobs=1)
    assert report.folders == {"motions": str(repository), "studio": str(second)}
    assert _clips(index) == [f"motions/{name}" for name in some_motions] + ["studio/a.bvh", "studio/z.bvh"]
    clips = Snapshot.open(index).clips
    assert dict(zip(clips["clip"].to_pylist(), clips["label"].to_pylist(), strict=True))["studio/a.bvh"] == "walk"
    assert open_index(index).search(second / "a.bvh", k=1)[0].file == str(second / "a.bvh")
    assert not build_index([second, repository], index, jobs=1).new_version


def test_a_folder_is_added_to_the_index_of_another_whose_clips_keep_their_names(
    repository: Path, index: Path, some_motions: list[str], second: Path
):
    build_index(repository, index, jobs=1)
    report = build_index([repository, second], index, jobs=1)
    assert len(report.of(Outcome.READ)) == 2 and report.unchanged_files == 3
    assert _clips(index) == sorted([*some_motions, "studio/a.bvh", "studio/z.bvh"])
    snapshot = Snapshot.open(index)
    assert snapshot.file(snapshot.clip_row("studio/z.bvh")) == second / "z.bvh"
    assert snapshot.file(snapshot.clip_row("sub/b.bvh")) == repository / "sub" / "b.bvh"


def test_folders_of_one_name_get_names_of_their_own(
    repository: Path, index: Path, second: Path, some_motions: list[str], tmp_path: Path
):
    (tmp_path / "more").mkdir()
    twin = shutil.copytree(second, tmp_path / "more" / "sub")  # called like a folder in the first one
    build_index(repository, index, jobs=1)
    build_index([repository, twin], index, jobs=1)
    assert [clip for clip in _clips(index) if clip.startswith("sub-2/")] == ["sub-2/a.bvh", "sub-2/z.bvh"]


def test_files_that_would_have_the_paths_of_another_folder_are_left_out_with_a_warning(
    repository: Path, index: Path, second: Path, some_motions: list[str], write_motion: WriteMotion
):
    build_index(repository, index, jobs=1)
    build_index([repository, second], index, jobs=1)
    write_motion("studio/a.bvh", seed=30)
    report = build_index([repository, second], index, jobs=1)
    assert not report.new_version
    assert report.warnings[0].startswith(
        f"{repository / 'studio'}: not indexed, because its paths are those of {second}"
    )


@pytest.mark.parametrize("emptied", [False, True], ids=["missing", "empty"])
def test_a_folder_that_is_missing_or_empty_keeps_its_clips_until_told_to_prune(
    repository: Path, index: Path, some_motions: list[str], second: Path, emptied: bool, write_motion: WriteMotion
):
    build_index([repository, second], index, jobs=1)
    remove_clips(index, ["studio/z.bvh"])
    everything = _clips(index)
    away = second.rename(second.parent / "away")
    if emptied:
        second.mkdir()
    write_motion("new.bvh", seed=20)
    report = build_index([repository, second], index, jobs=1)
    assert _clips(index) == sorted([*everything, "motions/new.bvh"])
    reason = "no motion file found" if emptied else "no such folder"
    assert report.warnings == (f"{second}: {reason}; its clips stay in the index (--prune removes them)",)
    with pytest.raises(MRetrieveError, match=reason):
        build_index(second, index, jobs=1)
    with pytest.raises(MRetrieveError, match="or add --prune"):
        build_index([repository, second], index, jobs=1, rebuild=True)

    shutil.rmtree(second, ignore_errors=True)
    away.rename(second)
    assert not build_index([repository, second], index, jobs=1).new_version  # the removed clip is remembered
    away = second.rename(away)
    build_index([repository, second], index, jobs=1, prune=True)
    assert all(clip.startswith("motions/") for clip in _clips(index)) and len(_clips(index)) == 4
    assert list(Snapshot.open(index).folders) == ["motions"]


def test_a_folder_that_is_not_named_keeps_its_clips(
    repository: Path, index: Path, some_motions: list[str], second: Path, write_motion: WriteMotion
):
    build_index([repository, second], index, jobs=1)
    (second / "a.bvh").unlink()
    write_motion("new.bvh", seed=20)
    build_index(repository, index, jobs=1)
    assert {"studio/a.bvh", "studio/z.bvh", "motions/new.bvh"} <= set(_clips(index))
    build_index(repository, index, jobs=1, encoder="pose-statistics")  # vectors of another set of encoders
    assert {"studio/a.bvh", "studio/z.bvh"} <= set(_clips(index))
    build_index(second, index, jobs=1)
    assert "studio/a.bvh" not in _clips(index) and "motions/new.bvh" in _clips(index)


def test_folders_whose_files_would_be_indexed_twice_are_refused(repository: Path, index: Path, some_motions: list[str]):
    with pytest.raises(MRetrieveError, match="given twice"):
        build_index([repository, repository], index)
    with pytest.raises(MRetrieveError, match=r"sub: lies in .*motions"):
        build_index([repository, repository / "sub"], index)
    assert not index.exists()


def test_a_link_to_the_folder_is_the_same_folder(
    repository: Path, index: Path, some_motions: list[str], tmp_path: Path
):
    build_index(repository, index, jobs=1)
    (tmp_path / "link").symlink_to(repository)
    assert not build_index(tmp_path / "link", index, jobs=1).new_version


def test_a_library_that_was_moved_together_with_its_index_is_up_to_date_after_one_run(
    repository: Path, some_motions: list[str], tmp_path: Path
):
    build_index(repository, repository / ".mretrieve", jobs=1)
    moved = repository.rename(tmp_path / "elsewhere")
    assert build_index(moved, moved / ".mretrieve", jobs=1, progress=_never).new_version  # it records the new path
    assert versions(moved / ".mretrieve") == [1, 2]
    assert not build_index(moved, moved / ".mretrieve", jobs=1).new_version


def test_the_command_takes_several_folders(
    repository: Path, some_motions: list[str], second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "5 clips from 5 files" in run("index", "motions", "studio")
    assert f"folder   {second} (studio/)" in run("info")
    second.rename(tmp_path / "away")
    assert f"Warning: {second}: no such folder; its clips stay" in run("index", "motions", "studio")
    assert "3 clips from 3 files" in run("index", "motions", "--prune")


def test_the_hash_of_a_file_is_of_all_of_it(tmp_path: Path):
    content = bytes(200_000) + b"changed"
    (tmp_path / "long.bvh").write_bytes(content)
    assert content_hash(tmp_path / "long.bvh", "") == hashlib.sha256(content).hexdigest()
