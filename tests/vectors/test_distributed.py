"""Search in parts that other processes hold: what one process finds, whichever of them die, or the ranking says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parts_here import PartsHere
from support.small_index import ENCODER, SPACE, WINDOW_FRAMES, made_clip, store

from mretrieve.storage.commits import WriterLock, amend
from mretrieve.storage.layout import WHOLE, shard_folder, vectors_file
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import Ranking, RowFilter, build_vector_index, distributed, open_vectors, trained_kind
from mretrieve.vectors.parts import split

OTHER = EncoderRecord("mine", "f", 3, weight=0.5)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Five shards of two spaces, of which two have a vector index of some windows; some clips were removed."""
    index, chance = tmp_path_factory.mktemp("distributed") / "index", np.random.default_rng(0)
    for shard in range(5):
        clips = [made_clip(f"{row:03d}", windows=6) for row in range(shard, 60 + 7 * shard, 5)]
        others = [chance.integers(-2, 3, (6, OTHER.dimension)).astype(np.float32) for _ in clips]
        clips = [
            replace(clip, vectors={**clip.vectors, OTHER.name: other})
            for clip, other in zip(clips, others, strict=True)
        ]
        store(index, clips, remove=[] if shard < 4 else ["000", "007", "021"], encoders=[ENCODER, OTHER])
    opened = Snapshot.open(index)
    counts = {shard: count for shard, (count, _) in list(opened.window_counts(WINDOW_FRAMES).items())[1:3]}
    with WriterLock(index):
        record = build_vector_index(
            opened, SPACE, WINDOW_FRAMES, trained_kind("flat-codes"), counts, lambda vectors: vectors, 1.0
        )
        amend(opened, vector_indexes=[record])
    return Snapshot.open(index)


def queries(dimension: int, count: int = 2) -> np.ndarray:
    return np.random.default_rng(1).integers(-2, 3, (count, dimension)).astype(np.float32)


def assert_equal(found: Ranking, expected: Ranking) -> None:
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.products, expected.products)


@pytest.mark.parametrize("parts", [1, 2, 4, 100])
@pytest.mark.parametrize("spaces", [[SPACE], [OTHER.name], [SPACE, OTHER.name]])
@pytest.mark.parametrize("length", [WHOLE, WINDOW_FRAMES])
@pytest.mark.parametrize("share", [None, 0.0, 0.02, 0.5, 1.0])
def test_rows_order_and_products_are_those_of_one_process(
    snapshot: Snapshot, parts: int, spaces: list[str], length: int, share: float | None
):
    chance, count = np.random.default_rng(2), snapshot.rows.clip_count
    rows = RowFilter(length, None if share is None else chance.random(count) < share, excluded=(0, 5))
    asked = queries(snapshot.dimension(spaces))
    index = PartsHere(snapshot, parts=parts).open_vectors(snapshot, spaces)
    for k in (1, 9, 10_000):
        found = index.search(asked, k, rows)
        assert not found.missing
        assert_equal(found, open_vectors(snapshot, spaces).search(asked, k, rows))


@given(st.data())
def test_if_processes_die_the_others_answer_and_what_is_missing_is_said(snapshot: Snapshot, data: st.DataObject):
    here = PartsHere(snapshot, parts=4)
    index, whole = here.open_vectors(snapshot, [SPACE]), open_vectors(snapshot, [SPACE])
    asked, rows = queries(snapshot.dimension(SPACE)), RowFilter(WINDOW_FRAMES)
    everything = whole.search(asked, 10_000, rows)
    for _ in range(3):
        alive = []
        for part, workers in zip(here.parts, here.workers, strict=True):
            for worker in workers:
                worker.dead = data.draw(st.booleans())
            alive += [part] if not all(worker.dead for worker in workers) else []
        searched = {shard for part in alive for shard in part.answered(snapshot, [SPACE], WINDOW_FRAMES)}
        found = index.search(asked, 10_000, rows)
        assert found.missing == {record.id for record in snapshot.shards} - searched
        numbers = [number for number, record in enumerate(snapshot.shards) if record.id in searched]
        keep = np.isin(snapshot.rows.clip_shard[snapshot.rows.window_clip[everything.rows]], numbers)
        for number, own in enumerate(keep):
            np.testing.assert_array_equal(found.rows[number], everything.rows[number, own])
            np.testing.assert_array_equal(found.products[number], everything.products[number, own])


def test_one_that_was_lost_is_not_asked_again_before_it_is_back(snapshot: Snapshot):
    here = PartsHere(snapshot, parts=1)
    index = here.open_vectors(snapshot, [SPACE])
    lost, other = here.workers[0]
    lost.dead = True

    def search_four_times() -> int:
        before = lost.asked
        for _ in range(4):
            assert not index.search(queries(ENCODER.dimension), 3, RowFilter(WHOLE)).missing
        return lost.asked - before

    assert search_four_times() == 1 and other.asked == 4
    lost.dead = False
    search_four_times()  # in which it is found to be back
    assert search_four_times() == 2


def test_if_one_is_silent_another_is_asked_and_if_all_are_the_part_is_missing(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(distributed, "PATIENCE_S", 0.05)
    here = PartsHere(snapshot, parts=2)
    index, rows = here.open_vectors(snapshot, [SPACE]), RowFilter(WHOLE)
    asked = queries(ENCODER.dimension)
    here.workers[0][0].silent = True
    assert_equal(index.search(asked, 9, rows), open_vectors(snapshot, [SPACE]).search(asked, 9, rows))
    assert here.workers[0][1].asked == 1
    monkeypatch.setattr(distributed, "LIMIT_S", 0.05)
    here.workers[0][1].silent = True
    assert index.search(asked, 9, rows).missing == here.parts[0].answered(snapshot, [SPACE], WHOLE)


def test_a_shard_that_a_worker_finds_damaged_is_missing_and_the_others_answer(tmp_path: Path):
    index = tmp_path / "index"
    store(index, [made_clip(f"{row}") for row in range(4)])
    snapshot = store(index, [made_clip(f"{row}") for row in range(4, 8)])
    damaged = snapshot.shards[0].id
    path = shard_folder(index, damaged) / vectors_file(SPACE)
    path.write_bytes(path.read_bytes()[:-4] + b"\0\0\0\1")
    rows = RowFilter(WINDOW_FRAMES)
    ranking = PartsHere(snapshot, parts=1).open_vectors(snapshot, [SPACE]).search(queries(ENCODER.dimension), 100, rows)
    assert ranking.missing == {damaged} and set(snapshot.damage) == {damaged}
    assert set(snapshot.rows.window_clip[ranking.rows[0]].tolist()) == {4, 5, 6, 7}


def test_every_shard_and_vector_index_is_in_one_part_and_parts_have_about_equally_many_windows(snapshot: Snapshot):
    parts = split(snapshot, 3)
    assert sorted(shard for part in parts for shard in part.shards) == sorted(record.id for record in snapshot.shards)
    assert [index for part in parts for index in part.indexes] == [r.file.id for r in snapshot.vector_indexes]
    windows = {record.id: record.window_count for record in snapshot.shards}
    windows |= {record.file.id: record.window_count for record in snapshot.vector_indexes}
    sizes = [sum(windows[unit] for unit in (*part.shards, *part.indexes)) for part in parts]
    assert max(sizes) - min(sizes) <= max(windows.values())
