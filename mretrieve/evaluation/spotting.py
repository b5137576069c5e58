"""The protocol `spotting`: is an action of another performer found at its place in takes?"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..encoders import DEFAULT_ENCODER, load_encoder
from ..errors import QueryError
from ..motion import CANONICAL_FPS, JOINTS, Clip, LabelledClip
from ..motion.clip import overlapping_spans
from ..search.answering import answer_queries
from ..search.matches import label_at
from ..search.options import QueryOptions
from ..search.query import Query
from ..search.spaces import Spaces
from ..sources.labels import SHORTEST_PIECE_S
from ..sources.resolve import ClipResolver, indexed_clip
from ..storage.snapshot import Snapshot
from .data_sets import bandai1, hdm05
from .measurements import MeasurementOptions
from .stitched import takes_of
from .tables import Table

#: Temporal intersection over union from which on a moment is the action.
OVERLAPS = (0.3, 0.5, 0.7)
#: Clips of a stitched take, and the seed of their order and pauses.
ACTIONS, SEED = 10, 7
#: The baseline's windows are as long as the query and this share of it apart.
_HOP_SHARE = 0.125
#: Of two overlapping windows of the baseline the farther is left out from this intersection over union on.
_SUPPRESSED = 0.3
#: Moments of a ranking for each true one, at most.
_MOMENTS_PER_TRUE = 20
#: The performers of PRECOG that settings were chosen on, and the others.
PRECOG_CHOSEN, PRECOG_UNSEEN = tuple(map(str, range(1, 7))), tuple(map(str, range(7, 13)))


class Place(NamedTuple):
    """A stretch of a clip of an index, in canonical frames."""

    clip_row: int
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class SpottingQuery:
    """An action that is looked for in the takes of all other groups.

    Attributes:
        clip: the motion.
        label: the action.
        group: who performs it, or in which style.
    """

    clip: Clip
    label: str
    group: str


@dataclass(frozen=True, eq=False)
class SpottingSet:
    """An index of takes with labelled spans, and the queries.

    Attributes:
        name: of the set.
        snapshot: the index.
        groups: the group of each clip of the index; "" for clips that are not in the set.
        queries: the queries.
    """

    name: str
    snapshot: Snapshot
    groups: Sequence[str]
    queries: Sequence[SpottingQuery]

    def others(self, query: SpottingQuery) -> list[int]:
        """Rows of the clips that may answer."""
        return [row for row, group in enumerate(self.groups) if group not in ("", query.group)]

    def true_places(self, query: SpottingQuery) -> list[Place]:
        """Where others do the same."""
        spans, allowed = self.snapshot.spans, set(self.others(query))
        columns = zip(spans.clip_rows.tolist(), spans.starts.tolist(), spans.ends.tolist(), spans.labels, strict=True)
        return [
            Place(row, start, end)
            for row, start, end, label in columns
            if label == query.label and row in allowed and end - start >= SHORTEST_PIECE_S * CANONICAL_FPS
        ]


def spotting(data: Path, options: MeasurementOptions) -> list[Table]:
    """A table for each set: mean average precision of moments by label, and how often the first one is right.

    Raises:
        QueryError: the folder lacks data.
    """
    tables = []
    with TemporaryDirectory(prefix="mretrieve-") as folder:
        for spotting_set in _sets(data, Path(folder), options):
            options.progress(f"{spotting_set.name}: {len(spotting_set.queries)} queries")
            tables.append(spotting_table(spotting_set))
    return tables


def _sets(data: Path, folder: Path, options: MeasurementOptions) -> Iterator[SpottingSet]:
    yield stitched_set("hdm05, stitched", hdm05(data), folder / "hdm05", options)
    yield stitched_set("bandai1, stitched", bandai1(data), folder / "bandai1", options)
    takes = data / "kinect" / "precog_csv"
    if not takes.is_dir():
        raise QueryError(f"{data}: no kinect/precog_csv in it; give the folder that holds PRECOG")
    assert options.build_index is not None
    options.build_index([takes], folder / "precog")
    snapshot = Snapshot.open(folder / "precog")
    yield real_set("PRECOG, performers 1 to 6", snapshot, _precog_performer, PRECOG_CHOSEN)
    yield real_set("PRECOG, performers 7 to 12", snapshot, _precog_performer, PRECOG_UNSEEN)


def _precog_performer(path: str) -> str:
    return Path(path).stem.rpartition("_")[2]


def stitched_set(name: str, items: Sequence[LabelledClip], folder: Path, options: MeasurementOptions) -> SpottingSet:
    """Stitched takes of clips, indexed as files; each clip is a query.

    Args:
        name: of the set.
        items: the clips.
        folder: where takes and index are written.
        options: with what makes an index.
    """
    takes = takes_of(items, ACTIONS, SEED)
    files = folder / "takes"
    files.mkdir(parents=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table)
        writer.writerow(("path", "label", "start_s", "end_s"))
        for number, take in enumerate(takes):
            file = files / f"{number:04}.npz"
            np.savez(file, joints=take.clip.positions, joint_names=np.array(JOINTS), fps=CANONICAL_FPS)
            writer.writerows((file, span.label, span.start_s, span.end_s) for span in take.spans)
    assert options.build_index is not None
    options.build_index([files], folder / "index", labels=[folder / "labels.csv"])
    snapshot = Snapshot.open(folder / "index")
    groups = [takes[int(Path(path).stem)].group for path in snapshot.clips["path"].to_pylist()]
    return SpottingSet(name, snapshot, groups, [SpottingQuery(item.clip, item.label, item.group) for item in items])


def real_set(name: str, snapshot: Snapshot, group_of: Callable[[str], str], chosen: Collection[str]) -> SpottingSet:
    """The takes of an index with labelled spans; each span is a query.

    Args:
        name: of the set.
        snapshot: the index.
        group_of: the group of a file, by its path.
        chosen: the groups whose takes are in the set.
    """
    groups = [group if (group := group_of(path)) in chosen else "" for path in snapshot.clips["path"].to_pylist()]
    spans, queries = snapshot.spans, []
    columns = zip(spans.clip_rows.tolist(), spans.starts.tolist(), spans.ends.tolist(), spans.labels, strict=True)
    for row, start, end, label in columns:
        if groups[row] and end - start >= SHORTEST_PIECE_S * CANONICAL_FPS:
            queries.append(SpottingQuery(indexed_clip(snapshot, row, round(start), round(end)), label, groups[row]))
    return SpottingSet(name, snapshot, groups, queries)


#: The moments that a method finds for a query among some clips, best first.
Ranking = Callable[[SpottingQuery, Sequence[int], int], list[Place]]


def spotting_table(spotting_set: SpottingSet) -> Table:
    """Mean average precision by label, and of all queries, of the search and of the baseline."""
    search = _Searched(spotting_set)
    windows = _SlidingWindows(spotting_set)
    methods: dict[str, Ranking] = {
        "one moment a take": search.best_of_each,
        "baseline": windows.best_of_each,
        "all moments": search.all_moments,
        "baseline, all": windows.all_moments,
    }
    figures: dict[str, dict[str, list[tuple[float, ...]]]] = {}
    for query in spotting_set.queries:
        true = spotting_set.true_places(query)
        if true:
            others = spotting_set.others(query)
            for name, ranked in methods.items():
                found = ranked(query, others, len(true))
                first = search.label_of(found[0]) == query.label if found else False
                values = (*(average_precision_of_places(found, true, least) for least in OVERLAPS), float(first))
                values = (*values, float(bool(found) and max(overlap(found[0], one) for one in true) >= 0.5))
                figures.setdefault(query.label, {}).setdefault(name, []).append(values)
    heading = ("label", "method", "queries", *(f"mAP@{least:g}" for least in OVERLAPS), "label@1", "place@1")
    rows = [_row(label, name, of_label[name]) for label, of_label in sorted(figures.items()) for name in methods]
    rows += [_row("all", name, [one for of_label in figures.values() for one in of_label[name]]) for name in methods]
    return Table(f"{spotting_set.name}: {sum(map(bool, spotting_set.groups))} takes", heading, tuple(rows))


def _row(label: str, method: str, values: Sequence[tuple[float, ...]]) -> tuple[str, ...]:
    return (label, method, str(len(values)), *(f"{value:.3f}" for value in np.mean(values, axis=0)))


def overlap(one: Place, other: Place) -> float:
    """Temporal intersection over union, 0 in different clips."""
    shared = min(one.end, other.end) - max(one.start, other.start)
    together = max(one.end, other.end) - min(one.start, other.start)
    return max(0.0, shared / together) if one.clip_row == other.clip_row else 0.0


def average_precision_of_places(found: Sequence[Place], true: Sequence[Place], least: float) -> float:
    """The sum of the precisions at each moment that is right, divided by the number of true ones.

    A moment is right if its intersection over union with a true one that no better moment has found is at least
    `least`, as in the evaluation of temporal detection (ActivityNet).
    """
    left = set(range(len(true)))
    right, precisions = 0, 0.0
    for rank, place in enumerate(found, 1):
        best = max(left, key=lambda number: overlap(place, true[number]), default=None)
        if best is not None and overlap(place, true[best]) >= least:
            left.discard(best)
            right += 1
            precisions += right / rank
    return precisions / len(true)


class _Searched:
    """What `mretrieve query` finds, with its default settings."""

    def __init__(self, spotting_set: SpottingSet) -> None:
        self._set, self._snapshot = spotting_set, spotting_set.snapshot
        self._spaces, self._resolver = Spaces(self._snapshot), ClipResolver(self._snapshot)

    def best_of_each(self, query: SpottingQuery, clips: Sequence[int], true: int) -> list[Place]:
        """The best moment of each clip."""
        return self._places(query, clips, QueryOptions(k=len(clips), rerank=max(100, len(clips))))

    def all_moments(self, query: SpottingQuery, clips: Sequence[int], true: int) -> list[Place]:
        """All moments."""
        return self._places(query, clips, QueryOptions(k=_MOMENTS_PER_TRUE * true, all_moments=True))

    def label_of(self, place: Place) -> str | None:
        """The label of a moment, as an answer shows it."""
        return label_at(self._snapshot, place.clip_row, place.start, place.end)

    def _places(self, query: SpottingQuery, clips: Sequence[int], options: QueryOptions) -> list[Place]:
        ids = self._snapshot.rows.clips
        names = ", ".join("'{}'".format(ids[row].replace("'", "''")) for row in clips)
        options = QueryOptions.of(options, {"where": f"clip IN ({names})"})
        understood = Query.of(self._resolver.resolve(query.clip))
        (answer,) = answer_queries(self._spaces, [(understood, 0.0)], options, _raised).values()
        starts_s, places = self._snapshot.clip_starts_s, []
        for hit in answer.hits:
            row = self._snapshot.clip_row(hit.clip)
            start, end = ((at_s - starts_s[row]) * CANONICAL_FPS for at_s in (hit.start_s, hit.end_s))
            places.append(Place(row, start, end))
        return places


def _raised(_: int, error: Exception) -> None:
    raise error


class _SlidingWindows:
    """The baseline: windows as long as the query, ranked by the distance of their pose-statistics."""

    def __init__(self, spotting_set: SpottingSet) -> None:
        self._snapshot = spotting_set.snapshot
        self._encoder = load_encoder(DEFAULT_ENCODER)
        self._stored: dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.float32]]] = {}

    def best_of_each(self, query: SpottingQuery, clips: Sequence[int], true: int) -> list[Place]:
        """The nearest window of each clip."""
        nearest: dict[int, Place] = {}
        for place in self._ranked(query, clips):
            nearest.setdefault(place.clip_row, place)
        return list(nearest.values())

    def all_moments(self, query: SpottingQuery, clips: Sequence[int], true: int) -> list[Place]:
        """The nearest windows that do not overlap a nearer one."""
        kept: Mapping[int, list[Place]] = {row: [] for row in clips}
        places = []
        for place in self._ranked(query, clips):
            if all(overlap(place, other) < _SUPPRESSED for other in kept[place.clip_row]):
                kept[place.clip_row].append(place)
                places.append(place)
        return places[: _MOMENTS_PER_TRUE * true]

    def _ranked(self, query: SpottingQuery, clips: Sequence[int]) -> list[Place]:
        length = query.clip.frame_count
        vector = self._encoder.encode_windows(query.clip, np.array([[0, length]]))
        places, distances = [], []
        for row in clips:
            windows, vectors = self._windows(row, length)
            places += [Place(row, *window) for window in windows.tolist()]
            distances.append(-(vectors @ self._encoder.as_queries(vector)[0]))
        return [places[number] for number in np.argsort(np.concatenate(distances), kind="stable").tolist()]

    def _windows(self, row: int, length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        if (row, length) not in self._stored:
            clip = indexed_clip(self._snapshot, row)
            frames = clip.frame_count
            hop = max(1, round(_HOP_SHARE * length))
            spans = overlapping_spans(0, frames, length, hop) if frames > length else np.array([[0, frames]])
            self._stored[row, length] = spans, self._encoder.encode_windows(clip, spans)
        return self._stored[row, length]
