"""An immutable shard, opened for reading: its rows, its vectors and its motions, checked before memory is taken."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError
from .layout import CLIPS_FILE, MOTIONS_FILE, WINDOWS_FILE, shard_folder, vectors_file
from .manifest import ShardRecord

if TYPE_CHECKING:
    import pyarrow as pa


class Shard:
    """The files of one shard. What is asked for is mapped or read at that time, and kept.

    Every method and attribute raises IndexStateError where a file is not the one that the manifest describes, as far as
    that shows from its size, its header and the checksums of Parquet pages; `verify` reads everything.
    """

    def __init__(self, index: Path, record: ShardRecord) -> None:
        self.record = record
        self._folder = shard_folder(index, record.id)
        self._vectors: dict[str, NDArray[np.float32]] = {}
        for name, size in record.sizes.items():
            check_size(self._folder / name, size)

    @cached_property
    def clips(self) -> pa.Table:
        """One row per clip, sorted by id."""
        return read_parquet(self._folder / CLIPS_FILE, self.record.clip_count)

    @cached_property
    def windows(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Row of the clip, start frame and end frame of each window, ordered by clip, the whole clip first."""
        path = self._folder / WINDOWS_FILE
        table = read_parquet(path, self.record.window_count)
        try:
            clip, start, end = (
                table[name].to_numpy().astype(np.int32) for name in ("clip", "start_frame", "end_frame")
            )
        except KeyError as error:
            raise damaged(path, f"it has no column {error}") from None
        if len(clip) and (clip.min() < 0 or clip.max() >= self.record.clip_count or (np.diff(clip) < 0).any()):
            raise damaged(path, "its rows belong to no clip")
        return clip, start, end

    def vectors(self, space: str, dimension: int) -> NDArray[np.float32]:
        """The vectors of a space, one row per window, mapped from the file: (windows, dimension)."""
        if space not in self._vectors:
            path = self._folder / vectors_file(space)
            try:
                mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError, EOFError, SyntaxError) as error:
                raise damaged(path, str(error)) from None
            if mapped.shape != (self.record.window_count, dimension) or mapped.dtype != np.dtype("<f4"):
                raise damaged(
                    path, f"it holds {mapped.shape} {mapped.dtype}, not {(self.record.window_count, dimension)}"
                )
            self._vectors[space] = mapped.view(np.ndarray)
        return self._vectors[space]

    def motion(self, clip_row: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (T, J, 3) and observed (T, J) of a clip, read-only and mapped from the file."""
        positions, observed = self.motions
        frames = slice(*self._frame_bounds[clip_row : clip_row + 2])
        return positions[frames], observed[frames]

    @cached_property
    def motions(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (F, J, 3) and observed (F, J) of all clips, one after the other."""
        # The file is HDF5 for everyone else; here the place of its two contiguous arrays is known from the manifest,
        # which saves the 20 ms that loading an HDF5 library takes.
        path, frames, joints = self._folder / MOTIONS_FILE, self.record.frame_count, self.record.joint_count
        shape = (frames, joints)
        for offset, width in ((self.record.positions_offset, 12), (self.record.observed_offset, 1)):
            if offset < 0 or min(shape) < 0 or offset + frames * joints * width > self.record.sizes[MOTIONS_FILE]:
                raise damaged(path, f"it is too short for {frames} frames of {joints} joints")
        try:
            positions = np.memmap(path, "<f4", "r", self.record.positions_offset, (*shape, 3))
            observed = np.memmap(path, np.bool_, "r", self.record.observed_offset, shape)
        except (OSError, ValueError) as error:
            raise damaged(path, str(error)) from None
        return positions.view(np.ndarray), observed.view(np.ndarray)

    @cached_property
    def _frame_bounds(self) -> NDArray[np.int64]:
        counts = self.clips["frame_count"].to_numpy()
        bounds = np.concatenate([[0], np.cumsum(counts)])
        if counts.min(initial=1) < 1 or bounds[-1] != self.record.frame_count:
            raise damaged(
                self._folder / CLIPS_FILE, f"its clips have {bounds[-1]} frames, not {self.record.frame_count}"
            )
        return bounds


def check_size(path: Path, size: int) -> None:
    """IndexStateError where a file is missing or is not as long as its manifest says."""
    try:
        found = path.stat().st_size
    except OSError as error:
        raise damaged(path, error.strerror or str(error)) from None
    if found != size:
        raise damaged(path, f"it has {found} bytes, not {size}")


def read_parquet(path: Path, row_count: int | None = None) -> Any:
    """A table of an index, its page checksums verified; IndexStateError where it is damaged or has other rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if row_count is not None and file.metadata.num_rows != row_count:
                raise damaged(path, f"it has {file.metadata.num_rows} rows, not {row_count}")
            return file.read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(path, str(error).splitlines()[0]) from None


def damaged(path: Path, what: str) -> IndexStateError:
    """The error for a file of an index that is not what was written."""
    return IndexStateError(
        f"{path}: is damaged ({what}); restore it from a backup, or read the motion files again with "
        "`mretrieve index DIR --rebuild`; `mretrieve verify` lists all damaged files"
    )
