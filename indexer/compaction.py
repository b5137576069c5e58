"""Compaction: merge small shards, and shards that lost most of their clips.

The time to update an index grows with its number of shards, and a clip that was removed or replaced takes up space on
disk as long as its shard has other clips.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.storage.commits import WriterLock, amend
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.records import ShardRecord
from mretrieve.storage.shard_writer import write_shard
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import check_content, check_sample

from .settings import chosen_spaces
from .vector_indexes import update_vector_indexes

#: Versions of an index that stay readable, and how long files stay that a reader may have open.
KEPT_VERSIONS, GRACE_S = 3, 3600.0

#: A shard is written again if a smaller share of its clips is left.
LEFT_SHARE = 0.5


@dataclass(frozen=True)
class ShardSize:
    """A shard is full when it reaches either limit. They bound memory, and the work that an interruption can lose.

    Attributes:
        clips: number of clips.
        frames: their canonical frames; 200,000 are 57 MB, nearly two hours of motion.
    """

    clips: int = 512
    frames: int = 200_000

    def filled(self, clips: int, frames: int) -> float:
        """The share of a full shard that this many clips and frames fill."""
        return max(clips / self.clips, frames / self.frames)


DEFAULT_SIZE = ShardSize()


@dataclass(frozen=True)
class Compaction:
    """A compaction.

    Attributes:
        version: the newest version of the index.
        shards: number of its shards.
        size_bytes: of its files on disk.
        shards_before: number of shards of the version before; equal if nothing was merged.
        size_bytes_before: of its files.
    """

    version: int
    shards: int
    size_bytes: int
    shards_before: int
    size_bytes_before: int


def compact_index(index: Path | str, size: ShardSize = DEFAULT_SIZE) -> Compaction:
    """Write all shards that are not full as few full ones, in a new version. Queries give the same answers.

    A second version has the vector indexes that are to be made again for it, as after `build_index`.

    The files that this replaces go after an hour, with the next run of `mretrieve index`: a reader may have them open.

    Args:
        index: folder of the index.
        size: of a full shard.

    Raises:
        IndexStateError: there is no index, it is damaged, or another writer holds it: it stays as it was. Or a vector
            index is to be made again, but the encoder has other weights than the vectors: the shards are merged.
    """
    place = Path(index)
    Snapshot.open(place)  # raises if there is no index, before the lock creates one
    with WriterLock(place):
        base = Snapshot.open(place)
        check_sample(base)
        made: list[ShardRecord] = []
        replaced: set[str] = set()
        for group in _groups(_contents(base, size)):
            check_content(base, group)  # damaged data must not get a new checksum
            clips = [base.stored(row) for row in live_clips(base, group)]
            made.append(write_shard(place, clips))
            replaced.update(clip.clip for clip in clips)
        if made:
            amend(base, add=made, remove=replaced)
        merged = Snapshot.open(place)
        spaces = chosen_spaces(place, merged, None, None, rebuild=False)
        newest = update_vector_indexes(merged, spaces, merged.manifest.vector_search, merged.index_command)
        if newest.version > base.version:
            collect_garbage(place, keep_versions=KEPT_VERSIONS, grace_s=GRACE_S)
    return Compaction(newest.version, len(newest.shards), newest.size_bytes, len(base.shards), base.size_bytes)


def shards_to_merge(snapshot: Snapshot, size: ShardSize, added: float, dropped: Collection[str]) -> list[int]:
    """The shards to be merged with new clips, so that an index that grows clip by clip has few.

    Shards that lost most of their clips come first, then the others in ascending order, as long as the next one is less
    than twice as full as all before it and the sum fits a full shard. So each shard is at least twice as full as the
    next smaller one, and a clip is written again only when its shard grows by more than half.

    Args:
        snapshot: the newest version.
        size: of a full shard.
        added: the share of a shard that the new clips fill.
        dropped: clips of the snapshot that are removed in the same commit.

    Returns:
        Their numbers in the snapshot.
    """
    merged = []
    filled = added
    for shard in sorted(_contents(snapshot, size, dropped), key=lambda shard: (not shard.is_sparse, shard.filled)):
        if (shard.is_sparse or shard.filled < 2 * filled) and filled + shard.filled <= 1:
            merged.append(shard.number)
            filled += shard.filled
    return merged


def small_and_sparse_shards(snapshot: Snapshot) -> tuple[int, int]:
    """How many shards are at most half full, and how many lost most of their clips."""
    shards = [*_contents(snapshot, DEFAULT_SIZE)]
    return sum(shard.filled <= 0.5 for shard in shards), sum(shard.is_sparse for shard in shards)


def live_clips(snapshot: Snapshot, shards: Collection[int]) -> NDArray[np.intp]:
    """The rows of the live clips of some shards."""
    return np.flatnonzero(np.isin(snapshot.rows.clip_shard, list(shards)))


@dataclass(frozen=True)
class _Contents:
    """The live content of a shard.

    Attributes:
        number: of the shard in its snapshot.
        filled: the share of a full shard that its live clips fill.
        is_sparse: whether it lost most of its clips.
    """

    number: int
    filled: float
    is_sparse: bool


def _contents(snapshot: Snapshot, size: ShardSize, dropped: Collection[str] = ()) -> Iterator[_Contents]:
    rows, count = snapshot.rows, len(snapshot.shards)
    live = np.ones(rows.clip_count, bool)
    live[[snapshot.clip_row(clip) for clip in dropped]] = False
    clips = np.bincount(rows.clip_shard[live], minlength=count)
    frames = np.bincount(rows.clip_shard[live], rows.clip_frames[live], minlength=count)
    for number, record in enumerate(snapshot.shards):
        left = int(clips[number])
        if left:
            sparse = left < LEFT_SHARE * record.clip_count
            yield _Contents(number, size.filled(left, int(frames[number])), sparse)


def _groups(shards: Iterator[_Contents]) -> list[list[int]]:
    """Divide shards into groups that fit one shard each; groups that merging would not change are left out."""
    groups: list[tuple[float, list[_Contents]]] = []
    for shard in sorted(shards, key=lambda shard: -shard.filled):
        for place, (filled, group) in enumerate(groups):
            if filled + shard.filled <= 1:
                groups[place] = (filled + shard.filled, [*group, shard])
                break
        else:
            groups.append((shard.filled, [shard]))
    return [[shard.number for shard in group] for _, group in groups if len(group) > 1 or group[0].is_sparse]
