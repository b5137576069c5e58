"""Make a vector index of some shards, choose the effort of its searches, and measure it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..storage.checked_files import write_vector_index
from ..storage.records import VectorIndexRecord
from ..storage.rows import VectorBlock, take_rows
from ..storage.snapshot import Snapshot
from .flat import best_rows
from .grouped import Group, merged
from .trained import TrainingSet, VectorKind

#: Clips that no index is trained on, and windows of theirs that it is measured with; at most one clip in ten.
_HELD_OUT_CLIPS, _ONE_IN, _MEASURED = 100, 10, 100
_NEAREST = 100


def build_vector_index(
    snapshot: Snapshot,
    space: str,
    length: int,
    kind: VectorKind,
    shards: Mapping[str, int],
    as_queries: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    recall: float,
) -> VectorIndexRecord:
    """Write a vector index over the windows of one length in one space. A commit makes it part of a version.

    The same shards give the same file. The caller holds the WriterLock.

    Args:
        snapshot: that has the shards.
        space: name of the space.
        length: of the windows in frames; WHOLE for whole clips.
        kind: of index.
        shards: id -> number of its windows of this length, as in VectorIndexRecord.
        as_queries: query vectors (n, D) of stored vectors (n, D).
        recall: share of the 100 nearest windows to be found; the search gets the least effort that reaches it.

    Raises:
        IndexStateError: vectors are damaged, or the index cannot be written.
        ValueError: the vectors do not suit the kind.
    """
    blocks = snapshot.indexed_blocks(space, length, shards)
    rows = np.concatenate([block.rows for block in blocks])
    held_out, measured, others = _held_out(rows, snapshot)
    settings, content = kind.make(TrainingSet(blocks, held_out, as_queries))
    settings = {**settings, "wanted_recall": recall}
    file = write_vector_index(snapshot.index, content)
    record = VectorIndexRecord(space, length, kind.name, settings, shards, 0.0, 0.0, 0.0, file)
    queries = as_queries(take_rows(blocks, measured))
    # Block by block, so that vectors that do not fit memory are read once, and not for each query.
    nearest = [best_rows(queries, [block], _NEAREST) for block in _live(blocks, others, snapshot)]
    exact = merged(nearest or [best_rows(queries, [], _NEAREST)], _NEAREST).products
    for effort in kind.efforts:
        record = replace(record, settings={**settings, **effort})
        group = Group(snapshot, record, kind.open(snapshot.vector_index(record), record.settings))
        found, times = [], []
        for query in queries:
            started = time.perf_counter()
            found.append(group.search(query[None], _NEAREST, others).products[0])
            times.append(time.perf_counter() - started)
        record = replace(
            record,
            recall_at_10=recall_of([*exact], found, 10),
            recall_at_100=recall_of([*exact], found, _NEAREST),
            latency_ms=round(float(np.median(times)) * 1e3, 3),
        )
        if record.recall_at_100 >= recall:
            break
    return record


def _held_out(
    rows: NDArray[np.int64], snapshot: Snapshot
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Entries that an index is not trained on, those of them that it is measured with, and the other clips (C,)."""
    chance = np.random.default_rng(0)
    live = np.flatnonzero(rows >= 0)
    clips = snapshot.rows.window_clip[rows[live]]
    known = np.unique(clips)
    chosen = chance.choice(known, min(_HELD_OUT_CLIPS, len(known) // _ONE_IN), replace=False)
    others = np.ones(snapshot.rows.clip_count, bool)
    others[chosen] = False
    held_out = live[~others[clips]]
    candidates = held_out if len(held_out) else live
    return held_out, np.sort(chance.choice(candidates, min(_MEASURED, len(candidates)), replace=False)), others


def _live(blocks: Sequence[VectorBlock], clips: NDArray[np.bool_], snapshot: Snapshot) -> list[VectorBlock]:
    """The rows of some clips (C,) that a snapshot has."""
    keep = [(block.rows >= 0) & clips[snapshot.rows.window_clip[block.rows]] for block in blocks]
    return [block.subset(some) for block, some in zip(blocks, keep, strict=True) if some.any()]


def recall_of(exact: Sequence[NDArray[np.float32]], found: Sequence[NDArray[np.float32]], count: int) -> float:
    """Share of the nearest rows, or others as near, that were found, by the products of each query, best first."""
    count = min(count, *(len(best) for best in exact))
    if not count:
        return 1.0
    shares = [(products[:count] >= best[count - 1]).mean() for best, products in zip(exact, found, strict=True)]
    return round(float(np.mean(shares)), 4)
