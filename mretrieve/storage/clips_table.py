"""The table of a version's clips: what its shards say of them, with their times and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .labels import joined
from .rows import Rows
from .shard import Shard
from .shard_writer import clips_schema
from .tables import column_of, numbers

if TYPE_CHECKING:
    import pyarrow as pa


def clips_table(shards: Sequence[Shard], rows: Rows, fps: float, labels: pa.Table | None) -> pa.Table:
    """One row per live clip, sorted by `clip`; its columns are those that `Snapshot.clips` describes."""
    import pyarrow as pa

    clips = pa.concat_tables([shard.clips for shard in shards] or [clips_schema().empty_table()])
    first_of_shard = np.cumsum([0, *(shard.record.clip_count for shard in shards)], dtype=np.int64)
    order = (first_of_shard[rows.clip_shard] + rows.clip_local).astype(np.int64)
    if not np.array_equal(order, np.arange(clips.num_rows)):
        clips = clips.take(column_of(order))
    duration_s = numbers(clips["frame_count"]) / fps
    clips = clips.append_column("duration_s", column_of(duration_s))
    clips = clips.append_column("end_s", column_of(numbers(clips["start_s"]) + duration_s))
    return joined(clips, labels)
