"""From a shard back to a clip as it was stored: what an index of other spaces is made of, without reading a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from .records import EncoderRecord
from .shard import Shard
from .shard_writer import CLIP_COLUMNS, ShardClip


def stored_clip(shard: Shard, row: int, encoders: tuple[EncoderRecord, ...]) -> ShardClip:
    """The clip of a row of a shard, equal to the one that was written, its windows by length; its arrays are copies.

    Raises:
        IndexStateError: the shard is damaged.
    """
    (said,) = shard.clips.slice(row, 1).to_pylist()
    columns: dict[str, Any] = {name: said[name] for name in CLIP_COLUMNS}
    clip, start, end = shard.windows
    own = np.flatnonzero(clip == row)
    positions, observed = shard.motion(row)
    return ShardClip(
        **{**columns, "notes": tuple(columns["notes"])},
        positions=positions.copy(),
        observed=observed.copy(),
        windows=np.stack([start[own], end[own]], axis=1),
        vectors={one.name: shard.vectors(one.name, one.dimension)[own] for one in encoders},
    )
