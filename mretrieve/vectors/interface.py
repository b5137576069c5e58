"""The contract between a search and the index of vectors behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RowFilter:
    """The rows that may answer: windows of one length, of some clips.

    Attributes:
        length: of the windows in frames; `storage.WHOLE` for clips as a whole.
        clips: (C,) which clips may answer; None for all.
        excluded: rows of clips that may not, even if `clips` has them.
    """

    length: int
    clips: NDArray[np.bool_] | None = None
    excluded: tuple[int, ...] = ()

    def allowed_clips(self, clip_count: int) -> NDArray[np.bool_] | None:
        """Which clips are left, (C,) in C order; None for all."""
        if self.clips is not None and self.clips.shape != (clip_count,):
            raise ValueError(f"the filter has {self.clips.shape} clips, the index {clip_count}")
        if not self.excluded:
            return None if self.clips is None else np.ascontiguousarray(self.clips)
        allowed = np.ones(clip_count, bool) if self.clips is None else self.clips.copy()
        allowed[list(self.excluded)] = False
        return allowed


@dataclass(frozen=True, eq=False)
class Ranking:
    """Nearest rows of each query, best first; equal products by ascending row.

    Attributes:
        products: (Q, k') inner products.
        rows: (Q, k') rows of the snapshot's windows. k' is less than k only if the filter leaves fewer rows.
        missing: ids of the shards that were not searched, because no process that holds them answered.
    """

    products: NDArray[np.float32]
    rows: NDArray[np.int64]
    missing: frozenset[str] = frozenset()


class VectorIndex(Protocol):
    """Finds the nearest rows in one space, or in several side by side; exact or approximate, local or remote.

    Attributes:
        kind: the name under which the kind is registered.
    """

    @property
    def kind(self) -> str: ...

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """The k rows with the largest inner products among those that the filter leaves.

        Args:
            queries: (Q, D) vectors; for several spaces, D is the sum over them, in their order.
            k: at least 1.
            rows: the filter.

        Raises:
            IndexStateError: the vectors are damaged.
            ValueError: the arguments do not fit the space or each other.
        """
        ...
