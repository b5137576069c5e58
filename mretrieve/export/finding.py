"""What is exported, by the name that a user gave it: a file, an indexed clip or a hit of a saved answer."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import IndexStateError, QueryError
from ..formats import read
from ..formats.bodies import body_of, file_and_body
from ..motion import Motion
from ..search.moment_name import MomentName, is_known, parse_moment
from ..storage import Snapshot, find_index
from .moment import Moment

_HIT = re.compile(r"(?P<answer>.+\.json)#(?P<rank>\d{1,9})", re.IGNORECASE | re.DOTALL)
_ANSWERS = "mretrieve.query/"
_LONGEST_ANSWER = 64 << 20  # bytes


class Finder:
    """Where names are looked up: among the files, then in an index, which is opened when one is needed."""

    def __init__(self, index: Path | None = None, asf: Path | None = None) -> None:
        """`index`: a path; None for $MRETRIEVE_INDEX, or `.mretrieve` here or further up. `asf`: of AMC files."""
        self._index = index
        self._asf = asf

    def find(self, name: str) -> Moment:
        """The moment of a name: `CLIP[@start-end]`, or `answer.json#3` for the third hit of a saved answer.

        CLIP is a file where there is one, else a clip of the index, with `#body` where a file holds several.

        Raises:
            QueryError: no such file or clip, no such hit, or a body has to be named.
            IndexStateError: an index is needed and there is none, or the clip's file is not the one it holds any more.
            FormatError: the file cannot be read.
        """
        hit = _HIT.fullmatch(name)
        if hit is not None and not Path(name).is_file() and Path(hit["answer"]).is_file():
            answer = _read_answer(Path(hit["answer"]))
            said = _hit_of(hit["answer"], answer, int(hit["rank"]))
            if self._index is None:
                self._index = Path(str(answer["index"]["path"]))
            return Moment(self._indexed(said.clip), said.start_s, said.end_s)
        clip, start_s, end_s = parse_moment(name, lambda whole: is_known(whole, lambda: self._snapshot))
        file = file_and_body(clip)
        if file is None:
            return Moment(self._indexed(clip), start_s, end_s)
        path, body = file
        return Moment(body_of(read(path, asf=self._asf), path, body), start_s, end_s)

    @cached_property
    def _snapshot(self) -> Snapshot:
        return Snapshot.open(find_index(self._index))

    def _indexed(self, clip: str) -> Motion:
        try:
            snapshot = self._snapshot
        except IndexStateError as none:
            raise IndexStateError(f"{clip}: no such file, and no index to look it up in. {none}") from None
        try:
            row = snapshot.clip_row(clip)
        except QueryError as unknown:
            raise QueryError(f"{unknown}; there is no such file either") from None
        (said,) = snapshot.clips.slice(row, 1).to_pylist()
        path = snapshot.repository / said["path"]
        if not path.exists():
            raise IndexStateError(
                f"{path}: the file of an indexed clip is gone; a moment is cut out of its own file, so bring it back"
            )
        motion = body_of(read(path, asf=self._asf), path, said["body"])
        if (motion.frame_count, motion.fps) != (said["source_frame_count"], said["fps"]):
            raise IndexStateError(
                f"{path}: has changed since it was indexed; bring the index up to date with `mretrieve index`"
            )
        return motion


def _read_answer(path: Path) -> dict[str, Any]:
    """What `mretrieve query --format json` printed. QueryError: it is something else, or cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_ANSWER + 1)
        answer: Any = json.loads(text) if len(text) <= _LONGEST_ANSWER else None
    except OSError as error:
        raise QueryError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        answer = None
    try:
        known = answer["schema"].startswith(_ANSWERS) and isinstance(answer["index"]["path"], str)
    except (KeyError, TypeError, AttributeError):
        known = False
    if not known:
        raise QueryError(f"{path}: is no answer that `mretrieve query FILE --format json` printed")
    return dict(answer)


def _hit_of(path: str, answer: dict[str, Any], rank: int) -> MomentName:
    try:
        hits = {int(hit["rank"]): hit for hit in answer["results"]}
        if rank not in hits:
            raise QueryError(f"{path}: has no hit {rank}, only {len(hits)} hits; ask with a larger -k")
        said = hits[rank]
        return MomentName(str(said["clip"]), float(said["start_s"]), float(said["end_s"]))
    except (KeyError, TypeError, ValueError):
        raise QueryError(f"{path}: hit {rank} lacks its clip, start or end; save the answer again") from None
