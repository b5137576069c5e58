"""Which index is meant where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_index import made_clips, store

from mretrieve.errors import IndexStateError
from mretrieve.storage.ownership import find_index


def test_an_index_is_found_from_inside_its_folder(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("MRETRIEVE_INDEX", raising=False)
    store(tmp_path / ".mretrieve", made_clips("a"))
    (tmp_path / "take" / "two").mkdir(parents=True)
    (tmp_path / "take" / ".mretrieve").mkdir()  # empty: no index
    monkeypatch.chdir(tmp_path / "take" / "two")
    assert find_index() == tmp_path / ".mretrieve"
    assert find_index(start=tmp_path) == tmp_path / ".mretrieve"


def test_a_named_index_comes_before_the_variable_and_the_variable_before_the_folder(tmp_path: Path, monkeypatch):
    for name in ("here/.mretrieve", "named", "variable"):
        store(tmp_path / name, made_clips("a"))
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("MRETRIEVE_INDEX", str(tmp_path / "variable"))
    assert find_index(tmp_path / "named") == tmp_path / "named"
    assert find_index() == tmp_path / "variable"
    assert find_index(tmp_path / "here") == tmp_path / "here" / ".mretrieve"


def test_where_no_index_is_found_the_command_that_makes_one_is_named(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("MRETRIEVE_INDEX", raising=False)
    with pytest.raises(IndexStateError, match=rf"{tmp_path}: no index here .* `mretrieve index DIR`"):
        find_index(start=tmp_path)
    with pytest.raises(IndexStateError, match=r"nowhere: no such folder; make one there with `mretrieve index DIR"):
        find_index(tmp_path / "nowhere")
    monkeypatch.setenv("MRETRIEVE_INDEX", str(tmp_path / "nowhere"))
    with pytest.raises(IndexStateError, match=r"named by \$MRETRIEVE_INDEX"):
        find_index()
