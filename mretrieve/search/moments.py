"""Where in a clip the query happens: regions around candidate windows, the exact moment in each, and which to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..alignment.moment_finder import Localiser, Located, repetition_limit, same_moment
from ..alignment.pose_features import join
from ..motion import Clip
from ..storage import Snapshot
from .candidates import Candidates

#: How far a region reaches beyond its window on either side, in lengths of the query.
MARGIN = 1.0


@dataclass(frozen=True)
class Region:
    """A stretch of a clip in which the query may happen."""

    clip_row: int
    start_frame: int
    end_frame: int
    image: int  # of the query, as in Candidates
    distance: float  # in the encoder's space, of its best window


@dataclass(frozen=True)
class Found:
    """A moment that may become a hit."""

    clip_row: int
    start_frame: int
    end_frame: int
    image: int
    distance: float  # joined of the embedding's and the poses'; about 1 for unrelated motions
    poses: float = np.inf  # the poses' alone
    query_start: int = 0  # the part of the query that it answers, in frames of it
    query_end: int | None = None  # None: to its end


def clip_of(snapshot: Snapshot, clip_row: int) -> Clip:
    """The canonical motion of a clip of the index."""
    positions, observed = snapshot.motion(clip_row)
    return Clip(positions, observed, start_s=float(snapshot.clips["start_s"][clip_row].as_py()))


def regions_around(snapshot: Snapshot, candidates: Candidates, query_frames: int) -> list[Region]:
    """The candidates' windows with a margin, those of one clip and image that overlap as one; nearest first."""
    margin = int(np.ceil(MARGIN * query_frames))
    rows = candidates.rows
    clips = snapshot.window_clip[rows].astype(np.int64)
    wholes = np.searchsorted(snapshot.window_clip, clips)
    ends = np.minimum(snapshot.window_end[rows] + margin, snapshot.window_end[wholes])
    starts = np.maximum(snapshot.window_start[rows] - margin, 0)
    order = np.lexsort((starts, clips, candidates.images))
    regions: list[Region] = []
    for place in order.tolist():
        clip, image, start, end = (int(of[place]) for of in (clips, candidates.images, starts, ends))
        distance = float(candidates.distances[place])
        last = regions[-1] if regions else None
        if last is not None and (last.clip_row, last.image) == (clip, image) and start <= last.end_frame:
            regions[-1] = Region(clip, last.start_frame, max(last.end_frame, end), image, min(last.distance, distance))
        else:
            regions.append(Region(clip, start, end, image, distance))
    return sorted(regions, key=lambda region: (region.distance, region.clip_row, region.start_frame))


def located(
    snapshot: Snapshot, regions: Sequence[Region], localisers: Sequence[Localiser], threads: int = 1
) -> list[Found]:
    """The best moment of each region, best first."""
    found: list[Found] = []
    for image, localiser in enumerate(localisers):
        mine = [region for region in regions if region.image == image]
        if not mine:
            continue
        clips = [_cut_out(snapshot, region) for region in mine]
        for region, moment in zip(mine, localiser.best(clips, threads), strict=True):
            found.append(_found(region, moment, localiser))
    return best_first(found)


def repeated(
    snapshot: Snapshot, regions: Sequence[Region], localisers: Sequence[Localiser], threads: int = 1
) -> list[Found]:
    """All moments of the regions that are no chance matches, best first; of each clip at least its best.

    What is chance is judged by a clip's nearest moment (localise.repetition_limit).
    """
    found: dict[int, list[Found]] = {}
    for region in regions:
        localiser = localisers[region.image]
        every = localiser.every(_cut_out(snapshot, region), limit=repetition_limit(np.inf))
        found.setdefault(region.clip_row, []).extend(_found(region, moment, localiser) for moment in every)
    without = [region for region in regions if not found[region.clip_row]]
    kept = best_of_each_clip(located(snapshot, without, localisers, threads))
    for moments in filter(None, found.values()):
        nearest = min(moments, key=lambda one: one.poses)
        limit = repetition_limit(nearest.poses, localisers[nearest.image].stillness)
        kept += [one for one in moments if one.poses <= limit]
    return best_first(kept)


def _cut_out(snapshot: Snapshot, region: Region) -> Clip:
    return clip_of(snapshot, region.clip_row).cut(region.start_frame, region.end_frame)


def _found(region: Region, moment: Located, localiser: Localiser) -> Found:
    start, end = region.start_frame + moment.start_frame, region.start_frame + moment.end_frame
    distance = float(join(np.array(region.distance), np.array(moment.distance), localiser.stillness))
    return Found(region.clip_row, start, end, region.image, distance, moment.distance)


def best_first(found: Sequence[Found]) -> list[Found]:
    """By distance; equal ones in the order of clip, start and image."""
    return sorted(found, key=lambda one: (one.distance, one.clip_row, one.start_frame, one.image))


def best_of_each_clip(found: Sequence[Found]) -> list[Found]:
    """Of moments, best first, the first of each clip."""
    seen: dict[int, Found] = {}
    for one in found:
        seen.setdefault(one.clip_row, one)
    return list(seen.values())


def apart(found: Sequence[Found]) -> list[Found]:
    """Of moments, best first, those that no better one of the same clip covers (non-maximum suppression)."""
    kept: dict[int, list[Found]] = {}
    chosen = []
    for one in found:
        better = kept.setdefault(one.clip_row, [])
        span = one.start_frame, one.end_frame
        if not any(same_moment(*span, other.start_frame, other.end_frame) for other in better):
            better.append(one)
            chosen.append(one)
    return chosen
