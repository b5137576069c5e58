"""One query on its way through an index: candidates in the encoder's space, poses aligned, the best moments."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..alignment.moment_finder import Localiser
from ..alignment.pose_features import PoseAligner, join, same_motion_limit
from ..storage import Snapshot
from .candidates import Candidates, competing_rows, has_windows, nearest_rows
from .moments import (
    Found,
    Region,
    apart,
    best_first,
    best_of_each_clip,
    clip_of,
    located,
    regions_around,
    repeated,
)
from .options import QueryOptions
from .question import Question
from .spaces import OpenSpace

#: A clip up to so many times as long as the query is compared as a whole. Its windows describe the same motion at
#: another scale; where both competed, the windows only added chance matches (benchmarks/rerank.py).
WHOLE_UP_TO = 4.0
#: From so many times the query's length on there is a moment to be found in a clip.
MOMENTS_FROM = 1.5
#: No stretch farther in the embedding is a copy of the query: 99 % of disturbed pieces are within .3, all within .4.
FARTHEST_COPY = 0.6
#: Takes that a sub-motion network names are searched throughout: so many of them, of so many frames together.
MOST_TAKES, MOST_TAKE_FRAMES = 20, 30_000
#: So many candidates are shared among threads; fewer are aligned before a second thread has woken.
_WORTH_THREADS = 500


@dataclass(frozen=True, eq=False)
class Asked:
    """What is searched with, a row for each image of the query."""

    queries: NDArray[np.float32]  # (Q, D)
    takes: NDArray[np.float32] | None  # (Q, D) for the takes that the query may be a piece of


@dataclass(frozen=True, eq=False)
class Nearest:
    """The rows of the index that are nearest."""

    wholes: Candidates
    windows: Candidates
    takes: Candidates | None


@dataclass(frozen=True, eq=False)
class Look:
    """A query, in all its images, and the index that it is looked for in."""

    snapshot: Snapshot
    space: OpenSpace
    images: tuple[Question, ...]
    options: QueryOptions
    allowed: NDArray[np.bool_] | None  # (N,) rows that may answer; None for all

    @property
    def frames(self) -> int:
        """The query's length."""
        return self.images[0].part.frame_count

    @property
    def moments(self) -> bool:
        """Whether moments are wanted of every clip, and no clip as a whole."""
        return self.options.scope == "moments" or self.options.all_moments

    def encoded(self) -> Asked:
        """The images' vectors, ready to be searched with."""
        vectors = np.concatenate([image.encoded_by(self.space.encoder) for image in self.images])
        own = self.images[0].own_clips if self.options.exclude_self else ()
        pieces = [image.part for image in self.images]
        takes = self.space.takes_of(pieces, vectors) if self.options.rerank and self.options.scope != "whole" else None
        return Asked(self.space.prepared(vectors, own), takes)

    def candidates(self, asked: Asked) -> Nearest:
        """The nearest clips as a whole, the nearest windows of longer clips, and the takes that the query may be of."""
        up_to, moments_from = self._lengths()
        competing = competing_rows(self.snapshot, self.frames, up_to, moments_from)
        count = max(self.options.k, self.options.rerank)
        wholes = self._nearest(asked.queries, competing.wholes, count, 0)
        windows = self._nearest(asked.queries, competing.windows, self.options.k, count)
        if asked.takes is None:
            return Nearest(wholes, windows, None)
        return Nearest(wholes, windows, self._nearest(asked.takes, competing.longer, MOST_TAKES, 0))

    def _nearest(self, queries: NDArray[np.float32], rows: NDArray[np.bool_], clips: int, most: int) -> Candidates:
        allowed = rows if self.allowed is None else rows & self.allowed
        return nearest_rows(self.snapshot, self.space.search, queries, allowed, clips, most)

    def ranked(self, nearest: Nearest) -> list[Found]:
        """What answers, best first: one moment of each clip, or all of them."""
        if not self.options.rerank:
            found = best_first(self._as_they_are(nearest.wholes) + self._as_they_are(nearest.windows))
        else:
            found = self._aligned(nearest)
        return apart(found) if self.options.all_moments else best_of_each_clip(found)

    def shown(self, found: Found) -> Found:
        """Of a clip that was compared as a whole: where in it the query fits. The ranking stays that of the whole."""
        options, clip = self.options, clip_of(self.snapshot, found.clip_row)
        whole = (found.start_frame, found.end_frame) == (0, clip.frame_count) and found.query_end is None
        if not whole or not options.rerank or options.scope == "whole":
            return found
        if clip.frame_count < MOMENTS_FROM * self.frames:
            return found
        moment = self._localisers[found.image].best([clip])[0]
        return replace(found, start_frame=moment.start_frame, end_frame=moment.end_frame)

    def _lengths(self) -> tuple[float, float]:
        """Up to how many times as long as the query a clip answers as a whole, and from when on with moments."""
        if self.options.scope == "whole":
            return np.inf, np.inf
        if self.moments:
            return MOMENTS_FROM, MOMENTS_FROM
        return WHOLE_UP_TO, MOMENTS_FROM if self.options.rerank else WHOLE_UP_TO

    def _as_they_are(self, candidates: Candidates) -> list[Found]:
        rows = candidates.rows
        columns = (
            self.snapshot.window_clip[rows],
            self.snapshot.window_start[rows],
            self.snapshot.window_end[rows],
            candidates.images,
            candidates.distances,
        )
        return [Found(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]

    def _aligned(self, nearest: Nearest) -> list[Found]:
        regions = regions_around(self.snapshot, nearest.windows, self.frames) + self._takes(nearest.takes)
        whole = self._as_they_are(nearest.wholes)
        if self.moments:
            return self._located(regions + [_all_of(one) for one in whole])
        compared = self._compared(whole)
        spoken_for = {one.clip_row for one in compared}
        if self.options.scope != "whole":
            uncut = ~has_windows(self.snapshot, nearest.wholes.rows)
            short = [one.end_frame < MOMENTS_FROM * self.frames for one in whole]  # their windows do not compete
            regions += [_all_of(one) for one, alone in zip(whole, uncut | np.array(short, bool), strict=True) if alone]
        regions = [one for one in regions if one.clip_row not in spoken_for or one.distance <= FARTHEST_COPY]
        limits = [same_motion_limit(localiser.stillness) for localiser in self._localisers]
        moments = [
            one for one in self._located(regions) if one.clip_row not in spoken_for or one.poses <= limits[one.image]
        ]
        return best_first(compared + moments)

    def _takes(self, takes: Candidates | None) -> list[Region]:
        """The nearest takes, as many as can be searched throughout."""
        if takes is None:
            return []
        regions = [_all_of(one) for one in self._as_they_are(takes)]
        together = np.cumsum([region.end_frame for region in regions])
        return regions[: int(np.searchsorted(together, MOST_TAKE_FRAMES, "right"))]

    def _located(self, regions: list[Region]) -> list[Found]:
        find = repeated if self.options.all_moments else located
        return find(self.snapshot, regions, self._localisers, _threads(len(regions)))

    @cached_property
    def _localisers(self) -> list[Localiser]:
        return [Localiser(image.part, self.options.parts) for image in self.images]

    def _compared(self, wholes: list[Found]) -> list[Found]:
        """Whole clips by the distance joined of the embedding's and the aligned poses'."""
        distances = np.array([one.distance for one in wholes])
        clips = [clip_of(self.snapshot, one.clip_row).cut(one.start_frame, one.end_frame) for one in wholes]
        images = np.array([one.image for one in wholes], np.int64)
        for image, question in enumerate(self.images):
            mine = np.flatnonzero(images == image)
            aligner = PoseAligner(question.part, self.options.parts)
            poses = aligner.distances([clips[place] for place in mine], _threads(len(mine)))
            distances[mine] = join(distances[mine], poses, self._localisers[image].stillness)
        return [replace(one, distance=float(distance)) for one, distance in zip(wholes, distances, strict=True)]


def _all_of(whole: Found) -> Region:
    """A clip as one region."""
    return Region(whole.clip_row, whole.start_frame, whole.end_frame, whole.image, whole.distance)


def _threads(candidates: int) -> int:
    return (os.cpu_count() or 1) if candidates >= _WORTH_THREADS else 1
