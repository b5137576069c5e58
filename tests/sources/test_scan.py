"""The walk over a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mretrieve.errors import MRetrieveError
from mretrieve.sources.scan import scan


def _make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _paths(folder: Path) -> list[str]:
    return [file.path for file in scan(folder, folder / ".mretrieve").files]


def test_files_come_sorted_by_path_with_size_and_time(tmp_path: Path):
    _make(tmp_path, "b/z", "a", "b/a/q", "c")
    assert _paths(tmp_path) == ["a", "b/a/q", "b/z", "c"]
    first = scan(tmp_path, tmp_path / "i").files[0]
    assert (first.size_bytes, first.mtime_ns) == (1, (tmp_path / "a").stat().st_mtime_ns)


def test_hidden_files_and_the_index_are_left_out(tmp_path: Path):
    _make(tmp_path, "a", ".b", ".git/c", "my_index/manifests/d")
    assert [file.path for file in scan(tmp_path, tmp_path / "my_index").files] == ["a"]


def test_a_folder_that_links_reach_twice_is_walked_once_by_its_own_name(tmp_path: Path):
    _make(tmp_path, "z/real")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    assert _paths(tmp_path) == ["z/real"]


def test_links_out_of_the_folder_are_followed_once(tmp_path: Path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    _make(outside, "deep/x")
    inside.mkdir()
    for name in ("b", "a"):
        (inside / name).symlink_to(outside)
    (inside / "file").symlink_to(outside / "deep" / "x")
    assert _paths(inside) == ["a/deep/x", "file"]


def test_pipes_and_links_to_nowhere_are_no_files(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.bvh")
    (tmp_path / "broken.bvh").symlink_to(tmp_path / "gone")
    _make(tmp_path, "a")
    assert _paths(tmp_path) == ["a"]


def test_a_folder_that_vanishes_while_it_is_walked_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _make(tmp_path, "a/x", "b/y")
    listed = os.scandir

    def vanishing(path: str):  # the whole of `b` goes between being seen and being listed
        if path.endswith("b/"):
            raise FileNotFoundError(2, "No such file or directory")
        return listed(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    found = scan(tmp_path, tmp_path / "i")
    assert [file.path for file in found.files] == ["a/x"] and not found.unlisted


def test_a_folder_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _make(tmp_path, "a/x", "b/y")
    listed = os.scandir

    def forbidden(path: str):  # root, which tests may run as, is never refused
        if path.endswith("b/"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    assert scan(tmp_path, tmp_path / "i").unlisted == {"b/": "Permission denied"}


def test_what_is_no_folder_is_refused(tmp_path: Path):
    _make(tmp_path, "a.bvh")
    with pytest.raises(MRetrieveError, match="no such folder"):
        scan(tmp_path / "missing", tmp_path / "i")
    with pytest.raises(MRetrieveError, match="is a file; give the folder"):
        scan(tmp_path / "a.bvh", tmp_path / "i")
