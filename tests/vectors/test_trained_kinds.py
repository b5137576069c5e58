"""Searches through trained indexes: exact kinds give what brute force gives, all give k rows that may answer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_index import SPACE, WINDOW_FRAMES, made_clip, store

from mretrieve.encoders.encoder import query_vectors, scaled_vectors
from mretrieve.storage.commits import WriterLock, commit
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import vector_index_file
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.rows import VectorBlock
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify
from mretrieve.vectors import (
    Entries,
    FlatIndex,
    GroupedIndex,
    RowFilter,
    TrainingSet,
    build_vector_index,
    open_vectors,
    trained_kind,
)
from mretrieve.vectors.flat import best_rows

D, CLIPS, WINDOWS = 35, 600, 6
ENCODERS = [EncoderRecord(SPACE, "x", D)]


def made_vectors(count: int, seed: int) -> np.ndarray:
    """Stored vectors (n, D) in clusters; every tenth occurs twice."""
    chance = np.random.default_rng(seed)
    centres = 2 * np.random.default_rng(0).standard_normal((40, D - 2))
    numbers = (centres[chance.integers(0, 40, count)] + chance.standard_normal((count, D - 2))).astype(np.float32)
    numbers[::10] = numbers[chance.integers(0, count, len(numbers[::10]))]
    return scaled_vectors(numbers, (numbers**2).sum(axis=1), 40.0)


def made_library(first: int, count: int) -> list:
    vectors = made_vectors(count * WINDOWS, first).reshape(count, WINDOWS, D)
    return [
        replace(made_clip(f"{first + row:05d}", windows=WINDOWS), vectors={SPACE: vectors[row]}) for row in range(count)
    ]


def build(index: Path, kind: str, shards: Mapping[str, int] | None = None) -> Snapshot:
    """A version with an index of a kind over the windows of some shards, at first all."""
    snapshot = Snapshot.open(index)
    counts = {shard: count for shard, (count, _) in snapshot.window_counts(WINDOW_FRAMES).items()}
    with WriterLock(index):
        record = build_vector_index(
            snapshot, SPACE, WINDOW_FRAMES, trained_kind(kind), shards or counts, query_vectors, 0.95
        )
        commit(
            index,
            snapshot,
            folders={"": index.parent},
            fps=30.0,
            encoders=ENCODERS,
            windows=snapshot.windows_settings,
            vector_indexes=[record],
        )
    return Snapshot.open(index)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shards without a trained index."""
    index = tmp_path_factory.mktemp("trained") / "index"
    clips = made_library(0, CLIPS)
    for shard in (clips[2::3], clips[::3], clips[1::3]):
        store(index, shard, encoders=ENCODERS)
    return index


@pytest.fixture(scope="module", params=["flat-codes", "fast-scan", "ivf-fast-scan", "ivf-flat", "hnsw", "rabitq"])
def indexed(library: Path, request: pytest.FixtureRequest) -> Path:
    """The library with an index of each kind."""
    if request.param != "flat-codes":
        pytest.importorskip("faiss")
    index = library.with_name(request.param)
    shutil.copytree(library, index)
    build(index, request.param)
    return index


@pytest.fixture
def copied(indexed: Path, tmp_path: Path) -> Path:
    shutil.copytree(indexed, tmp_path / "index")
    return tmp_path / "index"


def queries(count: int = 12) -> np.ndarray:
    return query_vectors(made_vectors(count, 999))


def check(snapshot: Snapshot, k: int = 20, clips: np.ndarray | None = None, *, exact: bool = False) -> float:
    """Compare a search with brute force; the share of its rows that were found."""
    index, rows = open_vectors(snapshot, [SPACE]), RowFilter(WINDOW_FRAMES, clips)
    assert isinstance(index, GroupedIndex)
    found, expected = index.search(queries(), k, rows), FlatIndex(snapshot, [SPACE]).search(queries(), k, rows)
    assert found.rows.shape == expected.rows.shape
    if exact or index.kind == "flat-codes":
        np.testing.assert_array_equal(found.rows, expected.rows)
        np.testing.assert_array_equal(found.products, expected.products)
    assert clips is None or clips[snapshot.rows.window_clip[found.rows]].all()
    for products, own in zip(found.products, found.rows, strict=True):
        assert len(set(own.tolist())) == len(own)
        assert list(zip(-products, own, strict=True)) == sorted(zip(-products, own, strict=True))
    return float(np.mean(found.products >= expected.products[:, -1:])) if found.rows.size else 1.0


def chosen_clips(snapshot: Snapshot, share: float) -> np.ndarray:
    count = snapshot.rows.clip_count
    clips = np.zeros(count, bool)
    clips[np.random.default_rng(3).choice(count, max(1, round(share * count)), replace=False)] = True
    return clips


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.04, 0.01, 1 / CLIPS])
def test_any_filter_gives_k_rows_and_a_narrow_one_those_of_brute_force(indexed: Path, share: float):
    snapshot = Snapshot.open(indexed)
    for k in (1, 20, 100 * CLIPS):
        assert check(snapshot, k, chosen_clips(snapshot, share), exact=share <= 0.1) > 0.8
    assert check(snapshot) > 0.9


def test_the_clips_of_a_filter_may_be_a_column_of_a_table(indexed: Path):
    """As they are if a query is searched in windows of the length nearest to its own."""
    snapshot = Snapshot.open(indexed)
    table = np.stack([chosen_clips(snapshot, share) for share in (0.5, 0.2, 0.9)], axis=1)
    for clips in table.T:
        assert check(snapshot, 20, clips) > 0.8


def test_the_record_says_how_well_it_searches(indexed: Path):
    (record,) = Snapshot.open(indexed).vector_indexes
    assert 0.95 <= record.recall_at_100 <= record.recall_at_10 <= 1
    assert record.kind != "flat-codes" or record.recall_at_100 == 1
    assert record.latency_ms > 0 and record.window_count == CLIPS * (WINDOWS - 1)


def test_the_same_shards_give_the_same_file(indexed: Path, copied: Path):
    (record,) = Snapshot.open(indexed).vector_indexes
    (again,) = build(copied, record.kind).vector_indexes
    assert (again.file, again.settings) == (record.file, record.settings)


def test_removed_clips_do_not_answer(copied: Path):
    snapshot = store(copied, remove=Snapshot.open(copied).clips["clip"].to_pylist()[::2], encoders=ENCODERS)
    assert check(snapshot) > 0.9
    gone = Snapshot.open(copied).shard_clips(0)
    snapshot = store(copied, remove=gone, encoders=ENCODERS)  # with all of its shard, which is then gone too
    assert len(snapshot.shards) == 2 and len(snapshot.vector_indexes[0].shards) == 3
    assert check(snapshot) > 0.9
    assert check(snapshot, clips=chosen_clips(snapshot, 0.3)) > 0.9


def test_new_shards_answer_before_they_are_indexed(copied: Path):
    snapshot = store(copied, made_library(5000, 50), encoders=ENCODERS)
    assert check(snapshot) > 0.9
    new = np.array([clip >= "05000" for clip in snapshot.rows.clips])
    check(snapshot, clips=new, exact=True)


def test_an_index_over_some_shards_and_rows_of_other_lengths_are_joined_with_exact_search(copied: Path):
    (record,) = Snapshot.open(copied).vector_indexes
    shard, count = next(iter(record.shards.items()))
    snapshot = build(copied, record.kind, {shard: count})
    assert check(snapshot) > 0.9
    index, flat = open_vectors(snapshot, [SPACE]), FlatIndex(snapshot, [SPACE])
    whole = (index.search(queries(), 7, RowFilter(0)), flat.search(queries(), 7, RowFilter(0)))
    np.testing.assert_array_equal(whole[0].rows, whole[1].rows)


def test_an_index_goes_with_its_shards_and_its_file_later(copied: Path):
    snapshot = Snapshot.open(copied)
    file = vector_index_file(copied, snapshot.vector_indexes[0].file.id)
    store(copied, made_library(5000, 5), remove=snapshot.clips["clip"].to_pylist(), encoders=ENCODERS)
    assert Snapshot.open(copied).vector_indexes == ()
    assert file.exists() and verify(copied) == []
    with WriterLock(copied):
        collect_garbage(copied, 1, grace_s=-10.0)
    assert not file.exists() and verify(copied) == []


def test_a_damaged_file_is_named_and_its_rows_are_searched_exactly_and_those_of_a_lost_one_too(copied: Path):
    snapshot = Snapshot.open(copied)
    file = vector_index_file(copied, snapshot.vector_indexes[0].file.id)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert [problem.path for problem in verify(copied)] == [file]
    assert open_vectors(Snapshot.open(copied), [SPACE]).kind == "flat"
    file.write_bytes(content[:-1])
    assert open_vectors(Snapshot.open(copied), [SPACE]).kind == "flat"
    file.unlink()
    held = Snapshot.open(copied)
    held.hold()
    assert open_vectors(held, [SPACE]).kind == "flat" and held.damage == {}


def test_a_held_index_outlives_its_file(copied: Path):
    snapshot = Snapshot.open(copied)
    snapshot.hold()
    vector_index_file(copied, snapshot.vector_indexes[0].file.id).unlink()
    assert check(snapshot) > 0.9


def test_without_faiss_its_kinds_are_searched_exactly(copied: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    snapshot = Snapshot.open(copied)
    (record,) = snapshot.vector_indexes
    assert open_vectors(snapshot, [SPACE]).kind == ("flat-codes" if record.kind == "flat-codes" else "flat")


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_codes_leave_out_no_row_of_the_best(data: st.DataObject):
    """Of vectors of any size, with terms that cancel, equal ones, zeros, and more queries than fit."""
    chance = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    count, numbers, k = (data.draw(st.integers(1, most)) for most in (300, 70, 40))
    size = 10.0 ** data.draw(st.sampled_from([-12, -3, 0, 4]))
    values = (size * chance.standard_normal((count, numbers)) * chance.integers(0, 3, (count, 1))).astype(np.float32)
    values[:: data.draw(st.integers(1, 9))] = values[0]
    stored = scaled_vectors(values, (values**2).sum(axis=1), data.draw(st.sampled_from([0.1, 100.0])) * size**2)
    block = VectorBlock((stored,), None, np.arange(count), (float(np.linalg.norm(stored.astype(float), axis=1).max()),))
    kind = trained_kind("flat-codes")
    made, content = kind.make(TrainingSet([block], np.zeros(0, np.int64), query_vectors))
    index = kind.open(np.frombuffer(b"".join(content), np.uint8), made)
    factor = np.float32(data.draw(st.sampled_from([1, 0, -1, 1.1])))
    asked = query_vectors(factor * stored[chance.integers(0, count, 70)])
    keep = chance.random(count) < data.draw(st.sampled_from([0.3, 1.0]))
    clips = np.where(keep, np.int32(0), np.int32(-1))
    shortlists = index.shortlist(asked, k, Entries(clips, None, int(keep.sum())))
    best = best_rows(asked, [block.subset(keep)], k).rows
    for shortlist, expected in zip(shortlists, best, strict=True):
        found = shortlist[shortlist >= 0].tolist()
        assert set(expected.tolist()) <= set(found) <= set(np.flatnonzero(keep).tolist())


def test_codes_are_compared_with_few_vectors(library: Path):
    """The terms that cancel are not coded: coded too, they would leave most rows in doubt."""
    vectors = made_vectors(5000, 1)
    block = VectorBlock((vectors,), None, np.arange(5000), (100.0,))
    kind = trained_kind("flat-codes")
    made, content = kind.make(TrainingSet([block], np.zeros(0, np.int64), query_vectors))
    index = kind.open(np.frombuffer(b"".join(content), np.uint8), made)
    found = index.shortlist(queries(), 20, Entries(np.zeros(5000, np.int32), None, 5000))
    assert found.shape[1] < 100
