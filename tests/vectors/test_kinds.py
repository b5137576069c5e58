"""A kind of vector index from outside joins by one registration: it is trained at indexing and answers queries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.generated_library import Library
from support.small_index import DIMENSION, ENCODER, SPACE, assert_holds, made_clips, store

from mretrieve import build_index, open_index
from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.records import TrainedIndexRecord
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify
from mretrieve.vectors import (
    FlatIndex,
    Ranking,
    RowFilter,
    VectorIndex,
    VectorKind,
    kinds,
    open_vectors,
    register_kind,
)


def train_toy(space: str, vectors: NDArray[np.float32], lengths: NDArray[np.int32]) -> tuple[TrainedIndexRecord, bytes]:
    """The signs of the vectors, bit by bit."""
    assert lengths.shape == (len(vectors),) and (np.diff(lengths) >= 0).all()
    return TrainedIndexRecord(space, "toy", {"bits": 1}, recall=0.5), np.packbits(vectors > 0, axis=1).tobytes()


class ToyIndex:
    """Ranks by the signs of the vectors alone."""

    kind = "toy"

    def __init__(self, snapshot: Snapshot, spaces: Sequence[str]) -> None:
        (space,) = spaces
        self.searches: list[RowFilter] = []
        self._snapshot = snapshot
        self._vectors = np.where(snapshot.vectors(space) > 0, 1.0, -1.0)
        self.stored = snapshot.trained_indexes(space, self.kind)

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex."""
        self.searches.append(rows)
        window_clip, allowed = self._snapshot.rows.window_clip, rows.allowed_clips(self._snapshot.rows.clip_count)
        found = np.arange(len(window_clip))[self._snapshot.rows.of_length(rows.length)]
        found = found if allowed is None else found[allowed[window_clip[found]]]
        products = -1 + (np.sign(queries) @ self._vectors[found].T) / queries.shape[1]
        order = np.argsort(-products, axis=1, kind="stable")[:, :k]
        return Ranking(np.take_along_axis(products, order, axis=1).astype(np.float32), found[order])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ToyIndex]]:
    """The toy kind is registered; the list has the toy indexes that were opened."""
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))
    made: list[ToyIndex] = []

    def open_toy(snapshot: Snapshot, spaces: Sequence[str]) -> VectorIndex:
        made.append(ToyIndex(snapshot, spaces))
        return made[-1]

    register_kind(VectorKind("toy", open_toy, train_toy))
    yield made


TOY = replace(ENCODER, vector_kind="toy")


def test_its_index_is_trained_with_every_shard_and_stored_in_it(opened: list[ToyIndex], tmp_path: Path):
    clips = made_clips("a", "b", "c")
    store(tmp_path / "index", clips[:2], encoders=[TOY])
    snapshot = store(tmp_path / "index", clips[2:], encoders=[TOY])
    assert_holds(snapshot, clips)
    assert [shard.indexes for shard in snapshot.shards] == 2 * [(TrainedIndexRecord(SPACE, "toy", {"bits": 1}, 0.5),)]
    index = open_vectors(snapshot, [SPACE])
    assert isinstance(index, ToyIndex)
    signs = np.unpackbits(np.concatenate(index.stored)).reshape(-1, DIMENSION)  # type: ignore[arg-type]
    assert sorted(signs.tolist()) == sorted((snapshot.vectors(SPACE) > 0).astype(int).tolist())
    assert verify(tmp_path / "index") == []


def test_a_damaged_index_of_a_kind_is_noticed(opened: list[ToyIndex], tmp_path: Path):
    store(tmp_path / "index", made_clips("a"), encoders=[TOY])
    (file,) = (tmp_path / "index").glob("shards/*/*.toy.index")
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    assert [problem.path for problem in verify(tmp_path / "index")] == [file]
    file.write_bytes(content[:-1])
    with pytest.raises(IndexStateError, match=file.name):
        Snapshot.open(tmp_path / "index").hold()


def test_a_shard_without_a_trained_index_is_said_to_have_none(opened: list[ToyIndex], tmp_path: Path):
    store(tmp_path / "index", made_clips("a"))
    snapshot = store(tmp_path / "index", made_clips("b"), encoders=[TOY])
    assert [stored is None for stored in snapshot.trained_indexes(SPACE, "toy")] == [True, False]


def test_a_mapped_index_outlives_its_file(opened: list[ToyIndex], tmp_path: Path):
    snapshot = store(tmp_path / "index", made_clips("a"), encoders=[TOY])
    snapshot.hold()
    (file,) = (tmp_path / "index").glob("shards/*/*.toy.index")
    content = file.read_bytes()
    file.unlink()
    (stored,) = snapshot.trained_indexes(SPACE, "toy")
    assert stored is not None and stored.tobytes() == content


def test_spaces_of_an_unknown_kind_or_of_several_are_searched_exactly(opened: list[ToyIndex], tmp_path: Path):
    strange = replace(ENCODER, vector_kind="strange")
    snapshot = store(tmp_path / "strange", made_clips("a"), encoders=[strange])
    assert isinstance(open_vectors(snapshot, [SPACE]), FlatIndex)
    (clip,) = made_clips("a")
    clip = replace(clip, vectors={**clip.vectors, "mine": clip.vectors[SPACE]})
    snapshot = store(tmp_path / "mixed", [clip], encoders=[TOY, replace(ENCODER, name="mine")])
    assert isinstance(open_vectors(snapshot, [SPACE, "mine"]), FlatIndex)
    assert isinstance(open_vectors(snapshot, [SPACE]), ToyIndex)


def test_a_library_is_indexed_and_queried_with_it(library: Library, opened: list[ToyIndex], tmp_path: Path):
    folder, index = tmp_path / "motions", tmp_path / "index"
    shutil.copytree(library.folder, folder)
    shutil.copytree(library.index, index)
    base = Snapshot.open(index)
    encoders = [replace(record, vector_kind="toy") for record in base.encoders]
    with WriterLock(index):
        commit(index, base, folders={"": folder}, fps=30.0, encoders=encoders, windows=base.manifest.windows)
    shutil.copy(min(folder.rglob("*_walk_*.bvh")), folder / "again.bvh")
    build_index(folder, index, jobs=1)
    snapshot = Snapshot.open(index)
    assert {record.vector_kind for record in snapshot.encoders} == {"toy"}
    assert [record.kind for record in snapshot.shards[-1].indexes] == ["toy", "toy"]
    hits = open_index(index).search(library.short_clip, k=5, scope="whole", rerank=0)
    (toy,) = opened
    assert {rows.length for rows in toy.searches} == {WHOLE}
    assert len(hits) == 5
    assert [hit.score for hit in hits] != [
        hit.score for hit in library.opened.search(library.short_clip, k=5, rerank=0)
    ]
