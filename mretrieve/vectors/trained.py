"""What the trained kinds of vector index have in common: what they are made of, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..storage.files import Bytes
from ..storage.rows import VectorBlock, take_rows

_CHUNK_ROWS = 16384

Settings = Mapping[str, float | str]


@dataclass(frozen=True, eq=False)
class Entries:
    """The rows of one or more blocks that may answer; entries are numbered through the blocks.

    Attributes:
        clips: (n,) row of the clip of each entry; -1 for windows that the snapshot lacks.
        allowed: (C,) clips that may answer; None for all.
        count: number of entries that may answer.
    """

    clips: NDArray[np.int32]
    allowed: NDArray[np.bool_] | None
    count: int

    @property
    def all(self) -> bool:
        """Whether every entry may answer."""
        return self.count == len(self.clips)

    def may_answer(self, entries: NDArray[np.integer] | slice = slice(None)) -> NDArray[np.bool_]:
        """Which of some entries may answer."""
        clips = self.clips[entries]
        live = clips >= 0
        return live if self.allowed is None else live & self.allowed[clips]


class TrainedIndex(Protocol):
    """A vector index over n vectors of one space, as it was made."""

    def shortlist(self, queries: NDArray[np.float32], k: int, entries: Entries) -> NDArray[np.int64]:
        """For each query (Q, D), the entries that may be among its k nearest of those that may answer.

        (Q, L), filled up with -1. Those of a query are fewer than k if it has no more that may answer, or they were not
        found: then all are to be compared.
        """
        ...


def nothing_found(queries: NDArray[np.float32]) -> NDArray[np.int64]:
    """The shortlists of an index that is not one of the vectors that are searched: all are to be compared."""
    return np.zeros((len(queries), 0), np.int64)


def side_by_side(shortlists: Sequence[NDArray[np.integer]]) -> NDArray[np.int64]:
    """Shortlists as rows of one array, filled up with -1."""
    rows = np.full((len(shortlists), max(map(len, shortlists), default=0)), -1, np.int64)
    for row, shortlist in zip(rows, shortlists, strict=True):
        row[: len(shortlist)] = shortlist
    return rows


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The vectors that an index is made of.

    Attributes:
        blocks: with all vectors, in the order of the entries.
        held_out: (M,) entries, ascending, that an index is measured with and not trained on.
        as_queries: query vectors (n, D) of stored vectors (n, D).
    """

    blocks: Sequence[VectorBlock]
    held_out: NDArray[np.int64]
    as_queries: Callable[[NDArray[np.float32]], NDArray[np.float32]]

    @property
    def count(self) -> int:
        """Number of vectors, n."""
        return sum(len(block.rows) for block in self.blocks)

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All vectors, some thousand (m, D) at a time."""
        for first in range(0, self.count, _CHUNK_ROWS):
            yield take_rows(self.blocks, np.arange(first, min(first + _CHUNK_ROWS, self.count)))

    def sample(self, size: int) -> NDArray[np.float32]:
        """At most so many vectors (m, D) of those that are not held out, always the same."""
        entries = np.setdiff1d(np.arange(self.count), self.held_out)
        if len(entries) > size:
            entries = np.sort(np.random.default_rng(0).choice(entries, size, replace=False))
        return take_rows(self.blocks, entries)


@dataclass(frozen=True)
class VectorKind:
    """A trained kind of vector index.

    Attributes:
        name: by which manifests call it.
        make: the settings and the content of the file of an index; ValueError if the vectors do not suit the kind.
        open: the index, from the content of its file and its settings.
        efforts: settings of a search to choose from, by ascending effort. The first that reaches the wanted recall is
            stored with those of `make`.
    """

    name: str
    make: Callable[[TrainingSet], tuple[Settings, list[Bytes]]]
    open: Callable[[NDArray[np.uint8], Settings], TrainedIndex]
    efforts: Sequence[Settings] = ({},)


def number_columns(vectors: NDArray[np.float32], queries: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which columns of stored vectors (n, D) hold a window's numbers, and not terms that the numbers' norm gives.

    A vector's product with its own query adds up to a distance of zero: the squares of its numbers bring it nearer and
    the norm's terms, which are large and cancel them, take it away again.
    """
    return np.asarray(~((vectors * queries) < 0).any(axis=0))
