"""The search is exact: for any filter, any k, any number of queries, any way the rows are stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.small_index import (
    ENCODER,
    SPACE,
    WINDOW_FRAMES,
    expected_search,
    made_clip,
    row_mask,
    search,
    store,
)

from mretrieve.errors import IndexStateError
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.rows import VectorBlock
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter, flat

CLIPS, ROWS, D = 1000, 3000, 196


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Three shards with clips of two windows of 196 numbers; every third row occurs several times."""
    index = tmp_path_factory.mktemp("large") / "index"
    chance = np.random.default_rng(5)
    vectors = chance.standard_normal((ROWS, D)).astype(np.float32)
    vectors[::3] = vectors[chance.integers(0, 40, len(vectors[::3]))]
    vectors = vectors.reshape(3, CLIPS, D)
    clips = [replace(made_clip(f"{row:05d}"), vectors={SPACE: vectors[:, row]}) for row in range(CLIPS)]
    for shard in (clips[2::3], clips[::3], clips[1::3]):  # rows of a reader alternate between the shards
        store(index, shard, encoders=[EncoderRecord(SPACE, "x", D)])
    return Snapshot.open(index)


def _check(snapshot: Snapshot, queries, k: int, clips, length: int = WINDOW_FRAMES) -> None:
    products, rows = search(snapshot, queries, k, clips, length=length)
    allowed = row_mask(snapshot.rows, [RowFilter(length, clips)])
    expected_products, expected_rows = expected_search(snapshot.vectors(SPACE), queries, k, allowed)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(products, expected_products)


def _use(first_pass: str, monkeypatch) -> None:
    monkeypatch.setattr(flat, "MATRIX_FROM_QUERIES", 1 if first_pass == "matrix" else 1 << 60)


@pytest.mark.parametrize("first_pass", ["kernel", "matrix"])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1, 0.01, 1 / CLIPS])
def test_search_equals_brute_force_at_any_selectivity(large, share: float, first_pass: str, monkeypatch):
    _use(first_pass, monkeypatch)
    chance = np.random.default_rng(round(1 / share))
    clips = np.zeros(CLIPS, bool)
    clips[chance.choice(CLIPS, max(1, round(share * CLIPS)), replace=False)] = True
    queries = np.concatenate([chance.standard_normal((2, D)).astype(np.float32), large.vectors(SPACE)[:2]])
    for length in (WHOLE, WINDOW_FRAMES):
        for k in (1, 10, ROWS + 7):
            _check(large, queries, k, clips, length)


def test_without_a_set_of_clips_all_answer(large):
    _check(large, large.vectors(SPACE)[100:102], 25, None)


def test_excluded_clips_do_not_answer(large):
    queries = large.vectors(SPACE, WINDOW_FRAMES)[:1]
    ranking = FlatIndex(large, [SPACE]).search(queries, ROWS, RowFilter(WINDOW_FRAMES, excluded=(0, 7)))
    assert set(large.rows.window_clip[ranking.rows[0]]) == {*range(CLIPS)} - {0, 7}


def test_a_filter_that_lets_nothing_pass_gives_nothing(large):
    queries = np.ones((3, D), np.float32)
    for length, clips in ((WINDOW_FRAMES, np.zeros(CLIPS, bool)), (WINDOW_FRAMES + 1, None)):
        products, rows = search(large, queries, 5, clips, length=length)
        assert products.shape == rows.shape == (3, 0)


def test_a_filter_for_another_number_of_clips_is_refused(large):
    with pytest.raises(ValueError, match=r"the filter has \(7,\) clips, the index 1000"):
        search(large, np.ones((1, D), np.float32), 5, np.ones(7, bool))


def test_equal_vectors_tie_exactly_and_come_by_row(large):
    vectors = large.vectors(SPACE)
    twins = np.flatnonzero((vectors == vectors[0]).all(axis=1))
    same = twins[twins >= CLIPS]
    assert len(same) > 5
    products, rows = search(large, vectors[:1], len(same))
    np.testing.assert_array_equal(rows[0], same)
    assert len(set(products[0].tolist())) == 1


def test_a_query_has_the_same_answer_alone_and_among_many(large):
    queries = np.random.default_rng(1).standard_normal((70, D)).astype(np.float32)
    together = search(large, queries, 12)
    alone = [search(large, queries[[number]], 12) for number in range(len(queries))]
    np.testing.assert_array_equal(together[0], np.concatenate([products for products, _ in alone]))
    np.testing.assert_array_equal(together[1], np.concatenate([rows for _, rows in alone]))


def test_many_queries_are_answered_in_pieces_that_fit_in_memory(large, monkeypatch):
    queries = large.vectors(SPACE)[:9]
    whole = search(large, queries, 4)
    monkeypatch.setattr(flat, "_CHUNK_PRODUCTS", 2 * ROWS)
    monkeypatch.setattr(flat, "_CHUNK_ROWS", 100)
    np.testing.assert_array_equal(search(large, queries, 4)[1], whole[1])


@pytest.mark.parametrize("first_pass", ["kernel", "matrix"])
def test_rows_that_differ_by_less_than_float32_sums_can_tell_are_ranked_right(first_pass: str, monkeypatch):
    """Large terms that cancel: their sum in float32 is wrong by more than the rows differ."""
    _use(first_pass, monkeypatch)
    chance = np.random.default_rng(0)
    large = 30000 * chance.standard_normal((500, D // 2)).astype(np.float32)
    vectors = np.concatenate([large, -large[:, ::-1]], axis=1)
    vectors[:, 0] += chance.random(500, np.float32)
    norms = (float(np.linalg.norm(vectors.astype(float), axis=1).max()),)
    block = VectorBlock((vectors,), None, np.arange(500), norms)
    queries = np.ones((1, D), np.float32)
    rough = vectors.sum(axis=1)
    expected_products, expected_rows = expected_search(vectors, queries, 10, np.ones(500, bool))
    assert set(np.argsort(-rough)[:10]) != set(expected_rows[0]), "too easy"
    ranking = flat.best_rows(queries, [block], 10)
    products, rows = ranking.products, ranking.rows
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(products, expected_products)


@given(data=st.data())
def test_blocks_of_any_shape_are_ranked_as_one_sorted_list(data: st.DataObject):
    chance = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    blocks, names, used = [], chance.permutation(400), 0
    for size in data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=5)):
        vectors = chance.integers(-1, 2, (size, 5)).astype(np.float32)
        chosen = (
            np.flatnonzero(chance.random(size) < data.draw(st.sampled_from([0.05, 0.3, 0.9]))) if size % 2 else None
        )
        count = size if chosen is None else len(chosen)
        rows = np.sort(names[used : used + count]).astype(np.int64)
        used += count
        blocks.append(VectorBlock((vectors,), chosen, rows, (float(np.sqrt(5)),)))
    queries = chance.integers(-1, 2, (data.draw(st.integers(1, 6)), 5)).astype(np.float32)
    k = data.draw(st.integers(1, 80))
    ranking = flat.best_rows(queries, blocks, k)
    pairs = [
        (block.rows[place], block.vectors[0][place if block.chosen is None else block.chosen[place]])
        for block in blocks
        for place in range(len(block.rows))
    ]
    for query, found_products, found_rows in zip(queries, ranking.products, ranking.rows, strict=True):
        expected = sorted((-float(vector @ query), int(row)) for row, vector in pairs)[:k]
        assert [
            (-float(product), int(row)) for product, row in zip(found_products, found_rows, strict=True)
        ] == expected


def test_damaged_vectors_are_refused_not_ranked(tmp_path: Path):
    index = tmp_path / "index"
    store(index, [made_clip("a")])
    (file,) = index.glob(f"shards/*/{SPACE}.npy")
    mapped = np.lib.format.open_memmap(file, mode="r+")
    mapped[0] = np.nan
    mapped.flush()
    with pytest.raises(
        IndexStateError, match=rf"{SPACE}\.npy: is damaged \(block 0, from byte 0: not what was written"
    ):
        search(Snapshot.open(index), np.ones((1, ENCODER.dimension), np.float32), 1, length=WHOLE)
