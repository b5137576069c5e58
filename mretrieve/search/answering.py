"""From a query to its answer: encode, find candidates, align, and describe the best as hits."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import align
from ..alignment.scores import score_of
from ..storage import Snapshot
from .answer import Answer, Hit, StepTimes
from .matches import Match, load_stretch
from .options import QueryOptions
from .plan import plan_search
from .query import Query
from .search import Search
from .spaces import Spaces


def answer_query(spaces: Spaces, query: Query, options: QueryOptions, read_s: float = 0.0) -> Answer:
    """Search an index for a query.

    Args:
        spaces: the vectors of the index.
        query: what is searched, cut to the part that is compared.
        options: how it is answered.
        read_s: seconds that reading the query took, for the times in the answer.

    Raises:
        QueryError: the condition, the encoders or their weights have no meaning for this index.
        IndexStateError: the index is damaged, or its vectors were made by other weights.
    """
    snapshot, weights = spaces.snapshot, options.part_weights
    mapper = None if options.mapper is None else Path(options.mapper)
    space = spaces.asked(options.encoder, options.encoder_weights, weights, mapper)
    started = time.perf_counter()
    search = Search(
        snapshot,
        space,
        tuple(query.variant(flip, weights) for flip in options.flips),
        plan_search(options, query.part.frame_count),
        weights,
        query.own_clips if options.exclude_self else (),
        _matching_clips(snapshot, options.where),
    )
    encoded = search.encoded()
    after_encoding = time.perf_counter()
    candidates = search.candidates(encoded)
    after_search = time.perf_counter()
    matches = [search.localised(match) for match in search.matches(*candidates)[: options.k]]
    hits = tuple(_hit(search, match, rank, options) for rank, match in enumerate(matches, 1))
    finished = time.perf_counter()
    steps = np.diff([started - read_s, started, after_encoding, after_search, finished]) * 1e3
    return Answer(
        query=query.name,
        start_s=query.part.start_s,
        end_s=query.part.end_s,
        index_path=str(snapshot.index),
        index_version=snapshot.version,
        encoder=space.name,
        hits=hits,
        took_ms=StepTimes(*map(float, steps)),
    )


def _matching_clips(snapshot: Snapshot, where: str | None) -> NDArray[np.bool_] | None:
    """Clips (C,) that meet a condition; None for all."""
    if where is None:
        return None
    from .where import matching_rows  # here: few queries have a condition

    return matching_rows(where, snapshot.clips)


def _hit(search: Search, match: Match, rank: int, options: QueryOptions) -> Hit:
    """A match as users read it."""
    snapshot, clips = search.snapshot, search.snapshot.clips
    query = search.variants[match.variant].part
    query = query.cut(match.query_start, query.frame_count if match.query_end is None else match.query_end)
    moment = load_stretch(snapshot, match)
    alignment = align(query, moment, search.part_weights)
    return Hit(
        rank=rank,
        clip=clips["clip"][match.clip_row].as_py(),
        file=str(snapshot.file(match.clip_row)),
        start_s=moment.start_s,
        end_s=moment.end_s,
        score=score_of(match.distance),
        distance_mm=alignment.mean_mm,
        label=clips["label"][match.clip_row].as_py(),
        mirror=options.flips[match.variant],
        speed=query.frame_count / moment.frame_count,
        parts=alignment.part_scores,
        query_start_s=query.start_s,
        query_end_s=query.end_s,
    )
