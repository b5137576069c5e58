"""The rows of a version, its live clips and windows, in the one order that readers see, and their vectors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .shard import Shard, StoredRows

#: If at least one row in this many is read, all rows are checked: blocks of the file hold several.
_DENSE = 4


@dataclass(frozen=True, eq=False)
class Rows:
    """Live clips by id; live windows by length, then by clip, then by start.

    Whole clips come first, so the row of a clip is also the row of its whole.

    Attributes:
        clips: the C ids, sorted.
        clip_shard: (C,) number of the shard that holds the clip.
        clip_local: (C,) row of the clip in that shard.
        clip_first: (C,) its first frame among the motions of that shard.
        lengths: (L,) lengths of windows in frames, ascending; WHOLE is the first.
        bounds: (L + 1,) windows of `lengths[i]` have the rows from `bounds[i]` up to `bounds[i + 1]`.
        window_clip: (N,) row of the clip.
        window_start: (N,) first frame.
        window_end: (N,) frame after the last.
        local_windows: for each shard, positions (n,) of its live windows, ascending in `window_rows`.
        window_rows: for each shard, the rows (n,) of these windows, ascending.
    """

    clips: Sequence[str]
    clip_shard: NDArray[np.int32]
    clip_local: NDArray[np.int32]
    clip_first: NDArray[np.int64]
    lengths: NDArray[np.int64]
    bounds: NDArray[np.int64]
    window_clip: NDArray[np.int32]
    window_start: NDArray[np.int32]
    window_end: NDArray[np.int32]
    local_windows: tuple[NDArray[np.int64], ...]
    window_rows: tuple[NDArray[np.int64], ...]

    def of_length(self, length: int) -> slice:
        """The rows of the windows of one length in frames, or of whole clips (WHOLE)."""
        number = int(np.searchsorted(self.lengths, length))
        if number == len(self.lengths) or self.lengths[number] != length:
            return slice(0, 0)
        return slice(*self.bounds[number : number + 2].tolist())

    @property
    def clip_count(self) -> int:
        """Number of clips, C."""
        return len(self.clips)

    @property
    def clip_frames(self) -> NDArray[np.int32]:
        """Number of canonical frames of each clip: (C,)."""
        return self.window_end[: len(self.clips)]

    @property
    def window_lengths(self) -> NDArray[np.int64]:
        """Lengths of windows in frames without WHOLE, ascending: (L - 1,)."""
        return self.lengths[1:]

    @cached_property
    def clip_has_windows(self) -> NDArray[np.bool_]:
        """Whether each clip has windows of each of `window_lengths`: (C, L - 1), each column in C order."""
        has = np.zeros((len(self.window_lengths), len(self.clips)), bool)
        for own, length in zip(has, self.window_lengths.tolist(), strict=True):
            own[self.window_clip[self.of_length(length)]] = True
        return has.T


@dataclass(frozen=True, eq=False)
class VectorBlock:
    """Rows of one array of vectors, or of the arrays of several spaces.

    Attributes:
        vectors: (n, D) of each space, mapped.
        chosen: (m,) ascending, which of the n belong to the block; None for all.
        rows: (m,) their rows in the snapshot, ascending.
        largest_norms: for each space, no less than the norm of any of its vectors.
        stored: where the vectors of each space are stored; () for vectors in memory.
    """

    vectors: tuple[NDArray[np.float32], ...]
    chosen: NDArray[np.intp] | None
    rows: NDArray[np.int64]
    largest_norms: tuple[float, ...]
    stored: tuple[StoredRows, ...] = ()

    def check(self, positions: NDArray[np.intp] | None = None) -> None:
        """Check the vectors at some positions among its own rows, or all; to be done before they are read.

        Raises:
            DamagedShardError: they are not what was written.
        """
        chosen = self.chosen if self.chosen is None or positions is None else self.chosen[positions]
        wanted = positions if self.chosen is None else chosen
        for stored in self.stored:
            if not stored.file.complete:
                is_dense = wanted is None or len(wanted) * _DENSE >= len(stored.vectors)
                stored.check(None if is_dense else wanted)

    def subset(self, keep: NDArray[np.bool_]) -> VectorBlock:
        """The rows (m,) that are to be kept."""
        return self.at(np.flatnonzero(keep))

    def at(self, positions: NDArray[np.intp]) -> VectorBlock:
        """The rows at ascending positions among its own."""
        chosen = positions if self.chosen is None else self.chosen[positions]
        return VectorBlock(self.vectors, chosen, self.rows[positions], self.largest_norms, self.stored)

    def numbers(self) -> NDArray[np.float32]:
        """A copy of its vectors (m, D), those of several spaces side by side, which are checked."""
        self.check()
        taken = self.vectors if self.chosen is None else [vectors[self.chosen] for vectors in self.vectors]
        return np.concatenate(taken, axis=1)


def vector_blocks(
    shards: Sequence[Shard],
    rows: Rows,
    dimensions: Mapping[str, int],
    length: int,
    without: Collection[str] = (),
) -> list[VectorBlock]:
    """The vectors of windows of one length; those of shards that are known to be damaged are left out.

    Args:
        shards: of the version, and `rows` how they are laid out.
        dimensions: the spaces that are searched together, in the order of their numbers in a query.
        length: of the windows in frames, or WHOLE.
        without: ids of shards that are left out.

    Raises:
        IndexStateError: vectors are damaged.
    """
    blocks = []
    for number, shard in enumerate(shards):
        part = _rows_of_length(rows, number, length)
        if part.start < part.stop and shard.damage is None and shard.record.id not in without:
            names = rows.window_rows[number][part]
            blocks.append(_block(shard, rows.local_windows[number][part], names, dimensions))
    return blocks


def indexed_blocks(
    shards: Sequence[Shard],
    rows: Rows,
    dimensions: Mapping[str, int],
    length: int,
    counts: Mapping[str, int],
    scattered: bool = False,
) -> list[VectorBlock]:
    """The vectors of all windows of one length in some shards; `rows` is -1 for windows that are not live.

    Args:
        shards: of the version, and `rows` how they are laid out.
        dimensions: the spaces, as in `vector_blocks`.
        length: of the windows in frames, or WHOLE.
        counts: shard id -> number of its windows of this length, in the order of the blocks. A shard that the version
            lacks, or that is known to be damaged, has a block without vectors.
        scattered: whether single rows are read, see `mapped_file`.

    Raises:
        IndexStateError: vectors are damaged.
    """
    numbers = {shard.record.id: number for number, shard in enumerate(shards) if shard.damage is None}
    nothing = tuple(np.zeros((0, dimension), np.float32) for dimension in dimensions.values())
    blocks = []
    for shard_id, count in counts.items():
        names = np.full(count, -1, np.int64)
        number = numbers.get(shard_id)
        if number is None:
            blocks.append(VectorBlock(nothing, None, names, (0.0,) * len(nothing)))
            continue
        part = _rows_of_length(rows, number, length)
        live = rows.local_windows[number][part]
        # If all are live, the table of the shard need not be read.
        positions = live if len(live) == count else shards[number].windows_of_length(length)
        names[np.searchsorted(positions, live)] = rows.window_rows[number][part]
        blocks.append(_block(shards[number], positions, names, dimensions, scattered))
    return blocks


def window_counts(shards: Sequence[Shard], rows: Rows, length: int) -> dict[str, tuple[int, int]]:
    """Number of windows of one length (or WHOLE) by id of shard, all and live; shards without any are left out."""
    counts = {}
    for number, shard in enumerate(shards):
        if count := len(shard.windows_of_length(length)):
            part = _rows_of_length(rows, number, length)
            counts[shard.record.id] = count, part.stop - part.start
    return counts


def _rows_of_length(rows: Rows, number: int, length: int) -> slice:
    """The range of one length among the live windows of a shard."""
    wanted = rows.of_length(length)
    return slice(*np.searchsorted(rows.window_rows[number], [wanted.start, wanted.stop]).tolist())


def _block(
    shard: Shard,
    positions: NDArray[np.int64],
    names: NDArray[np.int64],
    dimensions: Mapping[str, int],
    scattered: bool = False,
) -> VectorBlock:
    """The vectors at some positions of a shard, ascending; at least one."""
    stored = tuple(shard.rows_of(space, dimension, scattered) for space, dimension in dimensions.items())
    norms = tuple(shard.record.largest_norms[space] for space in dimensions)
    first, last = int(positions[0]), int(positions[-1])
    if last - first == len(positions) - 1:
        stored, chosen = tuple(each.part(first, last + 1) for each in stored), None
    else:
        chosen = positions
    return VectorBlock(tuple(each.vectors for each in stored), chosen, names, norms, stored)


def blocks_at(blocks: Sequence[VectorBlock], positions: NDArray[np.intp]) -> list[VectorBlock]:
    """The rows at ascending positions among all rows of the blocks."""
    bounds = np.cumsum([0, *(len(block.rows) for block in blocks)])
    cuts = np.searchsorted(positions, bounds)
    parts = zip(blocks, bounds, cuts, cuts[1:], strict=False)
    return [block.at(positions[first:last] - bound) for block, bound, first, last in parts if first < last]


def take_rows(blocks: Sequence[VectorBlock], positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The vectors at ascending positions among all rows of the blocks: (positions, D), D the sum over the spaces."""
    return np.concatenate([block.numbers() for block in blocks_at(blocks, positions)])


def to_array(blocks: Sequence[VectorBlock], dimension: int) -> NDArray[np.float32]:
    """A copy of the vectors of blocks whose rows follow each other, by row: (n, D), D the sum over the spaces."""
    out = np.empty((sum(len(block.rows) for block in blocks), dimension), np.float32)
    first = min((int(block.rows[0]) for block in blocks), default=0)
    for block in blocks:
        out[block.rows - first] = block.numbers()
    return out
