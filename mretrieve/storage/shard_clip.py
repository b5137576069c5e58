"""A clip as a shard stores it: what is written, and what is read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .records import EncoderRecord
from .shard import Shard

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class ShardClip:
    """One clip to be stored.

    Attributes:
        clip: its id: `path`, and `#body` if the file holds several.
        path: of its file, relative to the indexed folder, with forward slashes; after the folder's name if it has one.
        body: name of the body in the file.
        content_hash: of the file.
        size_bytes: of the file.
        mtime_ns: of the file.
        rig: name of its rig.
        rig_confidence: of that name.
        fps: frame rate of the file.
        source_frame_count: number of frames of the file.
        start_s: file time of canonical frame 0.
        metres_per_unit: scale of the file.
        notes: on how it was read.
        positions: (T, J, 3), canonical.
        observed: (T, J), whether a position was measured.
        windows: (W, 2) start and end (exclusive) in canonical frames: the whole clip, then others by length.
        vectors: (W, D) for each space.
    """

    clip: str
    path: str
    body: str
    content_hash: str
    size_bytes: int
    mtime_ns: int
    rig: str
    rig_confidence: float
    fps: float
    source_frame_count: int
    start_s: float
    metres_per_unit: float
    notes: tuple[str, ...]
    positions: NDArray[np.float32]
    observed: NDArray[np.bool_]
    windows: NDArray[np.int32]
    vectors: Mapping[str, NDArray[np.float32]]

    def __post_init__(self) -> None:
        frames = len(self.positions)
        if not frames or self.observed.shape != self.positions.shape[:2] or self.positions.shape[2:] != (3,):
            raise ValueError(f"{self.clip}: positions are {self.positions.shape}, observed is {self.observed.shape}")
        self._check_windows(np.asarray(self.windows), frames)
        for space, vectors in self.vectors.items():
            if vectors.ndim != 2 or len(vectors) != len(self.windows) or not np.isfinite(vectors).all():
                raise ValueError(
                    f"{self.clip}: {space} has {vectors.shape} numbers for {len(self.windows)} windows, or not finite"
                )

    def _check_windows(self, windows: NDArray[np.int32], frames: int) -> None:
        if windows.ndim != 2 or windows.shape[1:] != (2,) or not len(windows) or tuple(windows[0]) != (0, frames):
            raise ValueError(f"{self.clip}: the first window must be the whole clip, 0 to {frames}")
        if windows.min() < 0 or windows.max() > frames or (windows[:, 0] >= windows[:, 1]).any():
            raise ValueError(f"{self.clip}: a window lies outside of its {frames} frames or has none")


#: Columns of clips.parquet that come from ShardClip.
CLIP_COLUMNS = tuple(
    field.name for field in fields(ShardClip) if field.name not in ("positions", "observed", "windows", "vectors")
)


def clips_schema() -> pa.Schema:
    """Names and types of the columns of clips.parquet."""
    import pyarrow as pa

    text = dict.fromkeys(("clip", "path", "body", "content_hash", "rig"), pa.string())
    whole = dict.fromkeys(("size_bytes", "mtime_ns", "source_frame_count", "frame_count"), pa.int64())
    real = dict.fromkeys(("rig_confidence", "fps", "start_s", "metres_per_unit"), pa.float64())
    types = {**text, **whole, **real, "notes": pa.list_(pa.string())}
    return pa.schema([(name, types[name]) for name in (*CLIP_COLUMNS, "frame_count")])


def stored_clip(shard: Shard, row: int, encoders: tuple[EncoderRecord, ...]) -> ShardClip:
    """The clip of a row of a shard, as it was written, its windows ordered by length; its arrays are copies.

    An index of other spaces is made from it, without reading the motion file.

    Raises:
        IndexStateError: the shard is damaged.
    """
    (record,) = shard.clips.slice(row, 1).to_pylist()
    columns: dict[str, Any] = {name: record[name] for name in CLIP_COLUMNS}
    clip, start, end = shard.windows
    windows = np.flatnonzero(clip == row)
    positions, observed = shard.motion(row)
    return ShardClip(
        **{**columns, "notes": tuple(columns["notes"])},
        positions=positions.copy(),
        observed=observed.copy(),
        windows=np.stack([start[windows], end[windows]], axis=1),
        vectors={encoder.name: shard.vectors(encoder.name, encoder.dimension)[windows] for encoder in encoders},
    )
