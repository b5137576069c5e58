"""One search, from a query to its answer: candidates by their vectors, aligned frame by frame, the best as hits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import align, copy_distance, score_of
from ..alignment.likeness import Likeness
from ..alignment.moment_finder import SPEEDS, PoseComparer
from ..encoders import ClipsEncoder
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..sources.resolve import indexed_clip
from ..storage.layout import WHOLE
from ..storage.snapshot import Snapshot
from ..vectors import RowFilter
from .answer import Hit
from .candidates import Candidates, Wanted, candidates_of, eligible_rows
from .groups import CentredIndex, QueryGroup, group_notes
from .long_queries import match_long_query
from .matches import (
    Match,
    all_matches_in,
    as_matches,
    best_first,
    best_match_in,
    best_of_each_clip,
    copy_limits,
    label_at,
    load_stretch,
    regions_around,
    suppress_overlaps,
)
from .options import QueryOptions
from .poses import match_pose
from .query import MATCHES_PER_PIECE, MOMENTS_FROM, Query, SearchPlan, plan_piece, plan_search
from .spaces import OpenSpace, Spaces

if TYPE_CHECKING:
    from .moment_labels import AllowedMoments

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
        allowed: the moments that meet a condition that holds for a part of some clips; None for all of `clips`.
        centred: the vectors as seen from groups of clips, if the search is group-aware.
        group: the group of the query; None if it has none.
        missing: ids of the shards that were not searched for it or for its pieces; filled in by its searches.
    """

    snapshot: Snapshot
    space: OpenSpace
    variants: tuple[Query, ...]
    plan: SearchPlan
    part_weights: PartWeights
    own_clips: tuple[int, ...]
    clips: NDArray[np.bool_] | None
    allowed: AllowedMoments | None = None
    centred: CentredIndex | None = None
    group: QueryGroup | None = None
    missing: set[str] = field(default_factory=set)

    @property
    def frames(self) -> int:
        """Length of the query."""
        return self.variants[0].part.frame_count

    @property
    def is_view(self) -> bool:
        """Whether the query is in two dimensions."""
        return self.variants[0].view is not None

    def encoded(self) -> NDArray[np.float32]:
        """The vectors (Q, D) of the variants, as an index stores them."""
        return np.concatenate([variant.encoded_by(self.space.encoder) for variant in self.variants])

    def candidates(self, encoded: NDArray[np.float32]) -> tuple[Candidates, Candidates, Candidates]:
        """The nearest whole clips, the nearest windows of longer clips, and the takes that the query may be from."""
        return candidates_of_all([self], [encoded])[0]

    def wanted(self, encoded: NDArray[np.float32]) -> list[Wanted]:
        """The candidates that are asked for: whole clips, windows and, if there is a mapping network, takes."""
        plan = self.plan
        eligible = eligible_rows(
            self.snapshot.rows, self.frames, plan.whole_up_to, plan.moments_from, self.clips, self.own_clips
        )
        queries = self._vectors_of(self.space.smoothed(encoded, self.own_clips))
        wanted = [
            Wanted(queries, [eligible.wholes], plan.candidates, 0),
            Wanted(
                queries,
                eligible.windows,
                plan.k,
                plan.candidates,
                None if self.allowed is None else self.allowed.windows,
            ),
        ]
        takes = None
        if plan.find_takes:
            takes = self.space.takes_of([variant.part for variant in self.variants], encoded)
        if takes is None:
            return wanted
        return [*wanted, Wanted(self._vectors_of(takes), [eligible.longer], MAX_TAKES, 0)]

    def _vectors_of(self, encoded: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors (Q, D) to search with, from encoded queries (Q, D)."""
        if self.centred is None:
            return self.space.encoder.as_queries(encoded)
        return self.centred.query(encoded, self.group)

    def matches(self, wholes: Candidates, windows: Candidates, takes: Candidates) -> list[Match]:
        """The matches among the candidates, best first: one of each clip, or all."""
        if self.plan.is_pose:
            return self._poses()
        if self.plan.align:
            matches = self._aligned(wholes, windows, takes)
        else:
            matches = best_first(as_matches(self.snapshot, wholes) + as_matches(self.snapshot, windows))
        matches = self._allowed(matches)
        matches = suppress_overlaps(matches) if self.plan.all_moments else best_of_each_clip(matches)
        if self.plan.piece_frames is not None:
            matches = best_of_each_clip(best_first(self._allowed(self._long_query(self.plan.piece_frames)) + matches))
        return matches

    def _allowed(self, matches: list[Match]) -> list[Match]:
        return matches if self.allowed is None else self.allowed.only(matches)

    def localised(self, match: Match) -> Match:
        """A match of a whole clip, moved to where in the clip the query fits. The ranking stays that of the whole."""
        if not self.plan.localise_wholes or match.query_end is not None:
            return match
        clip = load_stretch(self.snapshot, match)
        whole = (match.start_frame, match.end_frame) == (0, self.snapshot.rows.clip_frames[match.clip_row])
        if not whole or clip.frame_count < MOMENTS_FROM * self.frames:
            return match
        starts, ends, _ = self.comparers[match.variant].among([clip]).best([0])
        return replace(match, start_frame=int(starts[0]), end_frame=int(ends[0]))

    def likeness(self, match: Match, moment: Clip) -> Likeness:
        """How much a moment is like the part of the query that it matches; in the image if the query is a view."""
        query = self.variants[match.variant]
        query = query.piece(match.query_start, self.frames if match.query_end is None else match.query_end)
        view = query.part_view
        if view is None:
            alignment = align(query.part, moment, self.part_weights)
            return Likeness(None, alignment.mean_mm, alignment.part_scores)
        from ..alignment.reprojection import Reprojection  # here: most queries are in space

        return Reprojection(view, self.part_weights).likeness(moment)

    def _poses(self) -> list[Match]:
        count = self.snapshot.rows.clip_count
        allowed = RowFilter(WHOLE, self.clips, self.own_clips).allowed_clips(count)
        rows = range(count) if allowed is None else np.flatnonzero(allowed).tolist()
        variants = [variant.part for variant in self.variants]
        every = self.plan.all_moments or self.allowed is not None
        found = self._allowed(match_pose(self.snapshot, variants, rows, self.part_weights, all_moments=every))
        return found if self.plan.all_moments else best_of_each_clip(found)

    def _aligned(self, wholes: Candidates, windows: Candidates, takes: Candidates) -> list[Match]:
        regions = regions_around(self.snapshot, windows, self.frames) + self._searchable(takes)
        clips = as_matches(self.snapshot, wholes)
        if self.allowed is not None:  # clips of which a part is allowed are takes: no answer as a whole
            clips, takes_too = self.allowed.undivided(clips)
            regions = self.allowed.regions(regions + takes_too, self.frames)
        if not self.plan.compare_wholes:
            return self._ranked([], self._moments(regions + clips))
        compared = self._rerank_wholes(clips)
        rows = {match.clip_row for match in compared}
        if self.plan.compare_windows:
            uncut = ~self.snapshot.rows.clip_has_windows[[clip.clip_row for clip in clips]].any(axis=1)
            short = [clip.end_frame < MOMENTS_FROM * self.frames for clip in clips]  # their windows do not compete
            regions += [clip for clip, alone in zip(clips, uncut | np.array(short, bool), strict=True) if alone]
        regions = [region for region in regions if region.clip_row not in rows or region.distance <= FARTHEST_COPY]
        return self._ranked(compared, self._moments(regions))

    def _ranked(self, wholes: list[Match], moments: list[Match]) -> list[Match]:
        """Matches, best first, copies by their poses alone.

        A moment of a clip that is among the wholes counts only if it is a copy.
        """
        limits, rows = copy_limits(wholes + moments, self.comparers), {match.clip_row for match in wholes}

        def is_copy(match: Match) -> bool:
            return match.pose_distance <= limits[match.variant]

        matches = wholes + [match for match in moments if match.clip_row not in rows or is_copy(match)]
        copies = [replace(match, distance=copy_distance(match.pose_distance)) for match in matches if is_copy(match)]
        return best_first(copies + [match for match in matches if not is_copy(match)])

    def _searchable(self, takes: Candidates) -> list[Match]:
        """The nearest takes, as many as can be searched throughout."""
        regions = as_matches(self.snapshot, takes)
        frames = np.cumsum([region.end_frame for region in regions])
        return regions[: int(np.searchsorted(frames, MAX_TAKE_FRAMES, "right"))]

    def _moments(self, regions: list[Match]) -> list[Match]:
        threads = _threads(len(regions))
        if not self.plan.all_moments and self.allowed is None:
            return best_match_in(self.snapshot, regions, self.comparers, threads)
        encode = self.plan.encode_moments and self.centred is None and isinstance(self.space.encoder, ClipsEncoder)
        embedded = self._embedded if encode else None
        return all_matches_in(self.snapshot, regions, self.comparers, threads, embedded)

    def _embedded(self, matches: Sequence[Match]) -> NDArray[np.float64]:
        """The distances (M,) of moments from the query in the encoder's space, by vectors of their own."""
        assert isinstance(self.space.encoder, ClipsEncoder)
        moments = [load_stretch(self.snapshot, match) for match in matches]
        wholes = [np.array([[0, moment.frame_count]]) for moment in moments]
        vectors = np.concatenate(self.space.encoder.encode_clips(moments, wholes))
        queries = self._vectors_of(self.space.smoothed(self.encoded(), self.own_clips))
        products = np.einsum("md,md->m", vectors, queries[[match.variant for match in matches]], dtype=np.float64)
        return np.asarray(np.maximum(-products, 0.0), np.float64)

    def _rerank_wholes(self, clips: list[Match]) -> list[Match]:
        """Whole clips with the combined distance of the embedding and the aligned poses."""
        distances = np.array([clip.distance for clip in clips])
        poses = np.full(len(clips), np.inf)
        variants = np.array([clip.variant for clip in clips], np.int64)
        for number, comparer in enumerate(self.comparers):
            rows = np.flatnonzero(variants == number)
            stretches = [load_stretch(self.snapshot, clips[row]) for row in rows.tolist()]
            poses[rows] = comparer.distances(stretches, _threads(len(rows)))
            distances[rows] = comparer.combined(distances[rows], poses[rows])
        lengths = np.array([clip.end_frame - clip.start_frame for clip in clips])
        shares = np.minimum(1.0, lengths / max(1.0, self.plan.whole_from * self.frames))
        distances = np.where(distances < 1.0, 1.0 - shares * (1.0 - distances), distances)
        return [
            replace(clip, distance=distance, pose_distance=pose_distance)
            for clip, distance, pose_distance in zip(clips, distances.tolist(), poses.tolist(), strict=True)
        ]

    def _long_query(self, piece_frames: int) -> list[Match]:
        return match_long_query(
            [variant.part for variant in self.variants],
            piece_frames,
            self._search_pieces,
            partial(indexed_clip, self.snapshot),
            None if self.is_view else self.part_weights,
        )

    def _search_pieces(self, spans: Sequence[tuple[int, int]]) -> list[list[Match]]:
        """The matches of some stretches of the query, each from its first frame to the one after its last."""
        plan, pieces = plan_piece(self.is_view), []
        for start, end in spans:
            variants = tuple(variant.piece(start, end) for variant in self.variants)
            pieces.append(replace(self, variants=variants, plan=plan))
        candidates = candidates_of_all(pieces, [piece.encoded() for piece in pieces])
        return [piece.piece_matches(*found) for piece, found in zip(pieces, candidates, strict=True)]

    def piece_matches(self, wholes: Candidates, windows: Candidates, takes: Candidates) -> list[Match]:
        """As `matches`, of a piece of a long query: no more than can become part of a chain."""
        matches = self.matches(wholes, windows, takes)
        if self.is_view:  # a warping path may shrink to a single pose, which is not the motion of the piece
            shortest = self.frames / SPEEDS[-1]
            matches = [match for match in matches if match.end_frame - match.start_frame >= shortest]
        return matches[:MATCHES_PER_PIECE]

    @cached_property
    def comparers(self) -> list[PoseComparer]:
        """What compares each variant with clips frame by frame."""
        return [variant.comparer(self.part_weights, self.plan.refined) for variant in self.variants]


def _threads(candidates: int) -> int:
    return (os.cpu_count() or 1) if candidates >= _WORTH_THREADS else 1


def candidates_of_all(
    searches: Sequence[Search], encoded: Sequence[NDArray[np.float32]]
) -> list[tuple[Candidates, Candidates, Candidates]]:
    """`Search.candidates` of several searches of one space, which share passes over its vectors."""
    if not searches:
        return []
    wanted = [search.wanted(vectors) for search, vectors in zip(searches, encoded, strict=True)]
    index, rows = searches[0].centred or searches[0].space.index, searches[0].snapshot.rows
    found = iter(candidates_of(index, rows.window_clip, [one for several in wanted for one in several]))
    together = []
    for search, several in zip(searches, wanted, strict=True):
        wholes, windows, takes = next(found), next(found), next(found) if len(several) > 2 else Candidates.none()
        search.missing.update(wholes.missing, windows.missing, takes.missing)
        together.append((wholes, windows, takes))
    return together


def open_search(spaces: Spaces, query: Query, options: QueryOptions) -> Search:
    """The search for a query, in all the variants that are asked for; arguments and errors as `answer_queries`."""
    return SearchOpener(spaces, options).open(query)


class SearchOpener:
    """Opens searches with the same options: in one space, among the same clips."""

    def __init__(self, spaces: Spaces, options: QueryOptions) -> None:
        """QueryError, IndexStateError: see `answer_queries`."""
        self._snapshot, self._options, self._weights = spaces.snapshot, options, options.part_weights
        mapper = None if options.mapper is None else Path(options.mapper)
        self._space = spaces.asked(options.encoder, options.encoder_weights, self._weights, mapper)
        self._clips, self._allowed = _matching_moments(spaces.snapshot, options.where)
        self._centred = None if options.group is None else self._space.centred(options.group)
        if self._centred is not None and options.query_group is not None:
            self._centred.groups.number(options.query_group)  # an error before any query is read
        self._damaged: frozenset[str] = frozenset()
        sound = spaces.snapshot.sound_clips()
        if sound is not None:
            self._damaged = _shards_of(spaces.snapshot, ~sound if self._clips is None else self._clips & ~sound)
            self._clips = sound if self._clips is None else self._clips & sound

    def open(self, query: Query) -> Search:
        """The search for a query. QueryError: it cannot be mirrored as asked for, or there is no such group."""
        options, centred = self._options, self._centred
        variants = tuple(query.variant(flip, self._weights) for flip in options.flips)
        if centred is not None and not centred.differs:
            centred = None
        group = None
        if centred is not None:
            encoded = partial(variants[0].encoded_by, self._space.encoder)
            group = centred.group_of(encoded, query.own_clips, options.query_group)
        return Search(
            self._snapshot,
            self._space,
            variants,
            plan_search(options, query.part.frame_count, query.view is not None),
            self._weights,
            query.own_clips if options.exclude_self else (),
            self._clips,
            self._allowed,
            centred,
            group,
            set(self._damaged),
        )

    def notes(self, search: Search) -> tuple[str, ...]:
        """What a group-aware search takes for granted, one line each."""
        if self._centred is None:
            return ()
        return group_notes(self._centred.groups, search.group, search.centred is not None)


def _matching_moments(snapshot: Snapshot, where: str | None) -> tuple[NDArray[np.bool_] | None, AllowedMoments | None]:
    """Clips (C,) of which some moment meets a condition, None for all; and these moments, None for all of the clips."""
    if where is None:
        return None, None
    from .moment_labels import AllowedMoments  # here: few queries have a condition

    allowed = AllowedMoments.of(snapshot, where)
    return allowed.clips, allowed if allowed.divides else None


def _shards_of(snapshot: Snapshot, clips: NDArray[np.bool_]) -> frozenset[str]:
    """Ids of the shards that have any of some clips (C,), or whose clips are unknown because they are damaged."""
    rows = snapshot.rows.clip_shard
    numbers = {*np.unique(rows[clips]).tolist(), *(set(range(len(snapshot.shards))) - set(np.unique(rows).tolist()))}
    return frozenset(snapshot.shards[number].id for number in numbers) & snapshot.damage.keys()


def as_hit(search: Search, match: Match, rank: int, options: QueryOptions) -> Hit:
    """A match as users read it."""
    snapshot, clips = search.snapshot, search.snapshot.clips
    query = search.variants[match.variant].part
    query = query.cut(match.query_start, query.frame_count if match.query_end is None else match.query_end)
    moment = load_stretch(snapshot, match)
    likeness = search.likeness(match, moment)
    return Hit(
        rank=rank,
        clip=clips["clip"][match.clip_row].as_py(),
        file=str(snapshot.file(match.clip_row)),
        start_s=moment.start_s,
        end_s=moment.end_s,
        score=score_of(match.distance),
        distance_mm=likeness.distance_mm,
        label=label_at(snapshot, match.clip_row, match.start_frame, match.end_frame),
        mirror=options.flips[match.variant],
        speed=query.frame_count / moment.frame_count,
        parts=likeness.parts,
        query_start_s=query.start_s,
        query_end_s=query.end_s,
        camera_azimuth_deg=None if likeness.camera is None else likeness.camera.azimuth_deg,
        camera_pitch_deg=None if likeness.camera is None else likeness.camera.pitch_deg,
    )
