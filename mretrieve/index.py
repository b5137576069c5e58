"""An open index: the one facade behind the command line, services and notebooks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .devices import find_devices
from .errors import IndexStateError, MRetrieveError
from .formats import ReadingOptions
from .search.answer import Answer, Hit
from .search.answering import OF_ONE_QUERY, answer_queries
from .search.options import QueryOptions
from .search.query import Query
from .search.spaces import Spaces, VectorsOpener
from .sources.resolve import ClipResolver, ResolvedClip, Searchable, own_rows
from .storage.ownership import find_index
from .storage.snapshot import Snapshot
from .vectors import open_vectors

if TYPE_CHECKING:
    from .comparison import Explanation
    from .comparison.correspondence import Correspondence
    from .comparison.differences import Comparison
    from .comparison.playback import Playback
    from .export import Exported
    from .motion.body_parts import Flip, Parts
    from .search.classification import Classified

#: Queries of `Index.search_many` that are searched together.
QUERIES_AT_ONCE = 64


def open_index(
    path: Path | str | None = None, version: int | None = None, *, device: str | None = None, ray: str | None = None
) -> Index:
    """Open an index for queries.

    Args:
        path: the index; None looks in $MRETRIEVE_INDEX, then for `.mretrieve` in this folder and its parents.
        version: an older version that is still kept; None for the newest.
        device: where vectors are searched: "cuda", "cuda:1", "all" GPUs, or "cpu" for the same code in torch on the
            CPU. They are copied there once, and answers are the same. None searches them on the CPU without torch.
        ray: address of a Ray cluster whose nodes search the vectors: "auto" for the one that this machine belongs to,
            "HOST:PORT", or "local" for one that is started on this machine. All nodes must have the index at the same
            path. Answers are the same; one that lacks a part of the index, because nodes died, has `missing_shards`.
            None searches them in this process.

    Raises:
        MRetrieveError: there is no such device or cluster, torch or Ray is not installed, or both are asked for.
        IndexStateError: there is no index, it is damaged, or other weights made it (if an index has several encoders,
            that is raised when a query uses the encoder).
    """
    if device is not None and ray is not None:
        raise MRetrieveError("device: a Ray cluster searches on its CPUs; leave out --device")
    devices = () if device is None else find_devices(device)
    snapshot = Snapshot.open(find_index(Path(path) if path is not None else None), version)
    if ray is None:
        return Index(snapshot, partial(open_vectors, devices=devices))
    from .vectors.ray_parts import RayParts

    return Index(snapshot, RayParts(snapshot, ray).open_vectors)


class Index:
    """One version of an index, read-only; later commits do not change what it answers.

    An Index may be shared by threads.
    """

    def __init__(self, snapshot: Snapshot, vectors: VectorsOpener = open_vectors) -> None:
        self._snapshot = snapshot
        snapshot.hold()
        self._spaces = Spaces(snapshot, vectors)
        self._resolver = ClipResolver(snapshot)

    def __len__(self) -> int:
        """Number of clips."""
        return int(self._snapshot.clips.num_rows)

    def __repr__(self) -> str:
        return f"<Index {self._snapshot.index}, version {self._snapshot.version}: {len(self)} clips>"

    @property
    def clips(self) -> list[str]:
        """Ids of all clips, sorted: paths relative to the indexed folder, with `#body` if a file holds several."""
        ids: list[str] = self._snapshot.clips["clip"].to_pylist()
        return ids

    @property
    def snapshot(self) -> Snapshot:
        """The version of the index that is read."""
        return self._snapshot

    def where_help(self) -> str:
        """The columns and operators of the option `where`, with examples of this index's values."""
        from .search.moment_labels import clips_and_spans
        from .search.where import where_help

        return where_help(clips_and_spans(self._snapshot))

    def search(
        self,
        query: Searchable | NDArray[np.floating],
        k: int | None = None,
        *,
        joints: Sequence[str] | None = None,
        options: QueryOptions | None = None,
        **changes: Any,
    ) -> Answer:
        """The moments that move most like the query, best first.

        Args:
            query: a motion file, an indexed clip's id, or a moment of either (`walk.bvh@3.20-5.43`); a Motion, a Clip,
                Keypoints, a View or an array of joint positions (T, J, 3), which needs the option `fps`.
            k: number of hits; None for that of `options`, 10 by default.
            joints: names of the joints of an array; None for the 22 canonical ones.
            options: how to answer; None for the defaults.
            changes: fields of QueryOptions to set, such as `where="label = 'walk'"` or `parts={"arms": 1}`.

        Raises:
            QueryError: the query or an option has no meaning.
            FormatError, RigError: the query's file cannot be read.
            TypeError: an option does not exist, or `query` is of another type.
        """
        options = QueryOptions.of(options, changes if k is None else {**changes, "k": k})
        started = time.perf_counter()
        if isinstance(query, np.ndarray):
            from .sources.reading import clip_from_joints

            if options.fps is None:
                raise TypeError("an array of joint positions needs its rate: give fps=...")
            query = clip_from_joints(query, options.fps, joints)
        elif joints is not None:
            raise TypeError("joints are for arrays of joint positions; files and motions have their own")
        understood = self._understood(query, options)
        read_s = time.perf_counter() - started
        answers = answer_queries(self._spaces, [(understood, read_s)], options, _raised)
        return self._playable(answers[0], query, options)

    def classify(
        self, query: Searchable, neighbours: int = 1, *, options: QueryOptions | None = None, **changes: Any
    ) -> Classified:
        """The class of a query: that of most of the `neighbours` best hits whose clips have a label.

        The index is the dictionary: a clip that is added with a new label adds a class. Other arguments and errors are
        those of `search`.

        Raises:
            QueryError: no clip of the answer has a label.
        """
        from .search.classification import vote

        labelled = "label IS NOT NULL"
        options = QueryOptions.of(options, {**changes, "k": neighbours})
        where = f"({options.where}) AND {labelled}" if options.where else labelled
        answer = self.search(query, options=replace(options, where=where))
        voted = vote([hit.label for hit in answer if hit.label], [hit.rank for hit in answer if hit.label])
        return replace(voted, missing_shards=answer.missing_shards, damage=answer.damage)

    def search_many(
        self,
        queries: Iterable[Searchable],
        k: int | None = None,
        *,
        options: QueryOptions | None = None,
        on_error: Callable[[Searchable, Exception], None] | None = None,
        resolver: ClipResolver | None = None,
        **changes: Any,
    ) -> list[Answer]:
        """The answers to several queries, in their order, each as `search` has it; other arguments as there.

        The queries share passes over the vectors, so that in a large index each costs less than alone.

        Args:
            queries: any number; QUERIES_AT_ONCE are in memory at a time.
            k: as in `search`.
            options: as in `search`.
            on_error: called with a query that cannot be answered, and with the error that `search` raises; it then has
                no answer. None to raise the error.
            resolver: what finds queries by name; None for files and the clips of this index.
            changes: as in `search`.
        """
        options = QueryOptions.of(options, changes if k is None else {**changes, "k": k})
        answers: list[Answer] = []
        waiting = iter(queries)
        while group := list(islice(waiting, QUERIES_AT_ONCE)):
            understood: list[tuple[Query, float]] = []
            named: list[Searchable] = []
            for query in group:
                started = time.perf_counter()
                try:
                    understood.append((self._understood(query, options, resolver), time.perf_counter() - started))
                    named.append(query)
                except OF_ONE_QUERY as error:
                    if on_error is None:
                        raise
                    on_error(query, error)

            def failed(number: int, error: Exception, named: list[Searchable] = named) -> None:
                if on_error is None:
                    raise error
                on_error(named[number], error)

            of_group = answer_queries(self._spaces, understood, options, failed)
            answers += [self._playable(answer, named[number], options, resolver) for number, answer in of_group.items()]
        return answers

    def _understood(self, query: Searchable, options: QueryOptions, resolver: ClipResolver | None = None) -> Query:
        found = self._resolved(query, options, resolver)
        return Query.of(found, own_rows(self._snapshot, found))

    def _playable(
        self, answer: Answer, query: Searchable, options: QueryOptions, resolver: ClipResolver | None = None
    ) -> Answer:
        """The answer with what draws it in a notebook; a query by name is read again then, and is not kept."""

        def player(hits: Sequence[Hit]) -> str | None:
            from .comparison.notebook import notebook_element

            shown = replace(answer, hits=tuple(hits))
            return notebook_element(self.playback(shown, query, options=options, resolver=resolver))

        return replace(answer, hits=tuple(replace(hit, player=player) for hit in answer.hits), player=player)

    def _resolved(self, query: Searchable, options: QueryOptions, resolver: ClipResolver | None = None) -> ResolvedClip:
        reading = ReadingOptions(_path(options.asf), _path(options.rig_map), options.fps, _path(options.pose_model))
        names = resolver or self._resolver
        return names.resolve(query, reading, start_s=options.start_s, end_s=options.end_s)

    def explain(
        self,
        query: Searchable,
        moment: Hit | Searchable,
        *,
        parts: Parts = None,
        mirror: Flip = "none",
        encoders: Sequence[str] | None = None,
    ) -> Explanation:
        """Why a moment matches a query: the distance of joints and body parts over time.

        Args:
            query: as in `search`.
            moment: a hit of `search`, or a clip or moment by name; in a clip more than twice as long as the query, the
                best-matching moment.
            parts: how much each body part counts, as in QueryOptions.
            mirror: which variant of the query is compared; a hit brings its own.
            encoders: those whose attention is wanted; None for those of the index that have attention.

        Raises:
            QueryError, FormatError, RigError: a clip or moment cannot be found or read.
        """
        from .comparison.by_name import explain_moment

        return explain_moment(self._resolver, query, moment, parts=parts, mirror=mirror, encoders=encoders)

    def encoded(
        self, query: Searchable, *, options: QueryOptions | None = None, resolver: ClipResolver | None = None
    ) -> NDArray[np.float32]:
        """The vector (1, D) of a query by the encoders of the options; arguments and errors are those of `playback`."""
        options = options or QueryOptions()
        encoder = self._spaces.asked(options.encoder, options.encoder_weights).encoder
        return self._understood(query, options, resolver).encoded_by(encoder)

    def playback(
        self,
        answer: Answer,
        query: Searchable,
        *,
        options: QueryOptions | None = None,
        resolver: ClipResolver | None = None,
    ) -> Playback:
        """The motions of an answer next to the query's, aligned, for a viewer.

        Args:
            answer: an answer of `search`.
            query: the query that it answers.
            options: the options with which it was answered; None for the defaults.
            resolver: what finds the query by name, as in `search_many`; hits are clips of this index.

        Raises:
            QueryError, FormatError, RigError: the query cannot be read any more.
        """
        from .comparison import NamedClip
        from .comparison.by_name import explain_moment
        from .comparison.playback import Playback

        options = options or QueryOptions()
        found, weights = self._resolved(query, options, resolver), options.part_weights
        explained = []
        for hit in answer:
            # a clip whose file of a shard is damaged: the other hits can be shown
            with suppress(IndexStateError):
                explained.append((hit, explain_moment(self._resolver, found, hit, parts=weights, encoders=())))
        named = NamedClip.of(found)
        return Playback.of_answer(answer, replace(named, clip=weights.masked(named.clip)), explained)

    def compare(self, first: Searchable, second: Searchable, *, parts: Parts = None) -> Comparison:
        """Compare two takes of the same motion: scores of the parts over time, and advice for the first.

        Raises:
            QueryError, FormatError, RigError: a clip cannot be found or read.
        """
        from .comparison.by_name import compare_takes

        return compare_takes(self._resolver, first, second, parts=parts)

    def align(
        self, first: Searchable, second: Searchable, *, parts: Parts = None, find: bool = False
    ) -> Correspondence:
        """Which frames of two clips correspond.

        If one was lifted from two dimensions, they are found by normalised poses and the velocities of joints.

        Args:
            first: as in `search`.
            second: likewise.
            parts: how much each body part counts.
            find: look for the first clip within the second, instead of aligning both from first to last frame.

        Raises:
            QueryError, FormatError, RigError: a clip cannot be found or read.
        """
        from .comparison.by_name import align_clips

        return align_clips(self._resolver, first, second, parts=parts, find=find)

    def export(self, moment: Hit | str, path: Path | str, *, force: bool = False, **options: Any) -> Exported:
        """Write a moment as BVH, cut out of its own file on its own rig.

        Args:
            moment: a hit of `search`, or a clip or moment by name.
            path: the BVH file to write.
            force: overwrite a file that exists.
            options: fields of `export.ExportOptions`, such as `mirrored=True`.

        Raises:
            QueryError: there is no such moment, an option has no meaning, or `path` cannot be written.
            IndexStateError: the clip's file is missing or has changed since it was indexed.
            FormatError, RigError: the clip's file cannot be read, or its rig cannot be mirrored.
        """
        from .export import ExportOptions, export_moment

        name = f"{moment.clip}@{moment.start_s}-{moment.end_s}" if isinstance(moment, Hit) else moment
        exported = export_moment(name, ExportOptions(**options), self._resolver)
        exported.write(Path(path), replace=force)
        return exported


def _raised(_number: int, error: Exception) -> None:
    raise error


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)
