"""Group-aware search: motions are compared as seen from the mean of their group, a performer, style, session or rig.

Performers and styles differ throughout, in everything that they do. So two vectors are compared after the mean of its
own group was subtracted from each. To subtract m_g from the vectors of a group and m_q from the query is to add
m_g - m_q to the query alone: stored vectors, and indexes over them, stay as they are, and each group is searched with a
query of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..errors import QueryError
from ..storage.layout import WHOLE
from ..storage.snapshot import Snapshot
from ..vectors import Ranking, RowFilter, VectorIndex
from ..vectors.grouped import merged
from .columns import Column

#: The mean of n clips counts n / (n + SHRINKAGE): that of few clips is more about what they do than about who does it.
SHRINKAGE = 1.0
#: From this share of its clips on, a label makes a group one of a single action.
_ONE_ACTION = 0.9
#: Each group is searched by itself, which takes at least a tenth of a millisecond.
_MOST_GROUPS = 1000


@dataclass(frozen=True, eq=False)
class ClipGroups:
    """The groups of an index's clips.

    Attributes:
        column: the column of the clips table that they are from.
        names: (G,) its values.
        of_clips: (C,) the group of each clip; -1 for a clip without a value.
        single_action: how many groups hold clips of one label only; 0 without labels.
    """

    column: str
    names: tuple[str, ...]
    of_clips: NDArray[np.intp]
    single_action: int

    @classmethod
    def by(cls, snapshot: Snapshot, name: str) -> ClipGroups:
        """The groups by a column. QueryError: there is no such column, it has no values, or too many."""
        column = Column.named(snapshot.clips, name, "--group")
        present = ~column.missing
        if not present.any():
            raise QueryError(f"--group: no clip has a value in the column {column.name}; choose another")
        names, numbers = np.unique([str(value) for value in column.values[present]], return_inverse=True)
        if len(names) > _MOST_GROUPS:
            raise QueryError(
                f"--group: {len(names)} different values in the column {column.name}; choose one with at most "
                f"{_MOST_GROUPS}"
            )
        of_clips = np.full(len(present), -1, np.intp)
        of_clips[present] = numbers.ravel()
        labels = Column.of(snapshot.clips, "label")
        return cls(column.name, tuple(names.tolist()), of_clips, _single_action(of_clips, labels, len(names)))

    def members(self, number: int) -> NDArray[np.intp]:
        """Rows of the clips of a group."""
        return np.flatnonzero(self.of_clips == number)

    def number(self, name: str) -> int:
        """The group of a name. QueryError: there is none."""
        if name in self.names:
            return self.names.index(name)
        close = get_close_matches(name, self.names, 3) or self.names[:8]
        raise QueryError(
            f"--query-group: no clip has {name!r:.60} in the column {self.column}; there are {', '.join(close)}"
        )


def _single_action(of_clips: NDArray[np.intp], labels: Column, groups: int) -> int:
    found = 0
    for number in range(groups):
        own = labels.values[(of_clips == number) & ~labels.missing].tolist()
        found += len(own) > 1 and Counter(own).most_common(1)[0][1] >= _ONE_ACTION * len(own)
    return found


@dataclass(frozen=True, eq=False)
class QueryGroup:
    """The group that a query is seen from.

    Attributes:
        name: of the group.
        members: rows of its clips, but for the query itself.
        assumed: whether it was chosen because it is nearest to the query.
    """

    name: str
    members: NDArray[np.intp]
    assumed: bool


class CentredIndex:
    """A `VectorIndex` over vectors as seen from the mean of their group.

    Its queries are vectors as an index stores them, made by `query`; the encoder's `as_queries` is not applied to them.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        spaces: Sequence[str],
        encoder: WindowEncoder,
        groups: ClipGroups,
        vectors: VectorIndex,
    ) -> None:
        self.kind = vectors.kind
        self.groups = groups
        self._vectors, self._encoder = vectors, encoder
        self._gallery = snapshot.vectors(spaces, WHOLE)
        self._mean = self._mean_of(np.arange(len(self._gallery)))
        members = [groups.members(number) for number in range(len(groups.names))]
        self._means = np.concatenate([self._mean_of(rows) for rows in members])
        self._shares = [_share(len(rows)) for rows in members]

    @cached_property
    def differs(self) -> bool:
        """Whether clips are nearer to the mean of the others of their group than to that of all others.

        No labels are used. If they are not, groups say nothing about motion, and their means are chance.
        """
        to_group = to_all = 0.0
        count = len(self._gallery)
        for number, mean in enumerate(self._means):
            rows = self.groups.members(number)
            if len(rows) > 1:
                own = self._encoder.as_queries(self._gallery[rows])
                # A clip's distance to a mean of n clips with it is (1 - 1/n)^2 of that to the mean of the others.
                to_group -= float((own @ mean).sum()) / (1 - 1 / len(rows)) ** 2
                to_all -= float((own @ self._mean[0]).sum()) / (1 - 1 / count) ** 2
        return to_group < to_all

    def group_of(
        self, encoded: Callable[[], NDArray[np.float32]], own_clips: tuple[int, ...], name: str | None
    ) -> QueryGroup | None:
        """The group of a query; None if it has none.

        Args:
            encoded: gives the query's vector (1, D), by which its group is found if nothing else names it.
            own_clips: rows of the clips that the query itself is, whose group it is in.
            name: of another group.

        Raises:
            QueryError: there is no group of that name.
        """
        assumed = name is None and not own_clips
        if name is not None:
            number = self.groups.number(name)
        elif own_clips:
            number = int(self.groups.of_clips[own_clips[0]])
        else:
            number = int((self._encoder.as_queries(encoded()) @ self._means.T)[0].argmax())
        members = np.setdiff1d(self.groups.members(number), own_clips)
        if number < 0 or not len(members):
            return None
        return QueryGroup(self.groups.names[number], members, assumed)

    def query(self, encoded: NDArray[np.float32], group: QueryGroup | None) -> NDArray[np.float32]:
        """Encoded queries (Q, D) as seen from the mean of their group."""
        if group is None:
            return encoded
        return self._moved(encoded, self._mean_of(group.members), -_share(len(group.members)))

    def search(self, queries: NDArray[np.float32], k: int, rows: RowFilter) -> Ranking:
        """See VectorIndex."""
        nothing = Ranking(np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64))
        rankings = []
        for number in range(-1, len(self.groups.names)):
            clips = self.groups.of_clips == number
            if rows.clips is not None:
                clips &= rows.clips
            if clips.any():
                moved = queries if number < 0 else self._moved(queries, self._means[[number]], self._shares[number])
                own = RowFilter(rows.length, clips, rows.excluded)
                rankings.append(self._vectors.search(self._encoder.as_queries(moved), k, own))
        return merged(rankings or [nothing], k)

    def _moved(self, vectors: NDArray[np.float32], mean: NDArray[np.float32], share: float) -> NDArray[np.float32]:
        """Vectors (Q, D) plus `share` of what leads from the mean of all to another mean (1, D)."""
        members = np.stack([vectors, *(np.broadcast_to(each, vectors.shape) for each in (self._mean, mean))], axis=1)
        return self._encoder.blend(members, np.tile([1.0, -share, share], (len(vectors), 1)))

    def _mean_of(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        return self._encoder.blend(self._gallery[rows][None], np.ones((1, len(rows))))


def _share(count: int) -> float:
    return count / (count + SHRINKAGE)


def group_notes(groups: ClipGroups, group: QueryGroup | None, differs: bool) -> tuple[str, ...]:
    """One line each on what a group-aware answer takes for granted.

    Args:
        groups: of the index.
        group: that the query was seen from.
        differs: see `CentredIndex.differs`.
    """
    if not differs:
        return (f"clips of one {groups.column} are no more alike than others, so the search was without groups",)
    notes = []
    if group is None:
        notes.append(f"the query has no {groups.column}, so it is compared as it is")
    elif group.assumed:
        notes.append(f"taken for {groups.column} {group.name!r}, the nearest; --query-group names another")
    if groups.single_action:
        notes.append(
            f"{groups.single_action} of {len(groups.names)} groups by {groups.column} hold one action only, which "
            "grouping makes harder to find"
        )
    return tuple(notes)
