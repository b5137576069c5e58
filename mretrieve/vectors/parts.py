"""The parts of an index that are searched in different processes, each complete in itself."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..storage.snapshot import Snapshot


@dataclass(frozen=True)
class Part:
    """Shards and vector indexes of a version. Each belongs to one part, so that parts have no rows in common.

    A part answers for the windows of its vector indexes, whichever shards they are of, and for those windows of its
    shards that are in no vector index.

    Attributes:
        shards: their ids.
        indexes: ids of the files of vector indexes.
    """

    shards: tuple[str, ...]
    indexes: tuple[str, ...]

    def answered(self, snapshot: Snapshot, spaces: Sequence[str], length: int) -> frozenset[str]:
        """Ids of the shards whose windows of a length (or WHOLE) it answers for."""
        records = [
            record for record in snapshot.vector_indexes if [record.space] == list(spaces) and record.length == length
        ]
        exact = set(self.shards).difference(*(record.shards for record in records))
        return frozenset(exact.union(*(record.shards for record in records if record.file.id in self.indexes)))

    def elsewhere(self, snapshot: Snapshot, spaces: Sequence[str]) -> dict[int, set[str]]:
        """For each length, ids of the shards whose windows other parts answer for."""
        known = {record.id for record in snapshot.shards}
        return {length: known - self.answered(snapshot, spaces, length) for length in snapshot.rows.lengths.tolist()}

    def clips(self, snapshot: Snapshot) -> NDArray[np.intp]:
        """Rows, ascending, of all clips that it may answer with."""
        shards = set(self.shards).union(
            *(record.shards for record in snapshot.vector_indexes if record.file.id in self.indexes)
        )
        numbers = [number for number, record in enumerate(snapshot.shards) if record.id in shards]
        return np.flatnonzero(np.isin(snapshot.rows.clip_shard, numbers))


def split(snapshot: Snapshot, count: int) -> list[Part]:
    """At most so many parts of about equally many windows."""
    units = [(record.window_count, record.id, "") for record in snapshot.shards]
    units += [(record.window_count, "", record.file.id) for record in snapshot.vector_indexes]
    parts: list[tuple[list[str], list[str]]] = [([], []) for _ in range(min(count, len(units)))]
    sizes = [(0, number) for number in range(len(parts))]
    for windows, shard, index in sorted(units, key=lambda unit: (-unit[0], unit[1:])):
        size, number = sizes[0]
        heapq.heapreplace(sizes, (size + windows, number))
        shards, indexes = parts[number]
        (shards if shard else indexes).append(shard or index)
    return [Part(tuple(sorted(shards)), tuple(sorted(indexes))) for shards, indexes in parts]
