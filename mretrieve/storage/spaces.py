"""The vectors of a version: one space, or several side by side, as a search takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .ranking import Block, gathered
from .rows import Rows
from .shard import Shard


def blocks(
    shards: Sequence[Shard], rows: Rows, dimensions: Mapping[str, int], windows: NDArray[np.bool_] | None
) -> list[Block]:
    """The vectors that take part in a search, shard by shard.

    Args:
        shards: of the version, and `rows` how they are laid out.
        dimensions: the spaces that are searched together, in the order of their numbers in a query.
        windows: (N,) which windows may answer; None for all.

    Raises:
        IndexStateError: vectors are damaged.
    """
    found = []
    for shard, chosen, names in zip(shards, rows.local_windows, rows.window_rows, strict=True):
        if windows is not None:
            allowed = windows[names]
            chosen, names = chosen[allowed], names[allowed]
        if len(names):
            everything = len(names) == shard.record.window_count
            vectors = tuple(shard.vectors(space, dimension) for space, dimension in dimensions.items())
            norms = tuple(shard.record.largest_norms[space] for space in dimensions)
            found.append(Block(vectors, None if everything else chosen, names, norms))
    return found


def copied(every: Sequence[Block], dimension: int) -> NDArray[np.float32]:
    """A copy of the vectors of all windows, in their order: (N, D), D the sum over the spaces."""
    out = np.empty((sum(len(block.rows) for block in every), dimension), np.float32)
    for block in every:
        out[block.rows] = gathered([block], np.arange(len(block.rows)))
    return out
