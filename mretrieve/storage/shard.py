"""An immutable shard, opened for reading: its rows, its vectors and its motions, checked before memory is taken."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .checked_files import check_size, corrupt_file_error, mapped_array, mapped_npy, read_content
from .layout import CLIPS_FILE, MOTIONS_FILE, WINDOWS_FILE, shard_folder, vectors_file
from .records import ShardRecord
from .tables import numbers, table_from

if TYPE_CHECKING:
    import pyarrow as pa


class Shard:
    """The files of one shard, read or mapped when they are first used.

    All methods raise IndexStateError if a file is not the one that the manifest describes. Tables are compared byte for
    byte, vectors and motions by size and header.
    """

    def __init__(self, index: Path, record: ShardRecord) -> None:
        self.record = record
        self._folder = shard_folder(index, record.id)
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._indexes: dict[str, NDArray[np.uint8]] = {}
        for name, size in record.sizes.items():
            check_size(self._folder / name, size)

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

    def vectors(self, space: str, dimension: int) -> NDArray[np.float32]:
        """The vectors of a space, one row per window, mapped from the file: (windows, dimension)."""
        if space not in self._vectors:
            path = self._folder / vectors_file(space)
            self._vectors[space] = mapped_npy(path, self.record.window_count, dimension)
        return self._vectors[space]

    def trained_index(self, space: str, kind: str) -> NDArray[np.uint8] | None:
        """The bytes of a trained index, mapped from the file; None if the shard has none of this kind."""
        for record in self.record.indexes:
            if (record.space, record.kind) == (space, kind):
                if record.file not in self._indexes:
                    self._indexes[record.file] = mapped_array(
                        self._folder / record.file, np.uint8, 0, (self.record.sizes[record.file],)
                    )
                return self._indexes[record.file]
        return None

    def motion(self, clip_row: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Positions (T, J, 3) and observed (T, J) of a clip, read-only and mapped from the file."""
        positions, observed = self.motions
        frames = slice(*self._frame_bounds[clip_row : clip_row + 2])
        return positions[frames], observed[frames]

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
    def _frame_bounds(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(numbers(self.clips["frame_count"]))])

    def _table(self, name: str) -> pa.Table:
        return table_from(read_content(self._folder / name, self.record.sizes[name], self.record.checksums[name]))
