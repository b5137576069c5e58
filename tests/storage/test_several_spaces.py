"""An index of several spaces: searched one by one or together, exactly, and read back as it was stored."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.small_index import (
    ENCODER,
    SPACE,
    WINDOW_FRAMES,
    by_length,
    expected_search,
    made_clip,
    row_mask,
    search,
    store,
)

from mretrieve.errors import IndexStateError
from mretrieve.storage.records import EncoderRecord
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter, flat

OTHER = EncoderRecord("mine", "f", 5, weight=0.5)
ROWS = 600


def _clips() -> list[ShardClip]:
    """Twenty clips of 30 windows; small whole numbers in the one space, large terms that cancel in the other."""
    chance = np.random.default_rng(3)
    large = (3000 * chance.standard_normal((ROWS, OTHER.dimension))).astype(np.float32)
    large[::4] = large[0]
    clips = []
    for row in range(0, ROWS, 30):
        clip = made_clip(f"{row:04d}", windows=30)
        clips.append(replace(clip, vectors={**clip.vectors, OTHER.name: large[row : row + 30]}))
    return clips


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """An index of two spaces in three shards."""
    index, clips = tmp_path_factory.mktemp("fused") / "index", _clips()
    for shard in (clips[2::3], clips[::3], clips[1::3]):
        store(index, shard, encoders=[ENCODER, OTHER])
    return Snapshot.open(index)


def _side_by_side(names: list[str]) -> NDArray[np.float32]:
    return by_length([np.concatenate([clip.vectors[name] for name in names], axis=1) for clip in _clips()], _clips())


@pytest.mark.parametrize("first_pass", ["kernel", "matrix"])
@pytest.mark.parametrize("names", [[SPACE, "mine"], ["mine", SPACE], ["mine"]])
def test_spaces_are_searched_together_as_one_whose_vectors_lie_side_by_side(
    fused: Snapshot, names: list[str], first_pass: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(flat, "MATRIX_FROM_QUERIES", 1 if first_pass == "matrix" else 1 << 60)
    vectors = _side_by_side(names)
    np.testing.assert_array_equal(fused.vectors(names), vectors)
    chance = np.random.default_rng(7)
    queries = np.concatenate([chance.integers(-2, 3, (3, vectors.shape[1])).astype(np.float32), vectors[:2]])
    for share in (1.0, 0.5, 0.05):
        clips = chance.random(fused.rows.clip_count) < share
        allowed = row_mask(fused.rows, [RowFilter(WINDOW_FRAMES, clips)])
        for k in (1, 25, ROWS):
            products, rows = search(fused, queries, k, clips, spaces=names)
            expected_products, expected_rows = expected_search(vectors, queries, k, allowed)
            np.testing.assert_array_equal(rows, expected_rows)
            np.testing.assert_array_equal(products, expected_products)


def test_one_space_of_several_answers_as_it_does_alone(fused: Snapshot, tmp_path: Path):
    alone = store(tmp_path / "index", [replace(clip, vectors={SPACE: clip.vectors[SPACE]}) for clip in _clips()])
    queries = alone.vectors(SPACE)[:5]
    for found, expected in zip(search(fused, queries, 40), search(alone, queries, 40), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_rows_that_are_equal_in_every_space_tie_by_row(tmp_path: Path):
    clip = made_clip("a", windows=3)
    twins = [replace(clip, clip=name, path=name, vectors={**clip.vectors, "mine": np.full((3, 5), 0.1, np.float32)})
             for name in ("c", "a", "b")]  # fmt: skip
    for twin in twins:
        store(tmp_path / "index", [twin], encoders=[ENCODER, OTHER])
    snapshot = Snapshot.open(tmp_path / "index")
    names = [SPACE, "mine"]
    vectors = snapshot.vectors(names)
    rows = search(snapshot, vectors[3:4], 6, spaces=names)[1]
    same = 3 + np.flatnonzero((vectors[3:] == vectors[3]).all(axis=1))
    assert len(same) >= 3
    assert [row for row in rows[0].tolist() if row in same] == same.tolist()


@pytest.mark.parametrize("names", [[], [SPACE, SPACE]])
def test_a_search_names_each_space_once(fused: Snapshot, names: list[str]):
    with pytest.raises(ValueError, match="each once"):
        FlatIndex(fused, names)


def test_a_space_that_is_not_there_is_named(fused: Snapshot):
    with pytest.raises(IndexStateError, match="no vectors of deephums, only of pose-statistics, mine"):
        FlatIndex(fused, [SPACE, "deephums"])


def test_a_clip_is_read_back_as_it_was_stored(fused: Snapshot):
    for row, clip in enumerate(_clips()):
        stored = fused.stored(row)
        for field in fields(ShardClip):
            if field.name != "vectors":
                np.testing.assert_array_equal(getattr(stored, field.name), getattr(clip, field.name))
        assert set(stored.vectors) == {SPACE, "mine"}
        for space, vectors in clip.vectors.items():
            np.testing.assert_array_equal(stored.vectors[space], vectors)


def test_every_shard_of_a_version_has_all_its_spaces(tmp_path: Path):
    store(tmp_path / "index", [made_clip("a")])
    with pytest.raises(ValueError, match="has spaces"):
        store(tmp_path / "index", encoders=[ENCODER, OTHER])


def test_an_opened_index_keeps_the_weights_that_it_holds(tmp_path: Path):
    snapshot = store(tmp_path / "index", [made_clip("a")], weights={SPACE: b"weights"})
    snapshot.hold()
    (file,) = (tmp_path / "index" / "encoders").iterdir()
    file.unlink()
    assert snapshot.weights(snapshot.encoders[0]) == b"weights"
