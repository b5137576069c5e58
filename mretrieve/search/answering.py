"""Answers to several queries with the same options, which share what can be shared."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, QueryError, RigError
from ..storage.checked_files import DamagedShardError
from .answer import Answer, StepTimes
from .candidates import Candidates
from .options import QueryOptions
from .query import Query
from .search import Search, SearchOpener, as_hit, candidates_of_all
from .spaces import Spaces
from .view_notes import view_notes

#: Errors of one query, after which others can still be answered.
OF_ONE_QUERY = (QueryError, FormatError, RigError)

#: Called with the number of a query that cannot be answered, and the reason.
OnError = Callable[[int, Exception], None]


@dataclass(frozen=True, eq=False)
class _Encoded:
    """A search with the vectors of its query, and how long reading and encoding took."""

    number: int
    query: Query
    search: Search
    vectors: NDArray[np.float32]
    read_s: float
    encode_s: float


def answer_queries(
    spaces: Spaces,
    queries: Sequence[tuple[Query, float]],
    options: QueryOptions,
    on_error: OnError,
) -> dict[int, Answer]:
    """Search an index for queries; each answer, by the number of its query, is what the query gets alone.

    The condition is evaluated once, and passes over the vectors are shared; an answer states its share of their time.
    If a shard turns out to be damaged, the queries are answered again without it.

    Args:
        spaces: the vectors of the index.
        queries: what is searched, cut to the part that is compared, and the seconds that reading it took.
        options: how they are answered.
        on_error: called for a query that cannot be answered, which is left out.

    Raises:
        QueryError: the condition, the encoders or their weights have no meaning for this index.
        IndexStateError: the index is damaged beyond its shards, or its vectors were made by other weights.
    """
    while True:
        failed: dict[int, Exception] = {}
        known = len(spaces.snapshot.damage)
        try:
            answers = _answers(spaces, queries, options, failed.__setitem__)
        except DamagedShardError:
            if len(spaces.snapshot.damage) == known:  # not of the clips that are searched: the query is one of them
                raise
            continue
        for number, error in failed.items():
            on_error(number, error)
        return answers


def _answers(
    spaces: Spaces, queries: Sequence[tuple[Query, float]], options: QueryOptions, on_error: OnError
) -> dict[int, Answer]:
    opener = SearchOpener(spaces, options)
    encoded: list[_Encoded] = []
    for number, (query, read_s) in enumerate(queries):
        try:
            started = time.perf_counter()
            search = opener.open(query)
            vectors = search.encoded()
            encoded.append(_Encoded(number, query, search, vectors, read_s, time.perf_counter() - started))
        except OF_ONE_QUERY as error:
            on_error(number, error)
    started = time.perf_counter()
    candidates = candidates_of_all([one.search for one in encoded], [one.vectors for one in encoded])
    search_s = (time.perf_counter() - started) / max(1, len(encoded))
    answers = {}
    for one, found in zip(encoded, candidates, strict=True):
        try:
            answers[one.number] = _answer(spaces, one, found, options, search_s, opener.notes(one.search))
        except OF_ONE_QUERY as error:
            on_error(one.number, error)
    return answers


def _answer(
    spaces: Spaces,
    encoded: _Encoded,
    candidates: tuple[Candidates, Candidates, Candidates],
    options: QueryOptions,
    search_s: float,
    notes: tuple[str, ...],
) -> Answer:
    started = time.perf_counter()
    query, search = encoded.query, encoded.search
    matches = [search.localised(match) for match in search.matches(*candidates)[: options.k]]
    hits = tuple(as_hit(search, match, rank, options) for rank, match in enumerate(matches, 1))
    steps_s = encoded.read_s, encoded.encode_s, search_s, time.perf_counter() - started
    return Answer(
        query=query.name,
        start_s=query.part.start_s,
        end_s=query.part.end_s,
        index_path=str(spaces.snapshot.index),
        index_version=spaces.snapshot.version,
        encoder=search.space.name,
        hits=hits,
        took_ms=StepTimes(*(seconds * 1e3 for seconds in steps_s)),
        notes=notes + (() if query.view is None else view_notes(query.part, hits)),
        missing_shards=tuple(sorted(search.missing)),
        damage=tuple(what for shard, what in sorted(spaces.snapshot.damage.items()) if shard in search.missing),
    )
