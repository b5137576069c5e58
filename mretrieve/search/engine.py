"""An open index, ready for questions: query -> candidates -> re-rank -> hits, the same way for every encoder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import align
from ..alignment.score import score_of
from ..motion import Clip, Motion
from ..motion.body_parts import PartWeights
from ..storage import Snapshot, find_index
from .chains import SPLIT_FROM_FRAMES, chained
from .hit import Answer, Hit, Took
from .look import Look
from .moments import Found, best_first, best_of_each_clip, clip_of
from .options import Mirror, QueryOptions, Scope
from .question import Question, read_question
from .spaces import Spaces


def open_index(path: Path | str | None = None, version: int | None = None) -> Index:
    """Open an index for queries.

    Args:
        path: the index; None looks in $MRETRIEVE_INDEX, then for `.mretrieve` in this folder and its parents.
        version: an older version that is still kept; None for the newest.

    Raises:
        IndexStateError: there is no index, it is damaged, or other weights made it (of an index with several spaces,
            that is said when a query asks for the space).
    """
    return Index(Snapshot.open(find_index(Path(path) if path is not None else None), version))


class Index:
    """One version of an index; later commits do not change what it answers."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        snapshot.hold()
        self._spaces = Spaces(snapshot)

    def __len__(self) -> int:
        """Number of clips."""
        return int(self.snapshot.clips.num_rows)

    def query(
        self,
        query: Clip | Motion | Path | str,
        k: int = 10,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        rerank: int = QueryOptions.rerank,
        where: str | None = None,
        exclude_self: bool = False,
        all_moments: bool = False,
        mirror: Mirror = "none",
        asf: Path | None = None,
        rig_map: Path | None = None,
        encoder: str | Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        scope: Scope = "auto",
        mapper: Path | None = None,
        parts: PartWeights | str | None = None,
    ) -> list[Hit]:
        """The moments that move most like the query, best first; see QueryOptions for the arguments.

        The query is a file, an indexed clip's path, a Motion or a Clip. The answer holds k hits whenever k clips exist
        (and meet the condition). `parts` may be written as the command line has it: "arms=1,legs=0".

        Raises:
            QueryError: the query or an option has no meaning. FormatError, RigError: its file cannot be read.
        """
        options = QueryOptions(
            k=k,
            start_s=start_s,
            end_s=end_s,
            rerank=rerank,
            where=where,
            exclude_self=exclude_self,
            all_moments=all_moments,
            mirror=mirror,
            asf=asf,
            rig_map=rig_map,
            encoder=encoder,
            weights=weights,
            scope=scope,
            mapper=mapper,
            parts=PartWeights.parse(parts) if isinstance(parts, str) else parts or PartWeights(),
        )
        return list(self.answer(query, options).hits)

    def query_batch(
        self, queries: Sequence[Clip | Motion | Path | str], options: QueryOptions | None = None
    ) -> list[list[Hit]]:
        """The answers to several queries, in their order."""
        options = options or QueryOptions()
        return [list(self.answer(query, options).hits) for query in queries]

    def answer(self, query: Clip | Motion | Path | str, options: QueryOptions | None = None) -> Answer:
        """The answer to one query with what the JSON contract tells about it: the question, the index, the time."""
        options = options or QueryOptions()
        if options.parts.even:
            options = replace(options, parts=PartWeights())  # only ratios count
        space = self._spaces.asked(options.encoder, options.weights, options.parts, options.mapper)
        started = time.perf_counter()
        question = read_question(query, self.snapshot, options.asf, options.rig_map)
        question = question.cut_to(options.start_s, options.end_s)
        read = time.perf_counter()
        images = tuple(question.image(flip, options.parts) for flip in options.flips)
        look = Look(self.snapshot, space, images, options, self._allowed(question, options))
        asked = look.encoded()
        encoded = time.perf_counter()
        nearest = look.candidates(asked)
        searched = time.perf_counter()
        found = look.ranked(nearest)
        if look.frames >= SPLIT_FROM_FRAMES and options.rerank and options.scope != "whole":
            found = best_of_each_clip(best_first(chained(look) + found))
        hits = tuple(self._hit(look, look.shown(one), place + 1) for place, one in enumerate(found[: options.k]))
        reranked = time.perf_counter()
        steps = np.diff([started, read, encoded, searched, reranked]) * 1e3
        return Answer(
            path=question.path,
            start_s=question.part.start_s,
            end_s=question.part.end_s,
            index_path=str(self.snapshot.index),
            index_version=self.snapshot.version,
            encoder=space.name,
            hits=hits,
            took_ms=Took(*map(float, steps)),
        )

    @property
    def clips(self) -> list[str]:
        """Ids of all clips, sorted: paths relative to the indexed folder, with `#body` where a file holds several."""
        ids: list[str] = self.snapshot.clips["clip"].to_pylist()
        return ids

    def _allowed(self, question: Question, options: QueryOptions) -> NDArray[np.bool_] | None:
        """Rows (N,) of clips that meet the condition and are not the query's own; None for all."""
        allowed = None
        if options.where is not None:
            from .where import matching_rows  # here: Arrow's compute functions take 30 ms to load

            allowed = matching_rows(options.where, self.snapshot.clips)[self.snapshot.window_clip]
        if options.exclude_self and question.own_clips:
            others = ~np.isin(self.snapshot.window_clip, question.own_clips)
            allowed = others if allowed is None else allowed & others
        return allowed

    def _hit(self, look: Look, found: Found, rank: int) -> Hit:
        """A moment as users read it."""
        question, clips = look.images[found.image], self.snapshot.clips
        query = question.part.cut(
            found.query_start, question.part.frame_count if found.query_end is None else found.query_end
        )
        moment = clip_of(self.snapshot, found.clip_row).cut(found.start_frame, found.end_frame)
        alignment = align(query, moment, look.options.parts)
        return Hit(
            rank=rank,
            clip=clips["clip"][found.clip_row].as_py(),
            start_s=moment.start_s,
            end_s=moment.end_s,
            score=score_of(found.distance),
            distance_mm=alignment.mean_mm,
            label=clips["label"][found.clip_row].as_py(),
            mirror=look.options.flips[found.image],
            speed=query.frame_count / moment.frame_count,
            parts=alignment.part_scores,
            query_start_s=query.start_s,
            query_end_s=query.end_s,
            query_path=question.path,
            _aligned=partial(align, query, moment, look.options.parts),
        )
