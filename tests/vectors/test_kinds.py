"""A kind of vector index from outside joins by one registration: it is made at indexing and answers queries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from support.generated_library import Library

from mretrieve import build_index, open_index
from mretrieve.cli import main
from mretrieve.errors import QueryError
from mretrieve.indexer import compact_index
from mretrieve.indexer.compaction import ShardSize
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.records import VectorSearchSettings
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.tensors_file import pack_tensors, unpack_tensors
from mretrieve.storage.verification import verify
from mretrieve.vectors import (
    Entries,
    FlatIndex,
    RowFilter,
    TrainingSet,
    VectorKind,
    choice,
    kinds,
    open_vectors,
    register_kind,
)

searches: list[int] = []


class ToyIndex:
    """Finds the rows whose signs agree most with those of the query."""

    def __init__(self, content: NDArray[np.uint8], settings: object) -> None:
        self._signs = unpack_tensors(content)[0]["signs"]

    def shortlist(self, queries: NDArray[np.float32], k: int, entries: Entries) -> NDArray[np.int64]:
        """See TrainedIndex."""
        searches.append(k)
        agreement = np.where(entries.may_answer(), np.sign(queries) @ self._signs.T, -np.inf)
        return np.sort(np.argsort(-agreement, axis=1, kind="stable")[:, :k])


def make_toy(vectors: TrainingSet) -> tuple[dict[str, float], list[bytes | memoryview]]:
    signs = np.concatenate([np.sign(chunk) for chunk in vectors.chunks()])
    assert len(signs) == vectors.count
    return {"bits": 1}, pack_tensors({"signs": signs})


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    monkeypatch.setattr(choice, "LEAST_WINDOWS", 1)
    register_kind(VectorKind("toy", make_toy, ToyIndex))
    searches.clear()
    yield


def test_a_library_is_indexed_and_queried_with_it(library: Library, tmp_path: Path):
    folder, index = tmp_path / "motions", tmp_path / "index"
    shutil.copytree(library.folder, folder)
    shutil.copytree(library.index, index)
    before = Snapshot.open(index)
    build_index(folder, index, jobs=1, vector_index="toy", recall=0.5)
    snapshot = Snapshot.open(index)
    assert {record.kind for record in snapshot.vector_indexes if record.space == "pose-statistics"} == {"toy"}
    assert {record.kind for record in snapshot.vector_indexes if record.space == "part-statistics"} == {"flat-codes"}
    assert {record.length for record in snapshot.vector_indexes} == set(before.rows.lengths.tolist())
    assert all(record.settings["bits"] == 1 for record in snapshot.vector_indexes if record.kind == "toy")
    assert open_vectors(snapshot, ["pose-statistics"]).kind == "toy"
    assert verify(index) == []
    searches.clear()
    query = np.ones((1, snapshot.dimension("pose-statistics")), np.float32)
    open_vectors(snapshot, ["pose-statistics"]).search(query, 3, RowFilter(WHOLE))
    assert searches == [3]
    assert len(open_index(index).search(library.short_clip, k=5)) == 5
    report = build_index(folder, index, jobs=1)
    assert not report.new_version, "the settings and the vector indexes are kept"


def test_spaces_of_an_unknown_kind_or_several_together_are_searched_exactly(library: Library, tmp_path: Path):
    shutil.copytree(library.index, tmp_path / "index")
    build_index(library.folder, tmp_path / "index", jobs=1, vector_index="toy", recall=0.5)
    snapshot = Snapshot.open(tmp_path / "index")
    assert isinstance(open_vectors(snapshot, ["pose-statistics", "part-statistics"]), FlatIndex)
    del kinds._KINDS["toy"]
    with pytest.raises(
        QueryError, match="no kind of vector index is called toy, only flat, flat-codes, fast-scan, ivf"
    ):
        build_index(library.folder, tmp_path / "index", jobs=1, vector_index="toy")
    assert isinstance(open_vectors(Snapshot.open(tmp_path / "index"), ["pose-statistics"]), FlatIndex)


def test_compaction_makes_the_vector_indexes_of_the_merged_shards(library: Library, tmp_path: Path):
    folder, index = tmp_path / "motions", tmp_path / "index"
    shutil.copytree(library.folder, folder)
    build_index(
        folder, index, encoder="pose-statistics", jobs=1, vector_index="toy", recall=0.5, shard_size=ShardSize(4)
    )
    before = Snapshot.open(index)
    compact_index(index)
    after = Snapshot.open(index)
    assert len(after.shards) < len(before.shards)
    names = {record.id for record in after.shards}
    assert {record.length for record in after.vector_indexes} == {record.length for record in before.vector_indexes}
    assert all(set(record.shards) <= names for record in after.vector_indexes)
    assert verify(index) == []


def test_an_exact_kind_changes_no_answer(library: Library, tmp_path: Path):
    shutil.copytree(library.index, tmp_path / "index")
    build_index(library.folder, tmp_path / "index", jobs=1, vector_index="flat-codes")
    opened = open_index(tmp_path / "index")
    assert open_vectors(Snapshot.open(tmp_path / "index"), ["pose-statistics"]).kind == "flat-codes"
    for options in ({}, {"scope": "whole"}, {"scope": "moments"}):
        found, expected = (each.search(library.short_clip, k=10, **options) for each in (opened, library.opened))
        assert [(hit.clip, hit.score) for hit in found] == [(hit.clip, hit.score) for hit in expected]
    assert WHOLE in {record.length for record in Snapshot.open(tmp_path / "index").vector_indexes}


def test_every_setting_can_be_reset(library: Library, tmp_path: Path):
    shutil.copytree(library.index, tmp_path / "index")

    def run(*options: str) -> VectorSearchSettings:
        words = ["index", str(library.folder), "--index", str(tmp_path / "index"), "--jobs", "1", *options]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        return Snapshot.open(tmp_path / "index").manifest.vector_search

    chosen = VectorSearchSettings("flat-codes", 0.5, 500 << 20)
    assert run("--memory", "500M", "--recall", "0.5", "--vector-index", "flat-codes") == chosen
    assert run() == chosen
    assert run("--memory", "none") == VectorSearchSettings("flat-codes", 0.5)
    assert run("--memory", "1G", "--recall", "1", "--vector-index", "auto").memory_bytes == 1 << 30
    assert run("--memory", "0") == VectorSearchSettings()
    assert Snapshot.open(tmp_path / "index").vector_indexes == ()
