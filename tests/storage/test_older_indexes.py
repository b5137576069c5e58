"""Indexes of mretrieve 0.1.0 hold what they held, and are written on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.older_index import write_older_index
from support.small_index import ENCODER, SPACE, assert_holds, made_clip, made_clips, made_labels, store

from mretrieve.errors import IndexStateError
from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.records import WindowSettings
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

SHARDS = (made_clips("m", "c", "x"), made_clips("z", "a.bvh"))
LEFT = [clip for shard in SHARDS for clip in shard if clip.clip != "x"]


@pytest.fixture(params=[1, 3])
def index(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """An index in layout 1 or 3."""
    index, labels = tmp_path / "library" / "index", made_labels(a_bvh="walk")
    (tmp_path / "library").mkdir()
    shards = {"encoders": [ENCODER], "labels": labels, "removed": ["x"], "schema": request.param}
    write_older_index(index, SHARDS, repository=tmp_path / "library", **shards)  # type: ignore[arg-type]
    return index


def test_it_holds_what_was_written(index: Path):
    snapshot = Snapshot.open(index)
    assert_holds(snapshot, LEFT, {"a.bvh": "walk"})
    assert snapshot.encoders == (ENCODER,)
    assert snapshot.manifest.windows == WindowSettings((0.2,), 0.5)
    assert snapshot.manifest.fps == 30.0
    assert snapshot.folders == {"": index.parent}
    assert verify(index) == []


def test_its_clips_are_read_back_with_their_vectors(index: Path):
    snapshot = Snapshot.open(index)
    for row, clip in enumerate(sorted(LEFT, key=lambda clip: clip.clip)):
        stored = snapshot.stored(row)
        np.testing.assert_array_equal(stored.windows, clip.windows)
        np.testing.assert_array_equal(stored.vectors[SPACE], clip.vectors[SPACE])


def test_new_shards_are_added_to_it(index: Path):
    added = made_clips("b", "n", "y")
    assert_holds(store(index, added), [*LEFT, *added], {"a.bvh": "walk"})
    replaced = made_clip("c", seed=1)
    kept = [clip for clip in LEFT if clip.clip != "c"]
    assert_holds(store(index, [replaced], remove=["c"]), [*kept, *added, replaced], {"a.bvh": "walk"})
    assert_holds(Snapshot.open(index, 1), LEFT, {"a.bvh": "walk"})
    with WriterLock(index):
        collect_garbage(index, 1, grace_s=-10.0)
    assert verify(index) == []
    assert_holds(Snapshot.open(index), [*kept, *added, replaced], {"a.bvh": "walk"})


@pytest.mark.parametrize("name", [f"{SPACE}.npy", "motions.h5"])
def test_damage_is_found_without_sums_of_blocks(index: Path, name: str):
    for file in index.glob(f"shards/*/{name}"):
        content = file.read_bytes()
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(IndexStateError, match=rf"{name}: is damaged \(its checksum is wrong\)"):
        assert_holds(Snapshot.open(index), LEFT)
