"""An open index, ready for questions: query -> candidates -> re-rank -> hits, the same way for every encoder."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..index import Snapshot, find_index
from ..motion import Clip, Motion
from .candidates import Candidates, Wanted, nearest_moments, shown_rows
from .hit import Answer, Hit, Took
from .question import Question, read_question
from .rerank import PoseAligner, join
from .score import score_of
from .spaces import Spaces

#: So many candidates are shared among threads; fewer are aligned before a second thread has woken.
_WORTH_THREADS = 500


@dataclass(frozen=True)
class QueryOptions:
    """How a query is answered."""

    k: int = 10  # how many hits; fewer only where fewer clips exist
    start_s: float | None = None  # the part of the query that is compared, in seconds of its file; None for its ends
    end_s: float | None = None
    rerank: int = 100  # how many candidates are aligned with DTW (never fewer than k); 0 ranks by the encoder alone
    where: str | None = None  # a condition on the clips table, see search/where.py
    exclude_self: bool = False  # leave out the clip that is the query's own
    all_moments: bool = False  # several moments of one clip
    mirror: bool = False  # search the query's left-right mirror too
    asf: Path | None = None  # the skeleton of an AMC query, where it is not found beside it
    rig_map: Path | None = None  # a saved rig map for the query's file
    encoder: str | Sequence[str] | None = None  # which spaces answer together, "a,b" or a list; None for the index's
    weights: Sequence[float] | None = None  # of their distances; None for those that the index was given

    def __post_init__(self) -> None:
        if self.k < 1:
            raise QueryError(f"k is {self.k}; ask for at least 1 hit")
        if self.rerank < 0:
            raise QueryError(f"rerank is {self.rerank}; give 0 to switch re-ranking off, or a number of candidates")


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
        mirror: bool = False,
        asf: Path | None = None,
        rig_map: Path | None = None,
        encoder: str | Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
    ) -> list[Hit]:
        """The moments that move most like the query, best first; see QueryOptions for the arguments.

        The query is a file, an indexed clip's path, a Motion or a Clip. The answer holds k hits whenever k clips exist
        (and meet the condition).

        Raises:
            QueryError: the query or an option has no meaning. FormatError, RigError: its file cannot be read.
        """
        options = QueryOptions(
            k, start_s, end_s, rerank, where, exclude_self, all_moments, mirror, asf, rig_map, encoder, weights
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
        space = self._spaces.asked(options.encoder, options.weights)
        started = time.perf_counter()
        question = read_question(query, self.snapshot, options.asf, options.rig_map)
        question = question.cut_to(options.start_s, options.end_s)
        read = time.perf_counter()
        versions = [question, question.mirrored()] if options.mirror else [question]
        vectors = np.concatenate([asked.encoded_by(space.encoder) for asked in versions])
        encoded = time.perf_counter()
        queries = space.prepared(vectors, question.own_clips if options.exclude_self else ())
        candidates = nearest_moments(self.snapshot, space.search, queries, self._wanted(question, options))
        searched = time.perf_counter()
        aligners = [PoseAligner(asked.part) for asked in versions]
        best, distances = self._ranked(aligners, candidates, options)
        rows = shown_rows(self.snapshot, space.search, queries, best, question.part.frame_count)
        hits = self._hits(aligners, best, distances, rows)
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

    def _wanted(self, question: Question, options: QueryOptions) -> Wanted:
        rows = None
        if options.where is not None:
            from .where import matching_rows  # here: Arrow's compute functions take 30 ms to load

            rows = matching_rows(options.where, self.snapshot.clips)[self.snapshot.window_clip]
        return Wanted(
            count=max(options.k, options.rerank),
            query_frames=question.part.frame_count,
            rows=rows,
            excluded_clips=question.own_clips if options.exclude_self else (),
            all_moments=options.all_moments,
        )

    def _ranked(
        self, aligners: list[PoseAligner], candidates: Candidates, options: QueryOptions
    ) -> tuple[Candidates, NDArray[np.float64]]:
        """The best k by the distance joined of the embedding's and the aligned poses', and that distance."""
        distances = candidates.distances.copy()
        if options.rerank:
            moments = [self._moment(int(row)) for row in candidates.rows]
            for version, aligner in enumerate(aligners):
                mine = np.flatnonzero(candidates.mirrored == bool(version))
                threads = (os.cpu_count() or 1) if len(mine) >= _WORTH_THREADS else 1
                poses = aligner.distances([moments[index] for index in mine], threads)
                distances[mine] = join(distances[mine], poses)
        order = np.lexsort((candidates.rows, distances))[: options.k]
        best = Candidates(candidates.rows[order], candidates.distances[order], candidates.mirrored[order])
        return best, distances[order]

    def _hits(
        self,
        aligners: list[PoseAligner],
        best: Candidates,
        distances: NDArray[np.float64],
        rows: NDArray[np.int64],
    ) -> tuple[Hit, ...]:
        """The best as users read them, each with the row that is shown of it."""
        clips = self.snapshot.clips
        hits = []
        for place, row in enumerate(rows.tolist()):
            moment, clip_row = self._moment(row), int(self.snapshot.window_clip[row])
            hits.append(
                Hit(
                    rank=place + 1,
                    clip=clips["clip"][clip_row].as_py(),
                    start_s=moment.start_s,
                    end_s=moment.end_s,
                    score=score_of(float(distances[place])),
                    distance_mm=aligners[int(best.mirrored[place])].distance_mm(moment),
                    label=clips["label"][clip_row].as_py(),
                    mirrored=bool(best.mirrored[place]),
                )
            )
        return tuple(hits)

    def _moment(self, row: int) -> Clip:
        """The canonical motion of one window of the index."""
        clip_row = int(self.snapshot.window_clip[row])
        positions, observed = self.snapshot.motion(clip_row)
        clip = Clip(positions, observed, start_s=float(self.snapshot.clips["start_s"][clip_row].as_py()))
        return clip.cut(int(self.snapshot.window_start[row]), int(self.snapshot.window_end[row]))
