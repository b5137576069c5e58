"""Reading a query: a file, an indexed clip, a motion or a clip, brought to one canonical clip."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from ..errors import QueryError
from ..formats import read
from ..formats.bodies import body_of, file_and_body
from ..motion import Clip, Motion, canonicalise, load_rig_map
from ..storage import Snapshot
from .query import Query


def read_question(
    query: Clip | Motion | Path | str,
    snapshot: Snapshot,
    asf: Path | str | None = None,
    rig_map: Path | str | None = None,
) -> Query:
    """The canonical clip of a query.

    A name is a file where one exists, else a clip of the index (its path relative to the indexed folder, with `#body`
    where a file holds several). `asf` and `rig_map` are for reading the file, as in indexing.

    Raises:
        QueryError: no such file and no such clip, or a file of several bodies without `#body`.
        FormatError, RigError: the file cannot be read.
    """
    if isinstance(query, Clip):
        return Query.of("", query, ())
    if isinstance(query, Motion):
        own = _own_clips(snapshot, query.source, query.body)
        return Query.of(str(query.source), canonicalise(query), own)
    name = str(query)
    file = file_and_body(name)
    if file is not None:
        path, body = file
        motions = read(path, asf=asf)
        motion = body_of(motions, path, body)
        own = _own_clips(snapshot, path, motion.body if len(motions) > 1 else "")
        mapping = load_rig_map(Path(rig_map), motion.rig) if rig_map is not None else None
        return Query.of(name, canonicalise(motion, mapping), own)
    row = _row_of(snapshot, name)
    positions, observed = snapshot.motion(row)
    clip = Clip(np.asarray(positions), np.asarray(observed), start_s=snapshot.clips["start_s"][row].as_py())
    return Query.of(name, clip, (row,))


def _row_of(snapshot: Snapshot, name: str) -> int:
    try:
        return snapshot.clip_row(name)
    except QueryError as unknown:
        raise QueryError(f"{name}: no such file, and the index has no such clip. {unknown}") from None


def _own_clips(snapshot: Snapshot, path: Path, body: str) -> tuple[int, ...]:
    """Rows of the index that were read from this very file, by whichever name it went in."""
    own = set()
    for place in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100  a link may be what was indexed
        for repository in (snapshot.repository, snapshot.repository.resolve()):
            with suppress(ValueError, QueryError):
                relative = place.relative_to(repository).as_posix()
                own.add(snapshot.clip_row(f"{relative}#{body}" if body else relative))
    return tuple(sorted(own))
