"""Files that are replaced as a whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mretrieve.atomic_file import atomic_write


def _write(path: Path, text: str) -> Path:
    with atomic_write(path) as temporary:
        temporary.write_text(text)
    return temporary


def test_the_file_has_the_old_content_or_the_new(tmp_path: Path):
    path = tmp_path / "a.bvh"
    path.write_text("old")
    with pytest.raises(KeyError), atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        raise KeyError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    _write(path, "new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_temporary_names_cannot_be_foreseen(tmp_path: Path):
    assert len({_write(tmp_path / "a", "") for _ in range(20)}) == 20


@pytest.mark.skipif(os.name == "nt", reason="links and permissions of POSIX")
def test_a_link_is_replaced_and_never_written_through(tmp_path: Path):
    other, link = tmp_path / "other", tmp_path / "link"
    other.write_text("of somebody else")
    link.symlink_to(other)
    _write(link, "new")
    assert other.read_text() == "of somebody else" and link.read_text() == "new" and not link.is_symlink()


@pytest.mark.skipif(os.name == "nt", reason="links and permissions of POSIX")
def test_permissions_follow_the_mask_of_the_process(tmp_path: Path):
    before = os.umask(0o027)
    try:
        _write(tmp_path / "a", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
