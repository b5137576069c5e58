"""An open index: the one facade behind the command line, services and notebooks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .motion import Clip, Motion
from .search.answer import Answer
from .search.answering import answer_query
from .search.options import QueryOptions
from .search.question import read_question
from .search.spaces import Spaces
from .storage import Snapshot, find_index

#: What can be searched for: a motion file or indexed clip by name, or a motion.
Searchable = Clip | Motion | Path | str


def open_index(path: Path | str | None = None, version: int | None = None) -> Index:
    """Open an index for queries.

    Args:
        path: the index; None looks in $MRETRIEVE_INDEX, then for `.mretrieve` in this folder and its parents.
        version: an older version that is still kept; None for the newest.

    Raises:
        IndexStateError: there is no index, it is damaged, or other weights made it (if an index has several encoders,
            that is raised when a query uses the encoder).
    """
    return Index(Snapshot.open(find_index(Path(path) if path is not None else None), version))


class Index:
    """One version of an index, read-only; later commits do not change what it answers.

    An Index may be shared by threads.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        snapshot.hold()
        self._spaces = Spaces(snapshot)

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

    def search(
        self, query: Searchable, k: int | None = None, *, options: QueryOptions | None = None, **changes: Any
    ) -> Answer:
        """The moments that move most like the query, best first.

        Args:
            query: a motion file, an indexed clip's id, or a moment of either (`walk.bvh@3.20-5.43`); a Motion, a Clip.
            k: number of hits; None for that of `options`, 10 by default.
            options: how to answer; None for the defaults.
            changes: fields of QueryOptions to set, such as `where="label = 'walk'"` or `parts={"arms": 1}`.

        Raises:
            QueryError: the query or an option has no meaning.
            FormatError, RigError: the query's file cannot be read.
            TypeError: an option does not exist, or `query` is of another type.
        """
        options = QueryOptions.of(options, changes if k is None else {**changes, "k": k})
        started = time.perf_counter()
        question = read_question(query, self._snapshot, options.asf, options.rig_map)
        question = question.cut_to(options.start_s, options.end_s)
        return answer_query(self._spaces, question, options, read_s=time.perf_counter() - started)

    def search_many(
        self,
        queries: Iterable[Searchable],
        k: int | None = None,
        *,
        options: QueryOptions | None = None,
        **changes: Any,
    ) -> list[Answer]:
        """The answers to several queries, in their order; arguments as in `search`."""
        return [self.search(query, k, options=options, **changes) for query in queries]
