"""A search on devices answers as `FlatIndex`, to the last bit; here the devices are those of torch on the CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.small_index import SPACE, WINDOW_FRAMES, made_clip, made_clips, store

from mretrieve.errors import IndexStateError, MRetrieveError
from mretrieve.storage.layout import WHOLE
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, Ranking, RowFilter, open_vectors

torch = pytest.importorskip("torch", reason="NO TORCH: search on devices is not tested")
CPU = torch.device("cpu")
CLIPS, D, OTHER = 300, 196, "other"
SPACES = [EncoderRecord(SPACE, "x", D), EncoderRecord(OTHER, "y", 70)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Three shards of clips with two windows in two spaces, some removed; every third window occurs several times."""
    index = tmp_path_factory.mktemp("devices") / "index"
    chance = np.random.default_rng(5)
    vectors = chance.standard_normal((3 * CLIPS, D)).astype(np.float32)
    vectors[::3] = vectors[chance.integers(0, 40, CLIPS)]
    other = chance.standard_normal((3 * CLIPS, 70)).astype(np.float32)
    clips = [
        replace(made_clip(f"{row:05d}"), vectors={SPACE: vectors[row::CLIPS], OTHER: other[row::CLIPS]})
        for row in range(CLIPS)
    ]
    for shard in (clips[2::3], clips[::3], clips[1::3]):  # rows of a reader alternate between the shards
        store(index, shard, encoders=SPACES)
    return store(index, remove=["00007", "00011"], encoders=SPACES)


def _check(snapshot: Snapshot, spaces: list[str], queries, k: int, rows: RowFilter, devices=(CPU,)) -> Ranking:
    found = open_vectors(snapshot, spaces, devices).search(queries, k, rows)
    expected = FlatIndex(snapshot, spaces).search(queries, k, rows)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.products.view(np.int32), expected.products.view(np.int32))
    return found


@pytest.mark.parametrize("devices", [1, 3])
@pytest.mark.parametrize("spaces", [[SPACE], [OTHER, SPACE]])
@pytest.mark.parametrize("share", [None, 1.0, 0.5, 1 / CLIPS, 0.0])
def test_rows_order_and_products_are_those_of_the_exact_search(snapshot, spaces, devices: int, share: float | None):
    chance = np.random.default_rng(3)
    count = len(snapshot.clips)
    clips = None if share is None else chance.permutation(count) < round(share * count)
    queries = chance.standard_normal((3, snapshot.dimension(spaces))).astype(np.float32)
    queries[0] = snapshot.vectors(spaces)[0]
    for length in (WHOLE, WINDOW_FRAMES, WINDOW_FRAMES + 1):
        for k in (1, 20, 2 * CLIPS):
            _check(snapshot, spaces, queries, k, RowFilter(length, clips, excluded=(0, 5)), [CPU] * devices)


def test_equal_vectors_tie_and_more_of_them_than_a_first_pass_keeps_come_by_row(tmp_path: Path):
    clips = [replace(clip, vectors={SPACE: np.ones((3, 8), np.float32)}) for clip in made_clips(*map(str, range(90)))]
    ranking = _check(store(tmp_path / "i", clips), [SPACE], np.ones((1, 8), np.float32), 10, RowFilter(WINDOW_FRAMES))
    assert (np.diff(ranking.rows[0]) == 1).all()


def test_rows_that_differ_by_less_than_float32_sums_can_tell_are_ranked_right(tmp_path: Path):
    """Large terms that cancel: their sum in float32 is wrong by more than the rows differ."""
    chance = np.random.default_rng(0)
    large = 30000 * chance.standard_normal((600, D // 2)).astype(np.float32)
    vectors = np.concatenate([large, -large[:, ::-1]], axis=1)
    vectors[:, 0] += chance.random(600, np.float32)
    clips = [
        replace(clip, vectors={SPACE: vectors[row::200]}) for row, clip in enumerate(made_clips(*map(str, range(200))))
    ]
    _check(
        store(tmp_path / "i", clips, encoders=SPACES[:1]),
        [SPACE],
        np.ones((2, D), np.float32),
        10,
        RowFilter(WINDOW_FRAMES),
    )


def test_vectors_are_copied_to_the_device_once(snapshot, monkeypatch: pytest.MonkeyPatch):
    index = open_vectors(snapshot, [SPACE], [CPU])
    queries = snapshot.vectors(SPACE)[:1]
    first = index.search(queries, 5, RowFilter(WHOLE))
    monkeypatch.setattr("mretrieve.vectors.on_device._uploaded", lambda *_: pytest.fail("copied again"))
    np.testing.assert_array_equal(index.search(queries, 5, RowFilter(WHOLE)).rows, first.rows)


def test_products_too_large_for_float32_are_computed_as_without_a_device(tmp_path: Path):
    clips = made_clips("a", "b", "c")
    clips[1] = replace(clips[1], vectors={SPACE: np.full((3, 8), 1e19, np.float32)})
    queries = np.full((1, 8), 1e18, np.float32)
    _check(store(tmp_path / "i", clips), [SPACE], queries, 4, RowFilter(WINDOW_FRAMES))


@pytest.mark.parametrize("queries", [np.full((1, D), np.nan, np.float32), np.ones((1, 3), np.float32)])
def test_queries_that_do_not_fit_are_refused(snapshot, queries):
    with pytest.raises(ValueError, match=r"needed: \(.*196\)"):
        open_vectors(snapshot, [SPACE], [CPU]).search(queries, 5, RowFilter(WHOLE))


def test_damaged_vectors_are_refused(tmp_path: Path):
    store(tmp_path / "i", made_clips("a"))
    (file,) = (tmp_path / "i").glob(f"shards/*/{SPACE}.npy")
    mapped = np.lib.format.open_memmap(file, mode="r+")
    mapped[0] = np.nan
    mapped.flush()
    index = open_vectors(Snapshot.open(tmp_path / "i"), [SPACE], [CPU])
    with pytest.raises(IndexStateError, match=r"is damaged \(block 0, from byte 0"):
        index.search(np.ones((1, 8), np.float32), 1, RowFilter(WHOLE))


def test_a_device_without_room_is_named(snapshot, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("mretrieve.vectors.on_device._uploaded", full)
    with pytest.raises(MRetrieveError, match=r"^cpu: has no room for 0\.0 GB of vectors of pose-statistics; leave"):
        open_vectors(snapshot, [SPACE], [CPU]).search(np.ones((1, D), np.float32), 5, RowFilter(WHOLE))
