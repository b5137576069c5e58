"""Matches: stretches of clips that may answer a query, from candidate windows to moments exact to the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..alignment.moment_finder import Moments, PoseComparer, SearchedRegions, apart, repetition_limit
from ..labelled_spans import shares_half
from ..motion import Clip
from ..motion.lifted_clip import LiftedClip
from ..sources.resolve import indexed_clip, indexed_view
from ..storage.snapshot import Snapshot
from .candidates import Candidates

#: A copy of the query's performance is at most this many times as far from the query as the nearest copy. Chosen on
#: cmu/expmap: with farther ones, other actions that start and end in the same pose come before the query's own.
COPIES_WITHIN = 1.5
#: Up to this pose distance (10 mm a joint) a motion is the query itself, not another copy.
EQUAL_POSES = 0.05
#: Moments of a region whose vectors are compared although their poses may be those of a chance match.
DOUBTFUL_MOMENTS = 6
#: How far a region extends beyond its window on either side, in lengths of the query.
MARGIN = 1.0


@dataclass(frozen=True)
class Match:
    """A stretch of a clip that may answer the query: a whole clip, a region to be searched, or an exact moment.

    Attributes:
        clip_row: row of the clip in the index.
        start_frame: first canonical frame.
        end_frame: frame after the last.
        variant: which variant of the query matched: 0 is the first, see `QueryOptions.flips`.
        distance: about 1 for unrelated motions; of the embedding, once aligned combined with that of the poses.
        pose_distance: of the aligned poses alone, infinite before they are aligned.
        query_start: the part of the query that is matched, in frames.
        query_end: frame after its last; None for the end of the query.
    """

    clip_row: int
    start_frame: int
    end_frame: int
    variant: int
    distance: float
    pose_distance: float = np.inf
    query_start: int = 0
    query_end: int | None = None


def load_stretch(snapshot: Snapshot, match: Match) -> Clip:
    """The frames of a match; a `LiftedClip` if a camera saw them."""
    stretch = match.start_frame, match.end_frame
    clip, view = indexed_clip(snapshot, match.clip_row, *stretch), indexed_view(snapshot, match.clip_row, *stretch)
    return clip if view is None else LiftedClip.of(clip, view)


def label_at(snapshot: Snapshot, clip_row: int, start_frame: float, end_frame: float) -> str | None:
    """The label of a moment: that of the span that it shares most time with, otherwise that of its clip.

    It has the label of a span if both share at least half of the shorter one.
    """
    spans = snapshot.spans
    own = spans.of_clip(clip_row)
    starts, ends = spans.starts[own], spans.ends[own]
    held = np.flatnonzero(shares_half(start_frame, end_frame, starts, ends))
    if not len(held):
        of_clip: str | None = snapshot.clips["label"][clip_row].as_py()
        return of_clip
    shared = np.minimum(end_frame, ends[held]) - np.maximum(start_frame, starts[held])
    label: str = spans.labels[own.start + int(held[shared.argmax()])]
    return label


def as_matches(snapshot: Snapshot, candidates: Candidates) -> list[Match]:
    """The candidates with the distances of their vectors, nearest first."""
    windows, rows = snapshot.rows, candidates.rows
    columns = (
        windows.window_clip[rows],
        windows.window_start[rows],
        windows.window_end[rows],
        candidates.variants,
        candidates.distances,
    )
    return [Match(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def regions_around(snapshot: Snapshot, candidates: Candidates, query_frames: int) -> list[Match]:
    """The candidates' windows with a margin; overlapping ones of one clip and variant are merged. Nearest first."""
    margin = int(np.ceil(MARGIN * query_frames))
    windows, rows = snapshot.rows, candidates.rows
    clips = windows.window_clip[rows].astype(np.int64)
    ends = np.minimum(windows.window_end[rows] + margin, windows.clip_frames[clips])
    starts = np.maximum(windows.window_start[rows] - margin, 0)
    order = np.lexsort((starts, clips, candidates.variants))
    columns = (clips, starts, ends, candidates.variants, candidates.distances)
    regions: list[Match] = []
    for region in (Match(*values) for values in zip(*(column[order].tolist() for column in columns), strict=True)):
        last = regions[-1] if regions else None
        same = last is not None and (last.clip_row, last.variant) == (region.clip_row, region.variant)
        if last is not None and same and region.start_frame <= last.end_frame:
            end, distance = max(last.end_frame, region.end_frame), min(last.distance, region.distance)
            regions[-1] = replace(last, end_frame=end, distance=distance)
        else:
            regions.append(region)
    return sorted(regions, key=lambda region: (region.distance, region.clip_row, region.start_frame))


class _Regions:
    """Regions in which the query is looked for; a comparer for each of its variants."""

    def __init__(self, snapshot: Snapshot, regions: Sequence[Match], comparers: Sequence[PoseComparer]) -> None:
        self._regions, self._comparers = regions, comparers
        self._places = np.empty(len(regions), np.int64)  # of each region among those of its variant
        self._searched: list[SearchedRegions] = []
        for variant, comparer in enumerate(comparers):
            numbers = [number for number, region in enumerate(regions) if region.variant == variant]
            self._places[numbers] = np.arange(len(numbers))
            self._searched.append(comparer.among([load_stretch(snapshot, regions[number]) for number in numbers]))

    def best(self, numbers: Sequence[int], threads: int) -> list[Match]:
        """The best moment of each of the regions of these numbers, best first."""
        matches: list[Match] = []
        for variant, searched in enumerate(self._searched):
            own = [number for number in numbers if self._regions[number].variant == variant]
            if own:
                matches += self._located(own, searched.best(self._places[own].tolist(), threads))
        return best_first(matches)

    def all_matches(self, number: int, doubtful: int = 0) -> list[Match]:
        """All moments of a region that are not chance matches whatever the best one of its clip, nearest first.

        If there are fewer than `doubtful`, up to as many that are nearer than unrelated motion.
        """
        searched, limit = self._searched[self._regions[number].variant], repetition_limit(np.inf)
        starts, ends, distances = searched.all_matches(int(self._places[number]), limit=1.0 if doubtful else limit)
        count = max(doubtful, int(np.searchsorted(distances, limit, "right")))
        found = starts[:count], ends[:count], distances[:count]
        return self._located([number] * len(found[0]), found)

    def _located(self, numbers: Sequence[int], found: Moments) -> list[Match]:
        """Moments (N,) in the regions of these numbers, all of one variant, in frames of the region."""
        regions = [self._regions[number] for number in numbers]
        if not regions:
            return []
        embedding = np.array([region.distance for region in regions])
        distances = self._comparers[regions[0].variant].combined(embedding, found[2])
        moments = zip(regions, *(column.tolist() for column in (*found, distances)), strict=True)
        return [
            Match(own.clip_row, own.start_frame + start, own.start_frame + end, own.variant, distance, poses)
            for own, start, end, poses, distance in moments
        ]


def best_match_in(
    snapshot: Snapshot, regions: Sequence[Match], comparers: Sequence[PoseComparer], threads: int = 1
) -> list[Match]:
    """The best moment of each region, best first; a comparer for each variant of the query."""
    return _Regions(snapshot, regions, comparers).best(range(len(regions)), threads)


def all_matches_in(
    snapshot: Snapshot,
    regions: Sequence[Match],
    comparers: Sequence[PoseComparer],
    threads: int = 1,
    embedded: Callable[[Sequence[Match]], NDArray[np.float64]] | None = None,
) -> list[Match]:
    """All moments of the regions that are not chance matches, best first; at least the best of each clip.

    Whether a moment is a chance match is judged by the clip's nearest one (moment_finder.repetition_limit).

    Args:
        snapshot: the index.
        regions: where the query is looked for.
        comparers: one for each variant of the query.
        threads: number of threads.
        embedded: distances (M,) of M moments in the encoder's space. With it a moment is ranked by its own vector, and
            the best of a clip is the one that is best so, whatever its poses; without, by that of a window near it.
    """
    searched = _Regions(snapshot, regions, comparers)
    doubtful = 0 if embedded is None else DOUBTFUL_MOMENTS
    found = [match for number in range(len(regions)) for match in searched.all_matches(number, doubtful)]
    if embedded is not None and found:
        distances = embedded(found)
        poses = np.array([match.pose_distance for match in found])
        for variant, comparer in enumerate(comparers):
            own = np.array([match.variant == variant for match in found])
            distances[own] = comparer.combined(distances[own], poses[own])
        found = [replace(match, distance=each) for match, each in zip(found, distances.tolist(), strict=True)]
    matches: dict[int, list[Match]] = {region.clip_row: [] for region in regions}
    for match in best_first(found):
        matches[match.clip_row].append(match)
    kept = []
    for of_clip in filter(None, matches.values()):
        nearest = min(of_clip, key=lambda match: match.pose_distance)
        limit = repetition_limit(nearest.pose_distance, comparers[nearest.variant].still_pose_distance)
        best = of_clip[0] if embedded is not None else nearest
        kept += [match for match in of_clip if match.pose_distance <= limit or match is best]
    without = [number for number, region in enumerate(regions) if not matches[region.clip_row]]
    return best_first(kept + best_of_each_clip(searched.best(without, threads)))


def copy_limits(matches: Sequence[Match], comparers: Sequence[PoseComparer]) -> list[float]:
    """The pose distance, for each variant of the query, up to which one of its matches is a copy of its performance.

    Copies are that performance at another speed, on another body or with noise. Other performances of slow or small
    motions can be as near as those, so nothing that is clearly farther than the nearest counts.
    """
    others = [match.pose_distance for match in matches if match.pose_distance > EQUAL_POSES]
    farthest = COPIES_WITHIN * min(others, default=np.inf)
    return [min(comparer.copy_limit, max(EQUAL_POSES, farthest)) for comparer in comparers]


def best_first(matches: Sequence[Match]) -> list[Match]:
    """By distance; equal ones in the order of clip, start and variant."""
    return sorted(matches, key=lambda match: (match.distance, match.clip_row, match.start_frame, match.variant))


def best_of_each_clip(matches: Sequence[Match]) -> list[Match]:
    """The first match of each clip; `matches` are sorted, best first."""
    first: dict[int, Match] = {}
    for match in matches:
        first.setdefault(match.clip_row, match)
    return list(first.values())


def suppress_overlaps(matches: Sequence[Match]) -> list[Match]:
    """The matches that no better one of the same clip covers (non-maximum suppression); `matches` are sorted."""
    by_clip: dict[int, list[int]] = {}
    for position, match in enumerate(matches):
        by_clip.setdefault(match.clip_row, []).append(position)
    kept = []
    for positions in by_clip.values():
        spans = np.array([(matches[position].start_frame, matches[position].end_frame) for position in positions])
        kept += [positions[number] for number in apart(spans[:, 0], spans[:, 1])]
    return [matches[position] for position in sorted(kept)]
