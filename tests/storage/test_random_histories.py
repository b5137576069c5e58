"""Whatever is done to an index, in whatever order: it holds what a dictionary holds to which the same was done."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.small_index import (
    DIMENSION,
    SPACE,
    WINDOW_FRAMES,
    assert_holds,
    by_length,
    expected_search,
    made_clip,
    row_mask,
    search,
    store,
)

from mretrieve.storage.commits import WriterLock
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import versions
from mretrieve.storage.shard import ShardClip
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify
from mretrieve.vectors import RowFilter

NAMES = st.sampled_from([f"{folder}/{number}.bvh" for folder in "ab" for number in range(4)])


class History(RuleBasedStateMachine):
    """Adds, replaces, removes, relabels and collects, and keeps a plain record of what must be there."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.index = self.folder / "index"
        self.clips: dict[str, ShardClip] = {}
        self.labels: dict[str, str] = {}
        self.pinned: list[tuple[Snapshot, list[ShardClip], dict[str, str]]] = []
        store(self.index)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(names=st.sets(NAMES, min_size=1, max_size=4), seed=st.integers(0, 3), windows=st.integers(1, 4))
    def add_or_replace(self, names: set[str], seed: int, windows: int) -> None:
        clips = {name: made_clip(name, seed, windows=windows) for name in names}
        store(self.index, list(clips.values()), remove=names & set(self.clips))
        self.clips |= clips

    @precondition(lambda self: self.clips)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        names = data.draw(st.sets(st.sampled_from(sorted(self.clips)), min_size=1))
        store(self.index, remove=names)
        for name in names:
            del self.clips[name]

    @rule(labels=st.dictionaries(NAMES, st.sampled_from(["walk", "run", "Öl"]), max_size=3))
    def relabel(self, labels: dict[str, str]) -> None:
        columns = {"path": pa.array(list(labels), pa.string()), "label": pa.array(list(labels.values()), pa.string())}
        store(self.index, labels=pa.table(columns))
        self.labels = labels

    @rule()
    def pin(self) -> None:
        snapshot = Snapshot.open(self.index)
        content = list(self.clips.values()), dict(self.labels)
        assert_holds(snapshot, *content)  # all its files are mapped now
        self.pinned = [*self.pinned[-2:], (snapshot, *content)]

    @rule(keep=st.integers(1, 3))
    def collect(self, keep: int) -> None:
        with WriterLock(self.index):
            collect_garbage(self.index, keep, grace_s=-10.0)
        assert len(versions(self.index)) <= keep
        assert verify(self.index) == []

    @rule(share=st.sampled_from([1.0, 0.5, 0.1]), k=st.integers(1, 40), seed=st.integers(0, 99))
    def search(self, share: float, k: int, seed: int) -> None:
        snapshot = Snapshot.open(self.index)
        chance = np.random.default_rng(seed)
        clips = chance.random(snapshot.rows.clip_count) < share
        queries = chance.integers(-2, 3, (2, DIMENSION)).astype(np.float32)
        kept = [self.clips[name] for name in sorted(self.clips)]
        vectors = by_length([clip.vectors[SPACE] for clip in kept], kept) if kept else np.zeros((0, DIMENSION))
        products, rows = search(snapshot, queries, k, clips)
        expected = expected_search(vectors, queries, k, row_mask(snapshot.rows, [RowFilter(WINDOW_FRAMES, clips)]))
        np.testing.assert_array_equal(products, expected[0])
        np.testing.assert_array_equal(rows, expected[1])

    @invariant()
    def holds_what_the_record_holds(self) -> None:
        assert_holds(Snapshot.open(self.index), list(self.clips.values()), self.labels)

    @invariant()
    def older_snapshots_have_not_changed(self) -> None:
        for snapshot, clips, labels in self.pinned:
            assert_holds(snapshot, clips, labels)


TestHistories = History.TestCase
TestHistories.settings = settings(max_examples=10, stateful_step_count=12)
