"""Keep vector indexes up to date: which shards each is over, and when it is made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mretrieve.encoders.catalogue import is_for_parts
from mretrieve.storage.commits import amend
from mretrieve.storage.records import EncoderRecord, VectorIndexRecord, VectorSearchSettings
from mretrieve.storage.snapshot import Snapshot
from mretrieve.vectors import FlatIndex, build_vector_index, choose_kind, trained_kind

from .settings import Space

#: A vector index is made again if it has lost more than this share of its windows.
LOST_SHARE = 0.25
#: A new one is made if more than this share of all windows is in none.
MISSING_SHARE = 0.1


@dataclass(frozen=True)
class PlannedIndex:
    """A vector index to be made.

    Attributes:
        space: name of the space.
        length: of the windows in frames.
        kind: of index.
        shards: id -> number of its windows of this length.
    """

    space: str
    length: int
    kind: str
    shards: Mapping[str, int]


def update_vector_indexes(
    snapshot: Snapshot, spaces: Sequence[Space], settings: VectorSearchSettings, command: str
) -> Snapshot:
    """Make the vector indexes that a version lacks, and commit a version with them. The caller holds the WriterLock.

    Args:
        snapshot: the newest version.
        spaces: its spaces.
        settings: by which vector indexes are chosen.
        command: the command that brings the index up to date.

    Returns:
        The new version, or `snapshot` if it lacks none.
    """
    kept: list[VectorIndexRecord] = []
    planned: list[PlannedIndex] = []
    for encoder in snapshot.encoders:
        for length in snapshot.rows.lengths.tolist():
            keep, plan = plan_indexes(snapshot, encoder, length, settings)
            kept += keep
            planned += [plan] if plan is not None else []
    same = len(kept) == len(snapshot.vector_indexes) and settings == snapshot.manifest.vector_search
    if same and not planned:
        return snapshot
    encoders = {space.record.name: space for space in spaces}
    made = [
        build_vector_index(
            snapshot,
            plan.space,
            plan.length,
            trained_kind(plan.kind),
            plan.shards,
            encoders[plan.space].load(snapshot.index, command).as_queries,
            settings.recall,
        )
        for plan in planned
    ]
    amend(
        snapshot,
        vector_search=settings,
        vector_indexes=sorted([*kept, *made], key=lambda record: (record.space, record.length, -record.window_count)),
    )
    return Snapshot.open(snapshot.index)


def plan_indexes(
    snapshot: Snapshot, encoder: EncoderRecord, length: int, settings: VectorSearchSettings
) -> tuple[list[VectorIndexRecord], PlannedIndex | None]:
    """The vector indexes over the windows of one length in one space to be kept, and the one to be made, if any.

    A new index is over all shards that are in no kept one, and an older one is kept if it is more than twice as large.
    So their number, and how often a window is indexed, grow with the logarithm of the number of windows.
    """
    counts = snapshot.window_counts(length)
    live = {shard: count for shard, (_, count) in counts.items()}
    total = sum(live.values())
    kind = choose_kind(total, encoder.dimension, settings, weighted=is_for_parts(encoder.name))
    if kind == FlatIndex.kind:
        return [], None
    records = [
        record
        for record in snapshot.vector_indexes
        if (record.space, record.length, record.kind) == (encoder.name, length, kind)
        and (record.recall_at_100 >= settings.recall or record.settings["wanted_recall"] == settings.recall)
        and sum(live.get(shard, 0) for shard in record.shards) >= (1 - LOST_SHARE) * record.window_count
    ]
    kept: list[VectorIndexRecord] = []
    uncovered = dict(live)
    for record in records:
        for shard in record.shards:
            uncovered.pop(shard, None)
    missing = sum(uncovered.values())
    if missing <= MISSING_SHARE * total:
        return records, None
    for record in reversed(records):  # the smallest first
        covered = sum(live.get(shard, 0) for shard in record.shards)
        if covered > 2 * missing:
            kept.append(record)
        else:
            missing += covered
            uncovered |= {shard: live[shard] for shard in record.shards if shard in live}
    shards = {shard: count for shard, (count, _) in counts.items() if shard in uncovered}
    return kept, PlannedIndex(encoder.name, length, kind, shards)
