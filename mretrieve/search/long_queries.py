"""Long queries: cut into pieces, each searched by itself; matches of a clip that follow each other are chained.

So a take of minutes finds the stretch of another take that it shares with it, and the short clips that it contains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..alignment.alignment import NEAR_COPY, combined_distance, copy_distance
from ..alignment.moment_finder import MomentFinder
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from .matches import Match, best_first

#: Between two pieces of a chain, the clip may run this many times slower or faster than the query, and be this far off.
_FASTEST = 2.0
_SLACK_FRAMES = round(0.5 * CANONICAL_FPS)
#: Chains that are aligned again as one.
_REALIGNED = 30


@dataclass(frozen=True)
class _Link:
    """A match of one piece, and the best chain that ends with it; `gain` is summed over the chain, of `count` links."""

    match: Match
    gain: float
    before: _Link | None
    count: int = 1


def match_long_query(
    variants: Sequence[Clip],
    piece_frames: int,
    search_pieces: Callable[[Sequence[tuple[int, int]]], list[list[Match]]],
    load_clip: Callable[[int], Clip],
    part_weights: PartWeights | None,
) -> list[Match]:
    """The stretches that a long query shares with clips, best first, one of each clip.

    The distance of a chain is the mean over the pieces that the query and the clip could share, with 1, the distance of
    unrelated motions, for each piece that the chain lacks. For a clip shorter than the query, the matching part of the
    query is then found to the frame. Unless it is a copy of that part, the rest of the query counts as 1 too, because
    among many short clips some resemble two seconds of any query by chance. In two dimensions, where none is a copy,
    it does not.

    Args:
        variants: the query in each of its variants, of one length.
        piece_frames: about how long a piece is.
        search_pieces: for each of some pieces, first frame and frame after the last, its matches, best first.
        load_clip: the clip of a row.
        part_weights: how much each body part counts when a clip is placed in the query to the frame; None not to do so.
    """
    frames = variants[0].frame_count
    count = -(-frames // piece_frames)
    cuts = [round(number * frames / count) for number in range(count + 1)]
    spans = list(pairwise(cuts))
    pieces = [
        [replace(match, query_start=start, query_end=end) for match in matches]
        for (start, end), matches in zip(spans, search_pieces(spans), strict=True)
    ]
    lengths = {row: load_clip(row).frame_count for row in {match.clip_row for piece in pieces for match in piece}}
    possible = {row: min(count, max(1, round(length / piece_frames))) for row, length in lengths.items()}
    chains = best_first(list(best_chains(pieces, possible).values()))
    if part_weights is not None:
        chains[:_REALIGNED] = [
            _realigned(chain, load_clip(chain.clip_row), variants[chain.variant], part_weights)
            for chain in chains[:_REALIGNED]
        ]
    is_view = part_weights is None
    return best_first(
        [
            replace(chain, distance=_of_whole_query(chain, frames, possible[chain.clip_row] / count, is_view))
            for chain in chains
        ]
    )


def best_chains(pieces: Sequence[Sequence[Match]], possible: Mapping[int, int]) -> dict[int, Match]:
    """The nearest chain of each clip, from the matches of the query's pieces in their order.

    `possible` says how many pieces each clip can hold. If it runs faster than the query, or the body stands still so
    that pieces fit the same moment, a chain may have more links; its distance is then the mean over these.
    """
    links: dict[tuple[int, int], list[_Link]] = {}
    best: dict[int, _Link] = {}
    for matches in pieces:
        new = []
        for match in matches:
            gain = max(0.0, 1.0 - match.distance)
            before = [link for link in links.get((match.clip_row, match.variant), []) if _follows(link.match, match)]
            last = max(before, key=lambda link: link.gain, default=None)
            before_it, count = (last.gain, last.count) if last else (0.0, 0)
            new.append(_Link(match, gain + before_it, last, count + 1))
        for link in new:
            row = link.match.clip_row
            links.setdefault((row, link.match.variant), []).append(link)
            if row not in best or link.gain > best[row].gain:
                best[row] = link
    return {row: _chain(link, max(possible[row], link.count)) for row, link in best.items()}


def _of_whole_query(chain: Match, frames: int, possible_share: float, is_view: bool) -> float:
    """The distance of a chain plus the cost of the part of the query, of `frames` in all, that it does not match.

    Of two copies, the one that matches more of the query is nearer. For other chains that part costs 1, except for the
    `possible_share` of the query that the clip can hold, which the chain's distance includes. No chain of a view is a
    copy.
    """
    assert chain.query_end is not None
    share = (chain.query_end - chain.query_start) / frames
    if not is_view and chain.distance > NEAR_COPY:
        return 1.0 - (1.0 - chain.distance) * max(share, possible_share)
    return chain.distance + NEAR_COPY * (1.0 - share)


def _realigned(chain: Match, clip: Clip, query: Clip, part_weights: PartWeights) -> Match:
    """A chain of a clip shorter than the query, as the whole clip and the part of the query where it fits best."""
    length = clip.frame_count
    if 2 * length > query.frame_count or chain.query_end is None:
        return chain
    start = max(0, chain.query_start - length)
    finder = MomentFinder(clip, part_weights)
    first, last, distances = finder.best([query.cut(start, chain.query_end + length)])
    if distances[0] <= finder.copy_limit:
        distance = copy_distance(float(distances[0]))
    else:
        distance = float(combined_distance(np.array(chain.distance), distances[0]))
    if distance >= chain.distance:
        return chain
    return replace(
        chain,
        start_frame=0,
        end_frame=length,
        query_start=start + int(first[0]),
        query_end=start + int(last[0]),
        distance=distance,
    )


def _follows(earlier: Match, later: Match) -> bool:
    """Whether two matches in a clip can be one motion: in the query's order, at a possible speed."""
    assert earlier.query_end is not None
    in_query = later.query_start - earlier.query_end
    in_clip = later.start_frame - earlier.end_frame
    return in_query / _FASTEST - _SLACK_FRAMES <= in_clip <= in_query * _FASTEST + _SLACK_FRAMES


def _chain(last: _Link, pieces: int) -> Match:
    """The chain that ends with a link, as one match."""
    first = last
    while first.before is not None:
        first = first.before
    return replace(
        first.match,
        end_frame=max(first.match.end_frame, last.match.end_frame),
        query_end=last.match.query_end,
        distance=max(0.0, 1.0 - last.gain / pieces),
    )
