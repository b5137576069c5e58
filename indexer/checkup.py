"""Checkup: how well an index is searched, measured with windows of its own, and the state of its shards."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.storage.rows import take_rows
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, RowFilter, open_vectors, recall_of
from mretrieve.version import install_hint

from .compaction import small_and_sparse_shards
from .settings import chosen_spaces
from .summary import windows_of
from .vector_indexes import plan_indexes

#: Windows that are searched for, the nearest of each, and by how much their recall may miss the wanted one by chance.
_QUERIES, _NEAREST, _TOLERANCE = 100, 100, 0.01
#: An index that grows clip by clip has at most so many shards that are not full.
_GROWING = 9


@dataclass(frozen=True)
class SearchCheck:
    """How the windows of one length in one space are searched.

    Attributes:
        space: name of the space.
        length: of the windows in frames; WHOLE for clips as a whole.
        windows: their number.
        kind: of vector index; several are separated by commas.
        recall_at_10: share of the 10 nearest windows of other clips that are found, for windows of the index.
        recall_at_100: the same for the 100 nearest.
        latency_ms: median duration of such a search.
    """

    space: str
    length: int
    windows: int
    kind: str
    recall_at_10: float
    recall_at_100: float
    latency_ms: float


@dataclass(frozen=True)
class Checkup:
    """How an index is searched, and what to change.

    Attributes:
        searches: for each space and length that have vector indexes.
        advice: what is wrong and what to do, each in one line; empty for a healthy index.
    """

    searches: tuple[SearchCheck, ...]
    advice: tuple[str, ...]


def check_up(index: Path | str) -> Checkup:
    """Look for what makes the answers of an index worse or slower than they could be.

    Raises:
        IndexStateError: there is no index, or a file has another size than was written. The content of files is
            compared by `storage.verification.verify`.
    """
    snapshot = Snapshot.open(Path(index))
    snapshot.check_sound()
    searches = tuple(_searches(snapshot))
    return Checkup(searches, (*_missed(snapshot, searches), *_shards(snapshot), *_vector_indexes(snapshot)))


def _searches(snapshot: Snapshot) -> Iterator[SearchCheck]:
    for space in chosen_spaces(snapshot.index, snapshot, None, None, rebuild=False):
        name = space.record.name
        indexed = sorted({record.length for record in snapshot.vector_indexes if record.space == name})
        encoder = space.load(snapshot.index, snapshot.index_command) if indexed else None
        for length in indexed:
            assert encoder is not None
            blocks = snapshot.vector_blocks([name], length)
            rows = np.concatenate([block.rows for block in blocks])
            chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:_QUERIES])
            queries = encoder.as_queries(take_rows(blocks, chosen))
            yield _measured(snapshot, name, length, queries, snapshot.rows.window_clip[rows[chosen]])


def _measured(
    snapshot: Snapshot, space: str, length: int, queries: NDArray[np.float32], clips: NDArray[np.int32]
) -> SearchCheck:
    """Search for windows of some clips (Q,), each among the other clips."""
    vectors, flat = open_vectors(snapshot, [space]), FlatIndex(snapshot, [space])
    found, exact, times = [], [], []
    for query, clip in zip(queries[:, None], clips.tolist(), strict=True):
        others = RowFilter(length, excluded=(clip,))
        started = time.perf_counter()
        found.append(vectors.search(query, _NEAREST, others).products[0])
        times.append(time.perf_counter() - started)
        exact.append(flat.search(query, _NEAREST, others).products[0])
    of_length = snapshot.rows.of_length(length)
    kinds = {record.kind for record in snapshot.vector_indexes if (record.space, record.length) == (space, length)}
    return SearchCheck(
        space,
        length,
        of_length.stop - of_length.start,
        ", ".join(sorted(kinds)),
        recall_of(exact, found, 10),
        recall_of(exact, found, _NEAREST),
        round(1e3 * float(np.median(times)), 3),
    )


def _missed(snapshot: Snapshot, searches: Sequence[SearchCheck]) -> Iterator[str]:
    wanted = snapshot.manifest.vector_search.recall
    for check in searches:
        if check.recall_at_100 < wanted - _TOLERANCE:
            yield (
                f"{check.space}: {check.kind} finds {check.recall_at_100:.3f} of the 100 nearest windows, not "
                f"{wanted:g}; search exactly: `{snapshot.index_command} --recall 1 --vector-index auto`"
            )


def _shards(snapshot: Snapshot) -> Iterator[str]:
    small, sparse = small_and_sparse_shards(snapshot)
    if sparse or small > _GROWING:
        yield (
            f"of {len(snapshot.shards)} shards, {small} are small, and {sparse} lost more than half of their clips; "
            "merge them: `mretrieve compact`"
        )


def _vector_indexes(snapshot: Snapshot) -> Iterator[str]:
    for encoder in snapshot.encoders:
        for length in snapshot.rows.lengths.tolist():
            _, plan = plan_indexes(snapshot, encoder, length, snapshot.manifest.vector_search)
            if plan is not None:
                yield (
                    f"{encoder.name}: {sum(plan.shards.values())} {windows_of(length)} need a vector index of "
                    f"kind {plan.kind}; make it: `mretrieve compact`"
                )
        kinds = {record.kind for record in snapshot.vector_indexes if record.space == encoder.name}
        if unused := kinds - set(open_vectors(snapshot, [encoder.name]).kind.split(",")):
            yield f"{encoder.name}: {', '.join(sorted(unused))} needs faiss, or a newer one; {install_hint('cpu')}"
