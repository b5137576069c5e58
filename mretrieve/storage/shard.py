"""An immutable shard, opened for reading, and a clip as a shard stores it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from .block_sums import CheckedFile, block_count, described_blocks
from .checked_files import (
    NPY_HEADER_BYTES,
    DamagedShardError,
    array_in,
    check_size,
    corrupt_file_error,
    is_plain_array,
    mapped_file,
    npy_header,
    read_content,
)
from .layout import (
    BLOCKS_FILE,
    CLIPS_FILE,
    LIFTED,
    MOTIONS_FILE,
    POINTS,
    WHOLE,
    WINDOWS_FILE,
    shard_folder,
    vectors_file,
)
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
        vectors={one.name: shard.rows_of(one.name, one.dimension).taken(windows) for one in encoders},
        points=None if points is None else points.copy(),
    )


def windows_left(
    shard: Shard, row: int, encoders: tuple[EncoderRecord, ...]
) -> tuple[NDArray[np.int32] | None, dict[str, NDArray[np.float32]]]:
    """The windows (W, 2) of a clip, None if their table is damaged, and their vectors in spaces that have them."""
    vectors: dict[str, NDArray[np.float32]] = {}
    try:
        clip, start, end = shard.windows
    except DamagedShardError:
        return None, vectors
    windows = np.flatnonzero(clip == row)
    for encoder in encoders:
        with suppress(DamagedShardError):
            vectors[encoder.name] = shard.rows_of(encoder.name, encoder.dimension).taken(windows)
    return np.stack([start[windows], end[windows]], axis=1), vectors


@dataclass(frozen=True, eq=False)
class StoredRows:
    """Vectors of a shard, one a row, in a mapped file; those that are read are to be checked before.

    Attributes:
        vectors: (n, D).
        file: that holds them.
        start: first byte of the first row.
    """

    vectors: NDArray[np.float32]
    file: CheckedFile
    start: int = NPY_HEADER_BYTES

    def part(self, first: int, last: int) -> StoredRows:
        """The rows from `first` up to `last`."""
        return StoredRows(self.vectors[first:last], self.file, self.start + first * self._row_bytes)

    def check(self, rows: NDArray[np.integer] | None = None) -> None:
        """Check some rows, or all. DamagedShardError: they are not what was written."""
        if rows is None:
            self.file.check(self.start, self.start + len(self.vectors) * self._row_bytes)
        else:
            self.file.check_rows(self.start, self._row_bytes, rows)

    def taken(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """A copy of some rows. DamagedShardError: they are not what was written."""
        self.check(rows)
        taken: NDArray[np.float32] = self.vectors[rows]
        return taken

    @property
    def _row_bytes(self) -> int:
        return 4 * int(self.vectors.shape[1])


class Shard:
    """The files of one shard, read or mapped when they are first used.

    All methods raise DamagedShardError if what they read is not what was written. Tables are compared as a whole,
    vectors and motions block by block, or as a whole in a shard of a layout before 6.

    Attributes:
        index: folder of the index.
        record: of the shard.
        damage: what is known to be wrong with it; None as long as nothing was found.
    """

    def __init__(self, index: Path, record: ShardRecord) -> None:
        self.index, self.record = index, record
        self.damage: str | None = None
        self._folder = shard_folder(index, record.id)
        self._files: dict[tuple[str, bool], CheckedFile] = {}
        folder = f"{self._folder}{os.sep}"  # making a Path takes longer than looking at the file
        try:
            for name, size in record.sizes.items():
                if name != BLOCKS_FILE:
                    check_size(folder + name, size)
        except IndexStateError as error:
            self._damaged(error)

    def hold(self) -> None:
        """Map its files now, so that they stay readable when they are removed."""
        for name in self.record.mapped:
            self._file(name)
        _ = self._sums_content

    def check_some(self, count: int, chance: Random) -> None:
        """Check so many blocks of a file chosen at random."""
        self._file(chance.choice(self.record.mapped)).check_some(count, chance)

    def wrong_blocks(self, name: str) -> str:
        """What is wrong with a mapped file, by blocks; "" if that cannot be told."""
        try:
            wrong = self._file(name).wrong_blocks()
        except DamagedShardError:
            return ""
        return described_blocks(wrong) if wrong else ""

    @cached_property
    def is_readable(self) -> bool:
        """Whether its tables are what was written, and no window is longer than its clip."""
        try:
            clip, _, end = self.windows
            if (end > np.diff(self.first_frames)[clip]).any():
                raise self._wrong(self._folder / WINDOWS_FILE, "it has windows outside of their clips")
        except DamagedShardError:
            return False
        return True

    @cached_property
    def clips(self) -> pa.Table:
        """One row per clip, sorted by id."""
        table, schema = self._table(CLIPS_FILE), clips_schema()
        names = table.column_names
        is_sound = all(names.count(field.name) == 1 and table[field.name].type == field.type for field in schema)
        frames = numbers(table["frame_count"]) if is_sound and not table["frame_count"].null_count else np.zeros(0)
        if not is_sound or not len(frames) or frames.min() < 1 or int(frames.sum()) != self.record.frame_count:
            raise self._wrong(self._folder / CLIPS_FILE, f"it is not a table of {self.record.clip_count} clips")
        return table

    @cached_property
    def windows(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Row of the clip, start frame and end frame of each window; of each clip, the first is the whole.

        Windows are ordered by length, whole clips first, then by clip; in shards of 0.1.0, by clip alone.
        """
        table, count = self._table(WINDOWS_FILE), self.record.window_count
        try:
            clip, start, end = (numbers(table[name]) for name in ("clip", "start_frame", "end_frame"))
        except (LookupError, TypeError):
            clip = start = end = np.zeros(0, np.int32)
        is_sound = len(clip) == len(start) == len(end) == count and clip.dtype == start.dtype == end.dtype == np.int32
        is_sound = is_sound and min(clip.min(initial=0), start.min(initial=0)) >= 0 and not (start >= end).any()
        if not is_sound or clip.max(initial=0) >= self.record.clip_count:
            raise self._wrong(self._folder / WINDOWS_FILE, f"it is not a table of {count} windows of the clips")
        return clip, start, end

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

    def rows_of(self, space: str, dimension: int, scattered: bool = False) -> StoredRows:
        """The vectors of a space, one row per window, not yet checked. `scattered`: see `mapped_file`."""
        name, rows = vectors_file(space), self.record.window_count
        file = self._file(name, scattered)
        try:
            vectors = array_in(file.content, np.float32, NPY_HEADER_BYTES, (rows, dimension))
        except ValueError:
            vectors = None
        if vectors is None or file.content[:NPY_HEADER_BYTES].tobytes() != npy_header(rows, dimension):
            raise self._wrong(self._folder / name, f"it does not hold {rows} vectors of {dimension} numbers")
        return StoredRows(vectors, file)

    def motion(self, clip_row: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (T, J, 3) and observed (T, J) of a clip, read-only and mapped from the file."""
        return self.frames(*self.first_frames[clip_row : clip_row + 2].tolist())

    def frames(self, first: int, last: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (T, J, 3) and observed (T, J) of the frames from `first` up to `last` of all clips, in their order.

        Read-only and mapped from the file.
        """
        positions, observed = self._motions
        file, joints = self._file(MOTIONS_FILE), self.record.joint_count
        for start, width in ((self.record.positions_offset, 12 * joints), (self.record.observed_offset, joints)):
            file.check(start + first * width, start + last * width)
        if not self._seen_finite[first:last].all():
            if not np.isfinite(positions[first:last]).all():
                raise self._wrong(self._folder / MOTIONS_FILE, "it has positions that are not finite numbers")
            self._seen_finite[first:last] = True
        return positions[first:last], observed[first:last]

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

        path, joints, mapped = self._folder / MOTIONS_FILE, self.record.joint_count, self._file(MOTIONS_FILE)
        mapped.check(0, len(mapped.content))  # nothing else is parsed
        try:
            with h5py.File(path, "r") as file:
                if LIFTED not in file:
                    return np.zeros((0, joints, 2), np.float32), {}
                if not (is_plain_array(file, LIFTED) and is_plain_array(file, POINTS)):
                    raise ValueError("its points are not plain arrays in the file")
                if file[LIFTED].size > self.record.clip_count or file[POINTS].dtype != np.dtype("<f4"):
                    raise ValueError("it has points of more clips than there are, or of another type")
                rows, offset = file[LIFTED][:], int(file[POINTS].id.get_offset() or -1)
            lengths = np.diff(self.first_frames)[rows]
            ends = np.cumsum(lengths)
            points = array_in(mapped.content, np.float32, offset, (int(ends[-1]), joints, 2))
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise self._wrong(path, str(error)) from None
        return points, dict(zip(rows.tolist(), (ends - lengths).tolist(), strict=True))

    @cached_property
    def _motions(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (F, J, 3) and observed (F, J) of all clips, one after the other, not yet checked."""
        # The manifest says where the two contiguous arrays of the HDF5 file are: this saves the 20 ms that importing
        # h5py takes.
        content, shape = self._file(MOTIONS_FILE).content, (self.record.frame_count, self.record.joint_count)
        try:
            positions = array_in(content, np.float32, self.record.positions_offset, (*shape, 3))
            return positions, array_in(content, np.bool_, self.record.observed_offset, shape)
        except ValueError as error:
            raise self._wrong(self._folder / MOTIONS_FILE, str(error)) from None

    @cached_property
    def _seen_finite(self) -> NDArray[np.bool_]:
        """(F,) Frames whose positions were found to be finite numbers: sums say nothing about that."""
        return np.zeros(self.record.frame_count, bool)

    @cached_property
    def first_frames(self) -> NDArray[np.int64]:
        """The first frame of each clip in `motions`, and the number of all: (clips + 1,)."""
        return np.concatenate([[0], np.cumsum(numbers(self.clips["frame_count"]))])

    def _table(self, name: str) -> pa.Table:
        try:
            content = read_content(self._folder / name, self.record.sizes[name], self.record.checksums[name])
            return table_from(content, self.record.clip_count if name == CLIPS_FILE else self.record.window_count)
        except IndexStateError as error:
            raise self._damaged(error) from None
        except (ValueError, OSError, NotImplementedError, MemoryError) as error:  # pyarrow's errors are among them
            raise self._wrong(self._folder / name, str(error).splitlines()[0]) from None

    def _file(self, name: str, scattered: bool = False) -> CheckedFile:
        if (name, scattered) not in self._files:
            path = self._folder / name
            try:
                content = mapped_file(path, self.record.sizes[name], scattered)
            except IndexStateError as error:
                if (name, False) in self._files:
                    return self._files[name, False]  # it was removed after it was mapped, see `hold`
                raise self._damaged(error) from None
            sums = partial(self._sums_of, name)
            file = CheckedFile(path, content, self.record.checksums[name], sums, self._wrong)
            self._files[name, scattered] = file
        return self._files[name, scattered]

    def _sums_of(self, name: str) -> NDArray[np.uint64] | None:
        """The sums of the blocks of a file; None if the shard has none, or they are themselves damaged."""
        return self._sums.get(name)

    @cached_property
    def _sums(self) -> dict[str, NDArray[np.uint64]]:
        content, names, sizes = self._sums_content, self.record.mapped, self.record.sizes
        ends = np.cumsum([block_count(sizes[name]) for name in names])
        if content is None or hashlib.sha256(content.data).hexdigest() != self.record.checksums[BLOCKS_FILE]:
            return {}
        if len(content) != 8 * ends[-1]:
            return {}
        return dict(zip(names, np.split(content.view("<u8"), ends[:-1]), strict=True))

    @cached_property
    def _sums_content(self) -> NDArray[np.uint8] | None:
        """The file of the sums, mapped; None if there is none, or it is damaged."""
        if BLOCKS_FILE not in self.record.sizes:
            return None
        try:
            return mapped_file(self._folder / BLOCKS_FILE, self.record.sizes[BLOCKS_FILE])
        except IndexStateError:
            return None

    def _wrong(self, path: Path, reason: str) -> DamagedShardError:
        return self._damaged(corrupt_file_error(path, reason))

    def _damaged(self, error: IndexStateError) -> DamagedShardError:
        """Remember damage, and the error to raise."""
        self.damage = self.damage or str(error)
        return DamagedShardError.of(self.record.id, str(error))
