"""An immutable shard, opened for reading, and a clip as a shard stores it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .checked_files import check_size, corrupt_file_error, mapped_array, mapped_npy, read_content
from .layout import CLIPS_FILE, LIFTED, MOTIONS_FILE, POINTS, WHOLE, WINDOWS_FILE, shard_folder, vectors_file
from .records import EncoderRecord, ShardRecord
from .tables import numbers, table_from

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
        points: (T, J, 2), what the camera saw of a clip that was lifted from two dimensions, as in a `View`; None for
            motion in space.
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
    points: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        frames = len(self.positions)
        if not frames or self.observed.shape != self.positions.shape[:2] or self.positions.shape[2:] != (3,):
            raise ValueError(f"{self.clip}: positions are {self.positions.shape}, observed is {self.observed.shape}")
        if self.points is not None and self.points.shape != (*self.positions.shape[:2], 2):
            raise ValueError(f"{self.clip}: positions are {self.positions.shape}, points are {self.points.shape}")
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


#: The fields of ShardClip that are no columns of clips.parquet, and those that are.
_ARRAYS = ("positions", "observed", "windows", "vectors", "points")
CLIP_COLUMNS = tuple(field.name for field in fields(ShardClip) if field.name not in _ARRAYS)


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
    points = shard.points(row)
    return ShardClip(
        **{**columns, "notes": tuple(columns["notes"])},
        positions=positions.copy(),
        observed=observed.copy(),
        windows=np.stack([start[windows], end[windows]], axis=1),
        vectors={encoder.name: shard.vectors(encoder.name, encoder.dimension)[windows] for encoder in encoders},
        points=None if points is None else points.copy(),
    )


class Shard:
    """The files of one shard, read or mapped when they are first used.

    All methods raise IndexStateError if a file is not the one that the manifest describes. Tables are compared byte for
    byte, vectors and motions by size and header.
    """

    def __init__(self, index: Path, record: ShardRecord) -> None:
        self.record = record
        self._folder = shard_folder(index, record.id)
        self._vectors: dict[tuple[str, bool], NDArray[np.float32]] = {}
        folder = f"{self._folder}{os.sep}"  # making a Path takes longer than looking at the file
        for name, size in record.sizes.items():
            check_size(folder + name, size)

    @cached_property
    def clips(self) -> pa.Table:
        """One row per clip, sorted by id."""
        return self._table(CLIPS_FILE)

    @cached_property
    def windows(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Row of the clip, start frame and end frame of each window; of each clip, the first is the whole.

        Windows are ordered by length, whole clips first, then by clip; in shards of 0.1.0, by clip alone.
        """
        table = self._table(WINDOWS_FILE)
        return numbers(table["clip"]), numbers(table["start_frame"]), numbers(table["end_frame"])

    @cached_property
    def window_lengths(self) -> NDArray[np.int32]:
        """Length of each window in frames, WHOLE for whole clips."""
        clip, start, end = self.windows
        lengths = np.asarray(end - start)
        clips = np.arange(self.record.clip_count)
        if np.array_equal(clip[: len(clips)], clips):  # by length, whole clips first
            lengths[: len(clips)] = WHOLE
        else:  # a shard of 0.1.0: by clip, each whole clip before its windows
            lengths[np.flatnonzero(np.diff(clip, prepend=-1))] = WHOLE
        return lengths

    def windows_of_length(self, length: int) -> NDArray[np.intp]:
        """Positions of the windows of one length (or WHOLE), ascending."""
        return np.flatnonzero(self.window_lengths == length)

    def vectors(self, space: str, dimension: int, scattered: bool = False) -> NDArray[np.float32]:
        """The vectors of a space, one row per window, mapped from the file: (windows, dimension).

        `scattered`: single rows are read, see `mapped_npy`.
        """
        if (space, scattered) not in self._vectors:
            path = self._folder / vectors_file(space)
            self._vectors[space, scattered] = mapped_npy(path, self.record.window_count, dimension, scattered)
        return self._vectors[space, scattered]

    def motion(self, clip_row: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (T, J, 3) and observed (T, J) of a clip, read-only and mapped from the file."""
        positions, observed = self.motions
        frames = slice(*self.first_frames[clip_row : clip_row + 2])
        return positions[frames], observed[frames]

    def points(self, clip_row: int) -> NDArray[np.float32] | None:
        """Points (T, J, 2) that a clip was lifted from, read-only and mapped; None for motion in space."""
        points, first_frames = self._points
        first = first_frames.get(clip_row)
        if first is None:
            return None
        return points[first : first + int(np.diff(self.first_frames[clip_row : clip_row + 2])[0])]

    @cached_property
    def _points(self) -> tuple[NDArray[np.float32], dict[int, int]]:
        """The points of all lifted clips, one after the other, and the first frame in them of each, by its row."""
        import h5py  # here: only clips that were lifted need it

        path, joints = self._folder / MOTIONS_FILE, self.record.joint_count
        try:
            with h5py.File(path, "r") as file:
                if LIFTED not in file:
                    return np.zeros((0, joints, 2), np.float32), {}
                rows, offset = file[LIFTED][:], int(file[POINTS].id.get_offset())
        except (OSError, KeyError, TypeError) as error:
            raise corrupt_file_error(path, str(error)) from None
        lengths = np.diff(self.first_frames)[rows]
        ends = np.cumsum(lengths)
        points = mapped_array(path, np.float32, offset, (int(ends[-1]), joints, 2))
        return points, dict(zip(rows.tolist(), (ends - lengths).tolist(), strict=True))

    @cached_property
    def motions(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (F, J, 3) and observed (F, J) of all clips, one after the other."""
        # The manifest says where the two contiguous arrays of the HDF5 file are: this saves the 20 ms that importing
        # h5py takes.
        path, frames, joints = self._folder / MOTIONS_FILE, self.record.frame_count, self.record.joint_count
        shape = (frames, joints)
        for offset, width in ((self.record.positions_offset, 12), (self.record.observed_offset, 1)):
            if offset < 0 or min(shape) < 0 or offset + frames * joints * width > self.record.sizes[MOTIONS_FILE]:
                raise corrupt_file_error(path, f"it is too short for {frames} frames of {joints} joints")
        positions = mapped_array(path, np.float32, self.record.positions_offset, (*shape, 3))
        return positions, mapped_array(path, np.bool_, self.record.observed_offset, shape)

    @cached_property
    def first_frames(self) -> NDArray[np.int64]:
        """The first frame of each clip in `motions`, and the number of all: (clips + 1,)."""
        return np.concatenate([[0], np.cumsum(numbers(self.clips["frame_count"]))])

    def _table(self, name: str) -> pa.Table:
        return table_from(read_content(self._folder / name, self.record.sizes[name], self.record.checksums[name]))
