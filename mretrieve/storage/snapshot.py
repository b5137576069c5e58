"""A snapshot: one version of an index as a reader sees it. Later commits do not change it."""

from __future__ import annotations

import bisect
import difflib
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError, QueryError
from .checked_files import DamagedShardError, check_mapped, mapped_file, read_weights
from .folders import file_of, index_command, locate_folder, split_path
from .inventory import read_clips, read_rows
from .layout import shard_folder, vector_index_file, vectors_file, versions
from .manifest import Manifest, read_manifest
from .ownership import is_index, no_version
from .records import EncoderRecord, ShardRecord, VectorIndexRecord, WindowSettings
from .row_layout import live_rows
from .rows import Rows, VectorBlock, indexed_blocks, to_array, vector_blocks, window_counts
from .shard import Shard, stored_clip, windows_left
from .spans import ClipSpans, clip_spans
from .tables import numbers

if TYPE_CHECKING:
    import pyarrow as pa

    from .shard import ShardClip


class Snapshot:
    """One version of an index, read-only. Any number may be open, in any process, while a writer goes on.

    `clips` has a row for each clip, `rows` for each window; a window has a vector in every space.
    """

    def __init__(self, index: Path, manifest: Manifest) -> None:
        self.index = index
        self.manifest = manifest
        self._shards = tuple(Shard(index, record) for record in manifest.shards)
        self._weights: dict[str, bytes] = {}
        self._vector_indexes: dict[str, NDArray[np.uint8]] = {}
        self._checked_indexes: set[str] = set()

    @classmethod
    def open(cls, index: Path, version: int | None = None) -> Snapshot:
        """Open a version of an index; None for the newest.

        Raises:
            IndexStateError: there is no index or no such version, it is damaged, or a newer mretrieve wrote it.
        """
        index = Path(os.path.abspath(index))  # noqa: PTH100  not resolved: links keep the names the user knows
        known = versions(index)
        if not known or not is_index(index):
            raise no_version(index)
        if version is not None and version not in known:
            kept = f"{known[0]} to {known[-1]}" if len(known) > 1 else f"{known[0]}"
            raise IndexStateError(f"{index}: has no version {version}; it keeps {kept}")
        return cls(index, read_manifest(index, known[-1] if version is None else version))

    def hold(self) -> None:
        """Map every file now, so that it stays readable when it has been replaced by a later version and removed.

        A damaged shard does not keep others from being searched, see `damage`.

        Raises:
            IndexStateError: a file was removed since the snapshot was opened, or a table of labels is damaged.
        """
        _ = self.clips, self.rows, self.spans
        for shard in self._shards:
            with suppress(DamagedShardError):  # queries go on without it
                shard.hold()
        for record in self.vector_indexes:
            with suppress(IndexStateError):  # and without this
                self._mapped_index(record)
        for encoder in self.encoders:
            with suppress(IndexStateError):  # reported when it is used: other spaces do not need it
                self.weights(encoder)

    @property
    def version(self) -> int:
        """Number of this version."""
        return self.manifest.version

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """The encoders whose spaces the index has."""
        return self.manifest.encoders

    def weights(self, encoder: EncoderRecord) -> bytes | None:
        """The weights file of one of its encoders; None for an encoder that comes with mretrieve.

        Raises:
            IndexStateError: the file is damaged.
        """
        if encoder.file is not None and encoder.name not in self._weights:
            self._weights[encoder.name] = read_weights(self.index, encoder.file)
        return self._weights.get(encoder.name)

    @property
    def windows_settings(self) -> WindowSettings:
        """How its takes were cut."""
        return self.manifest.windows

    @property
    def smooth(self) -> bool:
        """Whether queries are smoothed over the gallery."""
        return self.manifest.smooth

    @property
    def shards(self) -> tuple[ShardRecord, ...]:
        """The shards it consists of."""
        return self.manifest.shards

    @property
    def vector_indexes(self) -> tuple[VectorIndexRecord, ...]:
        """Its vector indexes, each over the windows of one length of some shards."""
        return self.manifest.vector_indexes

    @property
    def damage(self) -> dict[str, str]:
        """The shards that are known to be damaged, by id, and what is wrong: more may be found when more is read."""
        return {shard.record.id: shard.damage for shard in self._shards if shard.damage is not None}

    def check_sound(self) -> None:
        """DamagedShardError if a shard is known to be damaged."""
        for shard, damage in self.damage.items():
            raise DamagedShardError.of(shard, damage)

    def check_blocks(self, count: int, chance: Random) -> None:
        """Check so many blocks of vectors and motions, chosen at random. DamagedShardError: one is damaged."""
        at_once = 8  # blocks of a file
        for _ in range(count // at_once if self._shards else 0):
            chance.choice(self._shards).check_some(at_once, chance)

    def sound_clips(self) -> NDArray[np.bool_] | None:
        """Which clips (C,) are in shards that are not known to be damaged; None for all."""
        damaged = [number for number, shard in enumerate(self._shards) if shard.damage is not None]
        return ~np.isin(self.rows.clip_shard, damaged) if damaged else None

    @property
    def size_bytes(self) -> int:
        """Bytes on disk of all files that this version names."""
        return sum(file.size for _, file in self.manifest.files(self.index)) + sum(
            sum(record.sizes.values()) for record in self.shards
        )

    @cached_property
    def folders(self) -> dict[str, Path]:
        """The indexed folders by name, where they are now; the name of the first may be ""."""
        return {
            record.name: locate_folder(self.index, record, self._some_paths(record.name))
            for record in self.manifest.folders
        }

    @property
    def index_command(self) -> str:
        """The command that brings the index up to date."""
        return index_command(self.folders.values(), self.index)

    def file(self, clip_row: int) -> Path:
        """The file that a clip was read from, in the folder where it was indexed or where that was moved to."""
        return file_of(self.folders, self.clips["path"][clip_row].as_py())

    @cached_property
    def clips(self) -> pa.Table:
        """One row per clip, sorted by `clip`.

        Columns: the attributes of `ShardClip` that are not arrays, frame_count, duration_s, end_s, and one of strings
        for each kind of label, null if a clip has none; `label` is always among them.
        """
        from .labels import clips_table, read_labels

        if self.manifest.inventory is not None:
            with suppress(IndexStateError):
                return read_clips(self.index, self.manifest.inventory)
        record = self.manifest.labels
        labels = None if record is None else read_labels(self.index, record)
        return clips_table(self._shards, self.rows, self.manifest.fps, labels)

    @cached_property
    def spans(self) -> ClipSpans:
        """The labelled spans of its clips. IndexStateError: their table is missing or damaged."""
        return clip_spans(self.index, self.manifest.spans, self.clips, self.manifest.fps)

    @cached_property
    def clip_starts_s(self) -> NDArray[np.float64]:
        """(C,) file time of the first frame of each clip, the column `start_s` of `clips`."""
        return np.asarray(numbers(self.clips["start_s"]), np.float64)

    def find_clip(self, clip: str) -> int | None:
        """Row of a clip in `clips`; None if the index has no clip of this id."""
        ids = self.rows.clips
        row = bisect.bisect_left(ids, clip)
        return row if row < len(ids) and ids[row] == clip else None

    def clip_row(self, clip: str) -> int:
        """Row of a clip in `clips`. QueryError if the index has no clip of this id."""
        row = self.find_clip(clip)
        if row is not None:
            return row
        ids = self.rows.clips
        close = difflib.get_close_matches(clip, ids, n=3) if len(ids) <= 100_000 else []
        hint = f"did you mean {' or '.join(close)}?" if close else "`mretrieve list` shows all clips"
        raise QueryError(f"{clip}: no clip of this name in {self.index}; {hint}")

    def dimension(self, space: str | Sequence[str]) -> int:
        """Dimension of a space, or the sum over several. IndexStateError if the index lacks one."""
        return sum(self._dimensions(space).values())

    def vector_blocks(
        self, space: str | Sequence[str], length: int, without: Collection[str] = ()
    ) -> list[VectorBlock]:
        """The vectors of windows of one length (or WHOLE), mapped, shard by shard; of several spaces, side by side.

        `without` are ids of shards that are left out.

        Raises:
            IndexStateError: the index has no such space, or its vectors are damaged.
        """
        return vector_blocks(self._shards, self.rows, self._dimensions(space), length, without)

    def indexed_blocks(
        self, space: str, length: int, counts: Mapping[str, int], scattered: bool = False
    ) -> list[VectorBlock]:
        """The vectors of the windows in a vector index, in its order, mapped; `rows` is -1 for windows that are gone.

        `counts` are the `shards` of its record. `scattered`: single rows are read, see `mapped_file`.

        Raises:
            IndexStateError: vectors are damaged.
        """
        return indexed_blocks(self._shards, self.rows, self._dimensions(space), length, counts, scattered)

    def window_counts(self, length: int) -> dict[str, tuple[int, int]]:
        """Number of windows of one length (or WHOLE) by id of shard, all and live; shards without any are left out."""
        return window_counts(self._shards, self.rows, length)

    def vector_index(self, record: VectorIndexRecord) -> NDArray[np.uint8]:
        """The content of the file of a vector index, mapped. IndexStateError if it is missing or damaged."""
        content = self._mapped_index(record)
        if record.file.id not in self._checked_indexes:
            check_mapped(vector_index_file(self.index, record.file.id), content, record.file)
            self._checked_indexes.add(record.file.id)
        return content

    def _mapped_index(self, record: VectorIndexRecord) -> NDArray[np.uint8]:
        file = record.file
        if file.id not in self._vector_indexes:
            self._vector_indexes[file.id] = mapped_file(vector_index_file(self.index, file.id), file.size)
        return self._vector_indexes[file.id]

    def vector_files(self, spaces: Sequence[str]) -> list[Path]:
        """The files with the vectors of some spaces."""
        folders = [shard_folder(self.index, record.id) for record in self.shards]
        return [folder / vectors_file(space) for folder in folders for space in spaces]

    def vectors(self, space: str | Sequence[str], length: int | None = None) -> NDArray[np.float32]:
        """A copy of the vectors of the windows of one length (or WHOLE; None for all), by row: (n, D).

        Those of several spaces stand side by side.

        Raises:
            IndexStateError: as in `vector_blocks`.
        """
        self.check_sound()
        lengths = self.rows.lengths.tolist() if length is None else [length]
        return to_array([block for each in lengths for block in self.vector_blocks(space, each)], self.dimension(space))

    def stored(self, clip_row: int) -> ShardClip:
        """A clip with everything that is stored of it. IndexStateError: its shard is damaged."""
        rows = self.rows
        return stored_clip(self._shards[int(rows.clip_shard[clip_row])], int(rows.clip_local[clip_row]), self.encoders)

    def windows_left(self, clip_row: int) -> tuple[NDArray[np.int32] | None, dict[str, NDArray[np.float32]]]:
        """What is left of the windows (W, 2) of a clip and their vectors in each space, in a damaged shard."""
        rows = self.rows
        shard, local = self._shards[int(rows.clip_shard[clip_row])], int(rows.clip_local[clip_row])
        return windows_left(shard, local, self.encoders)

    def motion(
        self, clip_row: int, start_frame: int = 0, end_frame: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Canonical positions (T, 22, 3) float32 in metres and observed (T, 22) bool of a clip: read-only, mapped.

        Only the frames from `start_frame` up to `end_frame` are read, if these are given.

        Raises:
            IndexStateError: the shard that holds it is damaged.
        """
        rows = self.rows
        first, count = int(rows.clip_first[clip_row]), int(rows.clip_frames[clip_row])
        start, end, _ = slice(start_frame, end_frame).indices(count)
        return self._shards[int(rows.clip_shard[clip_row])].frames(first + start, first + max(start, end))

    def points(self, clip_row: int) -> NDArray[np.float32] | None:
        """Points (T, 22, 2) float32 that a clip was lifted from, as in a `View`: read-only, mapped.

        None for motion in space.

        Raises:
            IndexStateError: the shard that holds it is damaged.
        """
        rows = self.rows
        return self._shards[int(rows.clip_shard[clip_row])].points(int(rows.clip_local[clip_row]))

    def shard_clips(self, number: int) -> list[str]:
        """Ids of the live clips of a shard, in the order of `shards`."""
        return [self.rows.clips[row] for row in np.flatnonzero(self.rows.clip_shard == number).tolist()]

    @cached_property
    def rows(self) -> Rows:
        """Its live clips and windows. IndexStateError: a shard is damaged."""
        if self.manifest.inventory is not None:
            with suppress(IndexStateError):
                return read_rows(self.index, self.manifest.inventory, self.shards)
        return live_rows(self._shards, self.manifest.removed)

    def _some_paths(self, folder: str) -> list[str]:
        """Paths of a few clips of a folder, relative to it."""
        ids, names = self.rows.clips, {record.name for record in self.manifest.folders}
        first = bisect.bisect_left(ids, f"{folder}/") if folder else 0
        rows = (row for row in range(first, len(ids)) if split_path(names, ids[row])[0] == folder)
        return [split_path(names, self.clips["path"][row].as_py())[1] for row in islice(rows, 3)]

    def _dimensions(self, space: str | Sequence[str]) -> dict[str, int]:
        known = {encoder.name: encoder.dimension for encoder in self.encoders}
        names = [space] if isinstance(space, str) else list(space)
        if missing := [name for name in names if name not in known]:
            raise IndexStateError(
                f"{self.index}: has no vectors of {missing[0]}, only of {', '.join(known)}; index the folder with that "
                "encoder"
            )
        if not names or len(set(names)) < len(names):
            raise ValueError(f"a search needs spaces, each once, not {names}")
        return {name: known[name] for name in names}
