"""A query as it is searched, and the plan of its search: whole clips, moments in them, or both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..alignment.moment_finder import MomentFinder, PoseComparer
from ..encoders import WindowEncoder
from ..errors import QueryError
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import Flip, PartWeights, flip
from ..motion.view import View, mirror_view
from ..sources.resolve import ResolvedClip
from .options import QueryOptions

#: Frames around the part that rates of change are taken from; the rest of a take of hours need not be encoded.
_CONTEXT_FRAMES = 30
#: Positions farther from the origin are refused: their squares overflow.
FARTHEST_M = 1e9


@dataclass(frozen=True, eq=False)
class Query:
    """A query as it was understood.

    Attributes:
        name: how the user named it; "" for a motion or clip given from Python.
        clip: the whole of it.
        start_frame: first frame that is compared; what lies around the part is context for rates of change.
        end_frame: frame after the last that is compared.
        own_clips: rows of the clips of the index that are the query itself.
        view: what a camera saw, frame by frame as the clip, which was then lifted from it; None for motion in space.
    """

    name: str
    clip: Clip
    start_frame: int
    end_frame: int
    own_clips: tuple[int, ...] = ()
    view: View | None = None

    @classmethod
    def of(cls, found: ResolvedClip, own_clips: tuple[int, ...] = ()) -> Query:
        """The query that a name means. QueryError: it has no frames, or positions that cannot be compared."""
        clip = found.clip
        if not clip.frame_count:
            raise QueryError(f"{found.name or 'the query'} has no frames")
        if not (np.abs(clip.positions) < FARTHEST_M).all():  # false for NaN too
            raise QueryError(
                f"{found.name or 'the query'} has positions that are not numbers, or beyond {FARTHEST_M:g} m"
            )
        return cls(found.name, clip, *found.frames, own_clips, found.view)

    @property
    def part(self) -> Clip:
        """The frames that are compared."""
        return self.clip.cut(self.start_frame, self.end_frame)

    @property
    def part_view(self) -> View | None:
        """The frames of the view that are compared; None for motion in space."""
        return None if self.view is None else self.view.cut(self.start_frame, self.end_frame)

    def variant(self, mirrored: Flip, part_weights: PartWeights) -> Query:
        """The same query, mirrored as named and without the limbs that do not count.

        Raises:
            QueryError: limbs are to be exchanged in a view.
        """
        view = self.view
        if view is not None and mirrored != "none":
            if mirrored != "whole":
                raise QueryError(
                    f"left and right {mirrored} cannot be exchanged in a query in two dimensions; mirror it as a whole"
                )
            view = mirror_view(view)
        return replace(self, clip=part_weights.masked(flip(self.clip, mirrored)), view=view)

    def comparer(self, part_weights: PartWeights, refined: int) -> PoseComparer:
        """What compares the part with clips frame by frame; a view with `refined` clips from more directions.

        QueryError: a view shows too little of the body.
        """
        view = self.part_view
        if view is None:
            return MomentFinder(self.part, part_weights)
        from ..alignment.reprojection import Reprojection  # here: most queries are in space

        return Reprojection(view, part_weights, refined)

    def piece(self, start: int, end: int) -> Query:
        """The same query for frames `start` to `end` (exclusive) of its part."""
        return replace(self, start_frame=self.start_frame + start, end_frame=self.start_frame + end)

    def encoded_by(self, encoder: WindowEncoder) -> NDArray[np.float32]:
        """The vector (1, D) of the part, as it would be stored in an index: with its surroundings in view."""
        first = max(0, self.start_frame - _CONTEXT_FRAMES)
        around = self.clip.cut(first, self.end_frame + _CONTEXT_FRAMES)
        return encoder.encode_windows(around, np.array([[self.start_frame - first, self.end_frame - first]]))


#: A clip up to this many times as long as the query is compared as a whole. Its windows describe the same motion at
#: another scale; when both competed, the windows only added chance matches (benchmarks/rerank.py).
WHOLE_UP_TO = 4.0
#: A clip shorter than this part of a view holds only a part of it. In three dimensions that rule did harm: clips of
#: walking that are short and long are answers to each other.
WHOLE_FROM = 1.0 / WHOLE_UP_TO
#: From this many times the query's length on, moments are looked for in a clip.
MOMENTS_FROM = 1.5
#: Longer queries are also cut into pieces of about PIECE_FRAMES, whose matches are chained (`long_queries`).
SPLIT_FROM_FRAMES = round(10 * CANONICAL_FPS)
PIECE_FRAMES = round(2 * CANONICAL_FPS)
#: Matches of a piece that may become part of a chain.
MATCHES_PER_PIECE = 30
#: A view has so many times as many candidates: by vectors of lifted clips, one own clip in ten is beyond the nearest
#: fifth of a library, and reprojection is fast.
CANDIDATES_OF_VIEWS = 25
#: The same for `rerank` of a piece of a long view, of which there are many.
RERANKED_OF_VIEW_PIECE = 8
#: How many clips a view is compared with from more directions, and a piece of a long view.
REFINED, REFINED_OF_VIEW_PIECE = 40, 16


@dataclass(frozen=True)
class SearchPlan:
    """What one search compares.

    Attributes:
        k: how many clips must have a candidate window, if there are as many.
        candidates: how many whole clips, and how many windows of longer clips, are candidates.
        whole_up_to: clips up to this many times as long as the query are candidates as a whole.
        whole_from: a clip that is shorter than so many times the query's length holds only a part of it; the rest of
            the query counts as unrelated motion.
        moments_from: windows of clips from this many times its length on are candidates.
        compare_wholes: whether those whole clips are compared as a whole; else the best moment in each is.
        compare_windows: whether a clip that is compared as a whole may also match with a moment.
        align: whether candidates are aligned frame by frame; else they are ranked by the encoder alone.
        all_moments: whether a clip may match several times.
        find_takes: whether a sub-motion network, if there is one, names takes that the query may be a piece of.
        encode_moments: whether all moments are ranked by vectors of their own, not by those of windows near them.
        localise_wholes: whether a match of a whole clip is shown where the query fits in it.
        piece_frames: length of the pieces that the query is also cut into; None to leave it whole.
        refined: how many clips a view is compared with from more directions; see `Reprojection`.
        is_pose: whether the query is a single pose, which is compared with all poses instead of candidates (`poses`).
    """

    k: int
    candidates: int
    whole_up_to: float
    whole_from: float
    moments_from: float
    compare_wholes: bool
    compare_windows: bool
    align: bool
    all_moments: bool
    encode_moments: bool
    find_takes: bool
    localise_wholes: bool
    piece_frames: int | None
    refined: int = REFINED
    is_pose: bool = False


def plan_search(options: QueryOptions, query_frames: int, is_view: bool = False) -> SearchPlan:
    """How a query of this length, in two dimensions or in three, is searched with these options.

    Reprojection compares moments as reliably as whole clips. So a view is compared with the moments of all clips that
    have any, and a clip that was compared as a whole does not match with a moment.
    """
    align, whole = options.rerank > 0, options.scope == "whole"
    only_moments = options.scope == "moments" or options.all_moments
    if whole:
        whole_up_to = moments_from = np.inf
    elif only_moments or (is_view and align):
        whole_up_to = moments_from = MOMENTS_FROM
    else:
        whole_up_to, moments_from = WHOLE_UP_TO, MOMENTS_FROM if align else WHOLE_UP_TO
    return SearchPlan(
        k=options.k,
        candidates=max(options.k, options.rerank * (CANDIDATES_OF_VIEWS if is_view else 1)),
        whole_up_to=whole_up_to,
        whole_from=WHOLE_FROM if is_view and not whole else 0.0,
        moments_from=moments_from,
        compare_wholes=not only_moments,
        compare_windows=not (whole or is_view),
        align=align,
        all_moments=options.all_moments,
        encode_moments=options.all_moments and align and not (whole or is_view),
        find_takes=align and not (whole or is_view),
        localise_wholes=align and not whole,
        piece_frames=PIECE_FRAMES if align and not whole and query_frames >= SPLIT_FROM_FRAMES else None,
        is_pose=align and not (whole or is_view) and query_frames == 1,
    )


def plan_piece(is_view: bool = False) -> SearchPlan:
    """How a piece of a long query is searched: for all its moments; of a view for the best of each clip: faster."""
    rerank = RERANKED_OF_VIEW_PIECE if is_view else MATCHES_PER_PIECE
    options = QueryOptions(k=MATCHES_PER_PIECE, rerank=rerank, all_moments=not is_view, scope="moments")
    return replace(plan_search(options, PIECE_FRAMES, is_view), encode_moments=False, refined=REFINED_OF_VIEW_PIECE)
