"""Matches: stretches of clips that may answer a query, from candidate windows to moments exact to the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..alignment.moment_finder import PoseComparer, apart, repetition_limit
from ..motion import Clip
from ..motion.lifted_clip import LiftedClip
from ..motion.view import View
from ..sources.resolve import indexed_clip, is_lifted
from ..storage.snapshot import Snapshot
from .candidates import Candidates

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
    """The frames of a match; a `LiftedClip` if a camera saw them, and the index has its points."""
    clip = indexed_clip(snapshot, match.clip_row)
    if is_lifted(snapshot, match.clip_row):  # points are read with h5py, which a library in space need not import
        points = snapshot.points(match.clip_row)
        if points is not None:
            clip = LiftedClip.of(clip, View(points, clip.observed, clip.observed.astype(np.float32), clip.start_s))
    return clip.cut(match.start_frame, match.end_frame)


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


def best_match_in(
    snapshot: Snapshot, regions: Sequence[Match], comparers: Sequence[PoseComparer], threads: int = 1
) -> list[Match]:
    """The best moment of each region, best first; a comparer for each variant of the query."""
    matches: list[Match] = []
    for variant, comparer in enumerate(comparers):
        members = [region for region in regions if region.variant == variant]
        if members:
            found = comparer.best([load_stretch(snapshot, region) for region in members], threads)
            starts, ends, distances = (column.tolist() for column in found)
            moments = zip(members, starts, ends, distances, strict=True)
            matches += [_located(region, start, end, distance, comparer) for region, start, end, distance in moments]
    return best_first(matches)


def all_matches_in(
    snapshot: Snapshot, regions: Sequence[Match], comparers: Sequence[PoseComparer], threads: int = 1
) -> list[Match]:
    """All moments of the regions that are not chance matches, best first; at least the best of each clip.

    Whether a moment is a chance match is judged by the clip's nearest one (moment_finder.repetition_limit).
    """
    matches: dict[int, list[Match]] = {}
    for region in regions:
        comparer = comparers[region.variant]
        found = comparer.all_matches(load_stretch(snapshot, region), limit=repetition_limit(np.inf))
        starts, ends, distances = (column.tolist() for column in found)
        moments = zip(starts, ends, distances, strict=True)
        matches.setdefault(region.clip_row, []).extend(_located(region, *moment, comparer) for moment in moments)
    without = [region for region in regions if not matches[region.clip_row]]
    kept = best_of_each_clip(best_match_in(snapshot, without, comparers, threads))
    for of_clip in filter(None, matches.values()):
        nearest = min(of_clip, key=lambda match: match.pose_distance)
        limit = repetition_limit(nearest.pose_distance, comparers[nearest.variant].still_pose_distance)
        kept += [match for match in of_clip if match.pose_distance <= limit]
    return best_first(kept)


def _located(region: Match, start: int, end: int, pose_distance: float, comparer: PoseComparer) -> Match:
    """The moment from `start` to `end`, frames of the region."""
    distance = comparer.combined(np.array(region.distance), np.array(pose_distance))
    first = region.start_frame
    return replace(
        region, start_frame=first + start, end_frame=first + end, distance=float(distance), pose_distance=pose_distance
    )


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
