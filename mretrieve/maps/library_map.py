"""The map of a library: its clips as points, stored in the index, and what they are coloured by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..errors import QueryError
from ..search.spaces import Spaces
from ..storage.layout import WHOLE
from ..storage.map_files import METHODS, map_id, read_map, write_map
from ..storage.snapshot import Snapshot
from .projection import best_method, project

#: Colours of groups, the largest first (Okabe and Ito, 2008, then darker and lighter ones); of the others and of none.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b5aa6", "#8c6d31", "#1b4f72", "#a93226"),
    *("#5b8c5a", "#e377c2", "#b7950b", "#17becf", "#5f6caf", "#e08283", "#3d9970", "#c39bd3", "#a04000", "#85c1e9"),
)
OTHER_COLOUR = "#9aa0a6"
#: Columns that are tried in turn if none is named.
_DEFAULT_COLUMNS = ("label", "rig")


@dataclass(frozen=True)
class MapGroup:
    """Clips of one colour: those with one value in a column, or all that are left."""

    name: str
    colour: str
    count: int


@dataclass(frozen=True, eq=False)
class LibraryMap:
    """The clips of one version of an index in a plane, alike ones near each other.

    Attributes:
        snapshot: the version.
        space: the space whose distances are shown, by the name of its encoder.
        encoder: that encoder.
        method: "umap", "tsne" or "pca". The axes have no meaning; after UMAP and t-SNE, neither have long distances.
        points: (N, 2) float32 within -1 to 1, in the order of the snapshot's clips.
    """

    snapshot: Snapshot
    space: str
    encoder: WindowEncoder
    method: str
    points: NDArray[np.float32]

    @property
    def names(self) -> list[str]:
        """(N,) ids of the clips."""
        names: list[str] = self.snapshot.clips["clip"].to_pylist()
        return names

    def values(self, column: str | None = None) -> tuple[str, list[str | None]]:
        """The column by which clips are coloured, and the value of each clip, None without one. As `groups`."""
        clips = self.snapshot.clips
        if column is None:
            known = [name for name in _DEFAULT_COLUMNS if name in clips.column_names]
            column = next((name for name in known if clips[name].null_count < len(clips)), known[-1])
        if column not in clips.column_names:
            raise QueryError(f"no column {column!r:.60} to colour by; there are {', '.join(clips.column_names)}")
        return column, [None if value is None or value == "" else str(value) for value in clips[column].to_pylist()]

    def groups(self, column: str | None = None) -> tuple[str, list[MapGroup], NDArray[np.intp]]:
        """The column by which clips are coloured, its groups, and the group (N,) of each clip.

        Args:
            column: a column of the index, such as "performer"; None for labels or, without any, rigs.

        Raises:
            QueryError: the index has no such column.
        """
        column, values = self.values(column)
        counts = Counter(value for value in values if value is not None)
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        named = ranked if len(ranked) <= len(COLOURS) else ranked[: len(COLOURS) - 1]
        groups = [MapGroup(value, colour, counts[value]) for value, colour in zip(named, COLOURS, strict=False)]
        place = {group.name: number for number, group in enumerate(groups)}
        rest = len(values) - sum(counts[value] for value in named)
        if rest:
            groups.append(MapGroup("others" if len(ranked) > len(named) else f"no {column}", OTHER_COLOUR, rest))
        return column, groups, np.array([place.get(value or "", len(place)) for value in values], np.intp)


def map_library(snapshot: Snapshot, space: str | None = None) -> LibraryMap:
    """The map of a version, read from its index or, the first time, computed and stored there.

    Args:
        snapshot: the version.
        space: the space whose distances are shown; None for the first that queries use.

    Raises:
        QueryError: the index has no such space, or no clips.
        IndexStateError: the index is damaged, or other weights made its vectors.
    """
    spaces = Spaces(snapshot)
    if space is None:
        space = next(encoder.name for encoder in snapshot.encoders if encoder.weight > 0)
    opened = spaces.asked(space, None)
    method, count = best_method(), snapshot.clips.num_rows
    if not count:
        raise QueryError(f"{snapshot.index}: has no clips to draw; add some with `{snapshot.index_command}`")
    for stored in METHODS[: METHODS.index(method) + 1]:  # one that was made with a better method elsewhere
        points = read_map(snapshot.index, map_id(snapshot.manifest, opened.name, stored), count)
        if points is not None:
            return LibraryMap(snapshot, opened.name, opened.encoder, stored, points)
    vectors = snapshot.vectors(opened.name, WHOLE)

    def distances(rows: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.floating]:
        return -(opened.encoder.as_queries(vectors[rows]) @ vectors[others].T)

    points = project(distances, count, method)
    write_map(snapshot.index, map_id(snapshot.manifest, opened.name, method), points)
    return LibraryMap(snapshot, opened.name, opened.encoder, method, points)
