"""One search: from a query to ranked matches. Candidates by their vectors, aligned frame by frame, the best of each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from ..alignment.moment_finder import MomentFinder
from ..alignment.pose_features import PoseAligner
from ..alignment.scores import combined_distance, same_motion_limit
from ..motion.body_parts import PartWeights
from ..sources.resolve import indexed_clip
from ..storage import Snapshot
from ..vectors import RowFilter
from .candidates import Candidates, eligible_rows, nearest_rows
from .long_queries import match_long_query
from .matches import (
    Match,
    all_matches_in,
    as_matches,
    best_first,
    best_match_in,
    best_of_each_clip,
    load_stretch,
    regions_around,
    suppress_overlaps,
)
from .plan import MATCHES_PER_PIECE, MOMENTS_FROM, SearchPlan, plan_piece
from .query import Query
from .spaces import OpenSpace

#: Stretches farther away in the embedding are not copies of the query: 99 % of disturbed pieces are within .3, all .4.
FARTHEST_COPY = 0.6
#: Takes named by a sub-motion network are searched throughout: at most this many, of this many frames together.
MAX_TAKES, MAX_TAKE_FRAMES = 20, 30_000
#: From this many candidates on, work is shared among threads; fewer are done before a second thread has woken.
_WORTH_THREADS = 500


@dataclass(frozen=True, eq=False)
class Search:
    """A query in all its variants, and the space of an index that it is searched in.

    Attributes:
        snapshot: the index.
        space: the vectors that are searched.
        variants: the query as it is and mirrored, as far as asked for.
        plan: what is compared.
        part_weights: how much each body part counts.
        own_clips: clip rows of the query itself that must not match, () if they may.
        clips: (C,) clips that may match; None for all.
    """

    snapshot: Snapshot
    space: OpenSpace
    variants: tuple[Query, ...]
    plan: SearchPlan
    part_weights: PartWeights
    own_clips: tuple[int, ...]
    clips: NDArray[np.bool_] | None

    @property
    def frames(self) -> int:
        """Length of the query."""
        return self.variants[0].part.frame_count

    def encoded(self) -> NDArray[np.float32]:
        """The vectors (Q, D) of the variants, as an index stores them."""
        return np.concatenate([variant.encoded_by(self.space.encoder) for variant in self.variants])

    def candidates(self, encoded: NDArray[np.float32]) -> tuple[Candidates, Candidates, Candidates]:
        """The nearest whole clips, the nearest windows of longer clips, and the takes that the query may be from."""
        plan = self.plan
        eligible = eligible_rows(
            self.snapshot.rows, self.frames, plan.whole_up_to, plan.moments_from, self.clips, self.own_clips
        )
        queries = self.space.prepared(encoded, self.own_clips)
        wholes = self._nearest(queries, [eligible.wholes], plan.candidates, 0)
        windows = self._nearest(queries, eligible.windows, plan.k, plan.candidates)
        takes = None
        if plan.find_takes:
            takes = self.space.takes_of([variant.part for variant in self.variants], encoded)
        if takes is None:
            return wholes, windows, Candidates.none()
        return wholes, windows, self._nearest(takes, [eligible.longer], MAX_TAKES, 0)

    def matches(self, wholes: Candidates, windows: Candidates, takes: Candidates) -> list[Match]:
        """The matches among the candidates, best first: one of each clip, or all."""
        if self.plan.align:
            matches = self._aligned(wholes, windows, takes)
        else:
            matches = best_first(as_matches(self.snapshot, wholes) + as_matches(self.snapshot, windows))
        matches = suppress_overlaps(matches) if self.plan.all_moments else best_of_each_clip(matches)
        if self.plan.piece_frames is not None:
            matches = best_of_each_clip(best_first(self._long_query(self.plan.piece_frames) + matches))
        return matches

    def localised(self, match: Match) -> Match:
        """A match of a whole clip, moved to where in the clip the query fits. The ranking stays that of the whole."""
        if not self.plan.localise_wholes or match.query_end is not None:
            return match
        clip = indexed_clip(self.snapshot, match.clip_row)
        whole = (match.start_frame, match.end_frame) == (0, clip.frame_count)
        if not whole or clip.frame_count < MOMENTS_FROM * self.frames:
            return match
        starts, ends, _ = self._finders[match.variant].best([clip])
        return replace(match, start_frame=int(starts[0]), end_frame=int(ends[0]))

    def _nearest(self, queries: NDArray[np.float32], rows: Sequence[RowFilter], clips: int, most: int) -> Candidates:
        return nearest_rows(self.space.index, self.snapshot.rows.window_clip, queries, rows, clips, most)

    def _aligned(self, wholes: Candidates, windows: Candidates, takes: Candidates) -> list[Match]:
        regions = regions_around(self.snapshot, windows, self.frames) + self._searchable(takes)
        clips = as_matches(self.snapshot, wholes)
        if not self.plan.compare_wholes:
            return self._moments(regions + clips)
        compared = self._rerank_wholes(clips)
        rows = {match.clip_row for match in compared}
        if self.plan.compare_windows:
            uncut = ~self.snapshot.rows.clip_has_windows[wholes.rows].any(axis=1)
            short = [clip.end_frame < MOMENTS_FROM * self.frames for clip in clips]  # their windows do not compete
            regions += [clip for clip, alone in zip(clips, uncut | np.array(short, bool), strict=True) if alone]
        regions = [region for region in regions if region.clip_row not in rows or region.distance <= FARTHEST_COPY]
        limits = [same_motion_limit(finder.still_pose_distance) for finder in self._finders]
        moments = [
            match
            for match in self._moments(regions)
            if match.clip_row not in rows or match.pose_distance <= limits[match.variant]
        ]
        return best_first(compared + moments)

    def _searchable(self, takes: Candidates) -> list[Match]:
        """The nearest takes, as many as can be searched throughout."""
        regions = as_matches(self.snapshot, takes)
        frames = np.cumsum([region.end_frame for region in regions])
        return regions[: int(np.searchsorted(frames, MAX_TAKE_FRAMES, "right"))]

    def _moments(self, regions: list[Match]) -> list[Match]:
        find = all_matches_in if self.plan.all_moments else best_match_in
        return find(self.snapshot, regions, self._finders, _threads(len(regions)))

    def _rerank_wholes(self, clips: list[Match]) -> list[Match]:
        """Whole clips with the combined distance of the embedding and the aligned poses."""
        distances = np.array([clip.distance for clip in clips])
        variants = np.array([clip.variant for clip in clips], np.int64)
        for number, variant in enumerate(self.variants):
            rows = np.flatnonzero(variants == number)
            aligner = PoseAligner(variant.part, self.part_weights)
            stretches = [load_stretch(self.snapshot, clips[row]) for row in rows.tolist()]
            poses = aligner.distances(stretches, _threads(len(rows)))
            distances[rows] = combined_distance(distances[rows], poses, self._finders[number].still_pose_distance)
        return [replace(clip, distance=distance) for clip, distance in zip(clips, distances.tolist(), strict=True)]

    def _long_query(self, piece_frames: int) -> list[Match]:
        return match_long_query(
            [variant.part for variant in self.variants],
            piece_frames,
            self._search_piece,
            partial(indexed_clip, self.snapshot),
            self.part_weights,
        )

    def _search_piece(self, start: int, end: int) -> list[Match]:
        """The matches of some frames of the query."""
        pieces = tuple(variant.piece(start, end) for variant in self.variants)
        search = replace(self, variants=pieces, plan=plan_piece())
        return search.matches(*search.candidates(search.encoded()))[:MATCHES_PER_PIECE]

    @cached_property
    def _finders(self) -> list[MomentFinder]:
        return [MomentFinder(variant.part, self.part_weights) for variant in self.variants]


def _threads(candidates: int) -> int:
    return (os.cpu_count() or 1) if candidates >= _WORTH_THREADS else 1
