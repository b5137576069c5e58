"""`mretrieve doctor`: how an index is searched, and what to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.generated_library import Library

from mretrieve.cli import main
from mretrieve.indexer import build_index, check_up, compact_index, remove_clips
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import TrainingSet, VectorKind, choice, kinds, register_kind, trained_kind


@pytest.fixture
def indexed(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of its own, in which even few windows have a vector index."""
    monkeypatch.setattr(choice, "LEAST_WINDOWS", 1)
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    shutil.copytree(library.index, tmp_path / "index")
    shutil.copytree(library.folder, tmp_path / "motions")
    return tmp_path / "index"


def doctor(index: Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["doctor", "--index", str(index)])
    return result.exit_code, result.stdout


def test_a_healthy_index_needs_nothing(indexed: Path):
    assert doctor(indexed) == (0, "OK: nothing to change.\n")
    build_index(indexed.with_name("motions"), indexed, jobs=1, vector_index="flat-codes")
    status, text = doctor(indexed)
    assert status == 0 and "flat-codes, recall 1.000 of 10, 1.000 of 100" in text


def test_a_search_that_misses_windows_is_reported(indexed: Path):
    class Last:
        """Finds the last rows only."""

        def __init__(self, *_: object) -> None: ...

        def shortlist(self, queries, k, entries):
            return np.tile(entries.may_answer().nonzero()[0][-k:], (len(queries), 1))

    def make(vectors: TrainingSet) -> tuple[dict[str, float], list[bytes | memoryview]]:
        return {}, trained_kind("flat-codes").make(vectors)[1]

    register_kind(VectorKind("last", make, Last))
    build_index(indexed.with_name("motions"), indexed, jobs=1, vector_index="last", recall=0.95)
    status, text = doctor(indexed)
    assert status == 1 and "of the 100 nearest windows, not 0.95; search exactly: `mretrieve index" in text
    del kinds._KINDS["last"]
    assert any("last needs faiss" in line for line in check_up(indexed).advice)


def test_a_shard_without_most_of_its_clips_is_to_be_merged(indexed: Path):
    clips = Snapshot.open(indexed).clips["clip"].to_pylist()
    remove_clips(indexed, clips[: len(clips) // 2 + 1])
    (advice,) = check_up(indexed).advice
    assert "1 lost more than half of their clips; merge them: `mretrieve compact`" in advice
    compact_index(indexed)
    assert check_up(indexed).advice == ()


def test_a_file_of_another_size_is_an_error(indexed: Path):
    file = next((indexed / "shards").glob("*/*.h5"))
    file.write_bytes(file.read_bytes() + b"x")
    assert doctor(indexed) == (2, "")
