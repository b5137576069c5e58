"""Vectors of a version as searches take them: shard by shard, one space or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .rows import Rows
from .shard import Shard


@dataclass(frozen=True, eq=False)
class VectorBlock:
    """Rows of one array of vectors, or of the arrays of several spaces.

    Attributes:
        vectors: (n, D) of each space, mapped.
        chosen: (m,) ascending, which of the n belong to the block; None for all.
        rows: (m,) their rows in the snapshot, ascending.
        largest_norms: for each space, no less than the norm of any of its vectors.
    """

    vectors: tuple[NDArray[np.float32], ...]
    chosen: NDArray[np.intp] | None
    rows: NDArray[np.int64]
    largest_norms: tuple[float, ...]

    def subset(self, keep: NDArray[np.bool_]) -> VectorBlock:
        """The rows (m,) that are to be kept."""
        chosen = np.flatnonzero(keep) if self.chosen is None else self.chosen[keep]
        return VectorBlock(self.vectors, chosen, self.rows[keep], self.largest_norms)


def vector_blocks(shards: Sequence[Shard], rows: Rows, dimensions: Mapping[str, int], length: int) -> list[VectorBlock]:
    """The vectors of windows of one length.

    Args:
        shards: of the version, and `rows` how they are laid out.
        dimensions: the spaces that are searched together, in the order of their numbers in a query.
        length: of the windows in frames, or WHOLE.

    Raises:
        IndexStateError: vectors are damaged.
    """
    wanted = rows.of_length(length)
    blocks = []
    for shard, positions, names in zip(shards, rows.local_windows, rows.window_rows, strict=True):
        part = slice(*np.searchsorted(names, [wanted.start, wanted.stop]).tolist())
        chosen, names = positions[part], names[part]
        if len(names):
            vectors = tuple(shard.vectors(space, dimension) for space, dimension in dimensions.items())
            norms = tuple(shard.record.largest_norms[space] for space in dimensions)
            first, last = int(chosen[0]), int(chosen[-1])
            if last - first == len(chosen) - 1:
                blocks.append(VectorBlock(tuple(each[first : last + 1] for each in vectors), None, names, norms))
            else:
                blocks.append(VectorBlock(vectors, chosen, names, norms))
    return blocks


def take_rows(blocks: Sequence[VectorBlock], positions: NDArray[np.intp]) -> NDArray[np.float32]:
    """The vectors at ascending positions among all rows of the blocks: (positions, D), D the sum over the spaces."""
    bounds = np.cumsum([0, *(len(block.rows) for block in blocks)])
    cuts = np.searchsorted(positions, bounds)
    taken = []
    for block, bound, first, last in zip(blocks, bounds, cuts, cuts[1:], strict=False):
        if first < last:
            inside = positions[first:last] - bound
            rows = inside if block.chosen is None else block.chosen[inside]
            taken.append(np.concatenate([vectors[rows] for vectors in block.vectors], axis=1))
    return np.concatenate(taken)


def to_array(blocks: Sequence[VectorBlock], dimension: int) -> NDArray[np.float32]:
    """A copy of the vectors of blocks whose rows follow each other, by row: (n, D), D the sum over the spaces."""
    out = np.empty((sum(len(block.rows) for block in blocks), dimension), np.float32)
    first = min((int(block.rows[0]) for block in blocks), default=0)
    for block in blocks:
        out[block.rows - first] = take_rows([block], np.arange(len(block.rows)))
    return out
