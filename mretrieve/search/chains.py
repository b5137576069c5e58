"""Queries longer than what is looked for at once: cut in pieces, each looked for, and what follows in a clip chained.

So a take of minutes finds the stretch of another take that it shares with it, and the short clips that it contains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from ..alignment.moment_finder import Localiser
from ..alignment.pose_features import NEAR_COPY, join
from ..motion import CANONICAL_FPS
from .look import Look
from .moments import Found, best_first, clip_of

#: Longer queries are cut.
SPLIT_FROM_FRAMES = round(10 * CANONICAL_FPS)
#: A piece is about so long.
PIECE_FRAMES = round(2 * CANONICAL_FPS)
#: Between two pieces of a chain, the clip may run so many times slower or faster than the query, and so far aside.
_FASTEST = 2.0
_SLACK_FRAMES = round(0.5 * CANONICAL_FPS)
#: Moments of a piece that may become part of a chain, and chains that are aligned anew.
_OF_A_PIECE = 30


@dataclass(frozen=True)
class _Link:
    """A moment of one piece, and the best chain that ends with it."""

    found: Found
    gain: float  # how much nearer than unrelated motions the chain's moments are, summed
    before: _Link | None


def chained(look: Look) -> list[Found]:
    """The stretches that a long query shares with clips, best first, one of each clip.

    A chain's distance is the mean over the pieces that the query and the clip could share, and 1, that of unrelated
    motions, for each that the chain lacks. Of a clip that is shorter than the query, it is then found to the frame
    which part of the query it answers.
    """
    count = -(-look.frames // PIECE_FRAMES)
    first = look.images[0].start_frame
    cuts = [first + round(number * look.frames / count) for number in range(count + 1)]
    pieces = []
    for start, end in pairwise(cuts):
        images = tuple(replace(image, start_frame=start, end_frame=end) for image in look.images)
        options = replace(look.options, k=_OF_A_PIECE, rerank=_OF_A_PIECE, all_moments=True, scope="moments")
        piece = replace(look, images=images, options=options)
        found = piece.ranked(piece.candidates(piece.encoded()))[:_OF_A_PIECE]
        pieces.append([replace(one, query_start=start - first, query_end=end - first) for one in found])
    lengths = {one.clip_row: clip_of(look.snapshot, one.clip_row).frame_count for piece in pieces for one in piece}
    possible = {clip: min(count, max(1, round(length / PIECE_FRAMES))) for clip, length in lengths.items()}
    chains = best_first(list(best_chains(pieces, possible).values()))
    found = [_realigned(look, chain, lengths) for chain in chains[:_OF_A_PIECE]] + chains[_OF_A_PIECE:]
    return best_first([replace(one, distance=one.distance + _unanswered(one, look.frames)) for one in found])


def _unanswered(chain: Found, frames: int) -> float:
    """Of two copies the one that answers more of the query is nearer: what the rest of the query costs."""
    assert chain.query_end is not None
    return NEAR_COPY * (1.0 - (chain.query_end - chain.query_start) / frames)


def _realigned(look: Look, chain: Found, lengths: Mapping[int, int]) -> Found:
    """A chain of a clip shorter than the query, as the clip as a whole and the part of the query where it fits best."""
    length = lengths[chain.clip_row]
    if 2 * length > look.frames or chain.query_end is None:
        return chain
    start = max(0, chain.query_start - length)
    around = look.images[chain.image].part.cut(start, chain.query_end + length)
    localiser = Localiser(clip_of(look.snapshot, chain.clip_row), look.options.parts)
    fit = localiser.best([around])[0]
    distance = float(join(np.array(chain.distance), np.array(fit.distance), localiser.stillness))
    if distance >= chain.distance:
        return chain
    return replace(
        chain,
        start_frame=0,
        end_frame=length,
        query_start=start + fit.start_frame,
        query_end=start + fit.end_frame,
        distance=distance,
    )


def best_chains(pieces: Sequence[Sequence[Found]], possible: Mapping[int, int]) -> dict[int, Found]:
    """Of each clip the chain that comes nearest, from the moments of the query's pieces in their order.

    `possible` says how many pieces each clip can hold.
    """
    links: dict[tuple[int, int], list[_Link]] = {}
    best: dict[int, _Link] = {}
    for found in pieces:
        new = []
        for one in found:
            gain = max(0.0, 1.0 - one.distance)
            before = [link for link in links.get((one.clip_row, one.image), []) if _follows(link.found, one)]
            last = max(before, key=lambda link: link.gain, default=None)
            new.append(_Link(one, gain + (last.gain if last else 0.0), last))
        for link in new:
            links.setdefault((link.found.clip_row, link.found.image), []).append(link)
            if link.found.clip_row not in best or link.gain > best[link.found.clip_row].gain:
                best[link.found.clip_row] = link
    return {clip: _joined(link, possible[clip]) for clip, link in best.items()}


def _follows(earlier: Found, later: Found) -> bool:
    """Whether two moments of a clip can be one motion: in the query's order, at no impossible pace."""
    assert earlier.query_end is not None
    asked = later.query_start - earlier.query_end
    passed = later.start_frame - earlier.end_frame
    return asked / _FASTEST - _SLACK_FRAMES <= passed <= asked * _FASTEST + _SLACK_FRAMES


def _joined(last: _Link, pieces: int) -> Found:
    first = last
    while first.before is not None:
        first = first.before
    return replace(
        first.found,
        end_frame=max(first.found.end_frame, last.found.end_frame),
        query_end=last.found.query_end,
        distance=max(0.0, 1.0 - last.gain / pieces),
    )
