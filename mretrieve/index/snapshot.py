"""A snapshot: one version of an index as a reader sees it. What is committed later does not change it."""

from __future__ import annotations

import bisect
import difflib
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import IndexStateError, QueryError
from .layout import CANONICAL_FPS, LOCK, MANIFESTS, shard_folder, vectors_file, versions
from .manifest import EncoderRecord, Manifest, ShardRecord, WindowSettings, read_manifest
from .ranking import Block, best_rows, gathered
from .rows import Rows, live_rows
from .shard import Shard
from .tables import column_of, numbers

if TYPE_CHECKING:
    import pyarrow as pa


class Snapshot:
    """One version of an index, read-only. Any number may be open, in any process, while a writer goes on.

    A row of `clips` is a clip; a row of `window_clip`, `window_start`, `window_end` is a window, which has a vector in
    every space. Clips are sorted by id, windows by clip and start, the whole clip first; only live ones are seen.
    """

    def __init__(self, index: Path, manifest: Manifest) -> None:
        self.index = index
        self.manifest = manifest
        self._shards = tuple(Shard(index, record) for record in manifest.shards)

    @classmethod
    def open(cls, index: Path, version: int | None = None) -> Snapshot:
        """Open a version of an index; None for the newest.

        Raises:
            IndexStateError: there is no index or no such version, it is damaged, or a newer mretrieve wrote it.
        """
        index = Path(os.path.abspath(index))  # noqa: PTH100  not resolved: links keep the names the user knows
        known = versions(index)
        if not known:
            raise _no_version(index)
        if version is not None and version not in known:
            kept = f"{known[0]} to {known[-1]}" if len(known) > 1 else f"{known[0]}"
            raise IndexStateError(f"{index}: has no version {version}; it keeps {kept}")
        return cls(index, read_manifest(index, known[-1] if version is None else version))

    def hold(self) -> None:
        """Map every file now: what is mapped stays readable when later versions have replaced it and it is removed.

        Raises:
            IndexStateError: a file is damaged, or was removed since the snapshot was opened.
        """
        _ = self.clips, self._rows
        for shard in self._shards:
            _ = shard.motions
            for encoder in self.encoders:
                shard.vectors(encoder.name, encoder.dimension)

    @property
    def version(self) -> int:
        """Number of this version."""
        return self.manifest.version

    @property
    def encoders(self) -> tuple[EncoderRecord, ...]:
        """The encoders whose spaces the index has."""
        return self.manifest.encoders

    @property
    def windows_settings(self) -> WindowSettings:
        """How its takes were cut."""
        return self.manifest.windows

    @property
    def smooth(self) -> bool:
        """Whether queries are to be smoothed over the gallery."""
        return self.manifest.smooth

    @property
    def shards(self) -> tuple[ShardRecord, ...]:
        """The shards it consists of."""
        return self.manifest.shards

    @property
    def size_bytes(self) -> int:
        """Bytes on disk of all files that this version names."""
        labels = self.manifest.labels.size if self.manifest.labels else 0
        return labels + sum(sum(record.sizes.values()) for record in self.shards)

    @cached_property
    def repository(self) -> Path:
        """The indexed folder: where it was, seen from the index (both may have moved), else where it was absolutely."""
        moved = Path(os.path.normpath(self.index / self.manifest.repository_from_index))
        absolute = Path(self.manifest.repository)
        for place in (moved, absolute):
            if any((place / path).exists() for path in self._some_paths):
                return place
        return absolute

    @cached_property
    def _some_paths(self) -> list[str]:
        paths: list[str] = self.clips["path"].slice(0, 3).to_pylist()
        return paths or ["."]

    @cached_property
    def clips(self) -> pa.Table:
        """One row per clip, sorted by `clip`.

        Columns: what `ShardClip` says of a clip besides its arrays, frame_count, duration_s, end_s, and one of type
        string for each kind of label, null where a clip has none; `label` is always among them.
        """
        import pyarrow as pa

        from .labels import joined, read_labels

        rows, record = self._rows, self.manifest.labels
        clips = pa.concat_tables([shard.clips for shard in self._shards] or [_no_clips()])
        first_of_shard = np.cumsum([0, *(shard.record.clip_count for shard in self._shards)], dtype=np.int64)
        order = (first_of_shard[rows.clip_shard] + rows.clip_local).astype(np.int64)
        if not np.array_equal(order, np.arange(clips.num_rows)):
            clips = clips.take(column_of(order))
        duration_s = numbers(clips["frame_count"]) / CANONICAL_FPS
        clips = clips.append_column("duration_s", column_of(duration_s))
        clips = clips.append_column("end_s", column_of(numbers(clips["start_s"]) + duration_s))
        return joined(clips, None if record is None else read_labels(self.index, record))

    def clip_row(self, clip: str) -> int:
        """Row of a clip in `clips`. QueryError where the index has none of this id."""
        ids = self._rows.clips
        row = bisect.bisect_left(ids, clip)
        if row < len(ids) and ids[row] == clip:
            return row
        close = difflib.get_close_matches(clip, ids, n=3) if len(ids) <= 100_000 else []
        hint = f"did you mean {' or '.join(close)}?" if close else "`mretrieve info` tells what the index holds"
        raise QueryError(f"{clip}: no clip of this name in {self.index}; {hint}")

    @property
    def window_clip(self) -> NDArray[np.int32]:
        """Row in `clips` of each window: (N,)."""
        return self._rows.window_clip

    @property
    def window_start(self) -> NDArray[np.int32]:
        """First canonical frame of each window: (N,)."""
        return self._rows.window_start

    @property
    def window_end(self) -> NDArray[np.int32]:
        """Canonical frame after the last of each window: (N,)."""
        return self._rows.window_end

    def search(
        self, space: str, queries: NDArray[np.float32], k: int, windows: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k windows with the largest inner products, exact for any mask.

        Args:
            space: name of the encoder.
            queries: (Q, D) vectors.
            k: how many are wanted, at least 1.
            windows: (N,) which windows may answer; None for all.

        Returns:
            Products and window rows, (Q, k') each, best first, equal products by ascending row. k' is k, or how many
            windows there are (or may answer), if fewer.

        Raises:
            IndexStateError: the index has no such space, or its vectors are damaged.
            ValueError: the arguments do not fit the space or each other.
        """
        dimension = self._dimension(space)
        if queries.ndim != 2 or queries.shape[1] != dimension or not np.isfinite(queries).all():
            raise ValueError(f"queries are {queries.shape} or not finite; {space} needs (Q, {dimension})")
        if k < 1 or (windows is not None and windows.shape != self.window_clip.shape):
            raise ValueError(
                f"k is {k}, the mask {None if windows is None else windows.shape} for {len(self.window_clip)}"
            )
        try:
            return best_rows(np.ascontiguousarray(queries, np.float32), self._blocks(space, windows), k)
        except FloatingPointError:
            files = ", ".join(
                str(shard_folder(self.index, record.id) / vectors_file(space)) for record in self.shards[:3]
            )
            raise IndexStateError(f"{files}: vectors are not finite numbers; run `mretrieve verify`") from None

    def vectors(self, space: str) -> NDArray[np.float32]:
        """A copy of the vectors of all windows, in their order: (N, D). IndexStateError as in `search`."""
        out = np.empty((len(self.window_clip), self._dimension(space)), np.float32)
        for block in self._blocks(space, None):
            out[block.rows] = gathered([block], np.arange(len(block.rows)))
        return out

    def motion(self, clip_row: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Canonical positions (T, 22, 3) float32 in metres and observed (T, 22) bool of a clip: read-only, mapped.

        Raises:
            IndexStateError: the shard that holds it is damaged.
        """
        rows = self._rows
        shard = self._shards[int(rows.clip_shard[clip_row])]
        return shard.motion(int(rows.clip_local[clip_row]))

    def shard_clips(self, number: int) -> list[str]:
        """Ids of the live clips of a shard, in the order of `shards`."""
        return [self._rows.clips[row] for row in np.flatnonzero(self._rows.clip_shard == number)]

    @cached_property
    def _rows(self) -> Rows:
        return live_rows(self._shards, self.manifest.removed)

    def _dimension(self, space: str) -> int:
        for encoder in self.encoders:
            if encoder.name == space:
                return encoder.dimension
        names = ", ".join(encoder.name for encoder in self.encoders)
        raise IndexStateError(
            f"{self.index}: has no vectors of {space}, only of {names}; index the folder with that encoder"
        )

    def _blocks(self, space: str, windows: NDArray[np.bool_] | None) -> list[Block]:
        """The vectors of a space that take part in a search, shard by shard."""
        blocks = []
        for shard, chosen, rows in zip(self._shards, self._rows.local_windows, self._rows.window_rows, strict=True):
            if windows is not None:
                allowed = windows[rows]
                chosen, rows = chosen[allowed], rows[allowed]
            if len(rows):
                everything = len(rows) == shard.record.window_count
                vectors = shard.vectors(space, self._dimension(space))
                largest_norm = shard.record.largest_norms[space]
                blocks.append(Block(vectors, None if everything else chosen, rows, largest_norm))
        return blocks


def _no_clips() -> pa.Table:
    from .shard_writer import clips_schema

    return clips_schema().empty_table()


def _no_version(index: Path) -> IndexStateError:
    if (index / MANIFESTS).is_dir() or (index / LOCK).exists():
        return IndexStateError(f"{index}: has no version yet; run `mretrieve index DIR --index {index}` to its end")
    what = "no such folder" if not index.exists() else "is no index"
    return IndexStateError(f"{index}: {what}; make one there with `mretrieve index DIR --index {index}`")
