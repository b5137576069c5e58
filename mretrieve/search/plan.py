"""What a search compares: whole clips, moments in them, or both. The one place where that is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..motion import CANONICAL_FPS
from .options import QueryOptions

#: A clip up to this many times as long as the query is compared as a whole. Its windows describe the same motion at
#: another scale; when both competed, the windows only added chance matches (benchmarks/rerank.py).
WHOLE_UP_TO = 4.0
#: From this many times the query's length on, moments are looked for in a clip.
MOMENTS_FROM = 1.5
#: Longer queries are also cut into pieces of about PIECE_FRAMES, whose matches are chained (`long_queries`).
SPLIT_FROM_FRAMES = round(10 * CANONICAL_FPS)
PIECE_FRAMES = round(2 * CANONICAL_FPS)
#: Matches of a piece that may become part of a chain.
MATCHES_PER_PIECE = 30


@dataclass(frozen=True)
class SearchPlan:
    """What one search compares.

    Attributes:
        k: how many clips must have a candidate window, if there are as many.
        candidates: how many whole clips, and how many windows of longer clips, are candidates.
        whole_up_to: clips up to this many times as long as the query are candidates as a whole.
        moments_from: windows of clips from this many times its length on are candidates.
        compare_wholes: whether those whole clips are compared as a whole; else the best moment in each is.
        compare_windows: whether a clip that is compared as a whole may also match with a moment.
        align: whether candidates are aligned frame by frame; else they are ranked by the encoder alone.
        all_moments: whether a clip may match several times.
        find_takes: whether a sub-motion network, if there is one, names takes that the query may be a piece of.
        localise_wholes: whether a match of a whole clip is shown where the query fits in it.
        piece_frames: length of the pieces that the query is also cut into; None to leave it whole.
    """

    k: int
    candidates: int
    whole_up_to: float
    moments_from: float
    compare_wholes: bool
    compare_windows: bool
    align: bool
    all_moments: bool
    find_takes: bool
    localise_wholes: bool
    piece_frames: int | None


def plan_search(options: QueryOptions, query_frames: int) -> SearchPlan:
    """How a query of this length is searched with these options."""
    align, whole = options.rerank > 0, options.scope == "whole"
    only_moments = options.scope == "moments" or options.all_moments
    if whole:
        whole_up_to = moments_from = np.inf
    elif only_moments:
        whole_up_to = moments_from = MOMENTS_FROM
    else:
        whole_up_to, moments_from = WHOLE_UP_TO, MOMENTS_FROM if align else WHOLE_UP_TO
    return SearchPlan(
        k=options.k,
        candidates=max(options.k, options.rerank),
        whole_up_to=whole_up_to,
        moments_from=moments_from,
        compare_wholes=not only_moments,
        compare_windows=not whole,
        align=align,
        all_moments=options.all_moments,
        find_takes=align and not whole,
        localise_wholes=align and not whole,
        piece_frames=PIECE_FRAMES if align and not whole and query_frames >= SPLIT_FROM_FRAMES else None,
    )


def plan_piece() -> SearchPlan:
    """How a piece of a long query is searched: for all its moments."""
    return plan_search(QueryOptions(k=MATCHES_PER_PIECE, rerank=MATCHES_PER_PIECE, all_moments=True), PIECE_FRAMES)
