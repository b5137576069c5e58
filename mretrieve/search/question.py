"""What is asked: a file, an indexed clip, a motion or a clip, brought to one canonical clip."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encoders import Encoder
from ..errors import QueryError
from ..formats import read
from ..formats.bodies import body_of, file_and_body
from ..motion import CANONICAL_FPS, Clip, Motion, canonicalise, load_rig_map
from ..motion.body_parts import PartWeights
from ..motion.flips import Flip, flip
from ..storage import Snapshot

#: Frames around the part that rates of change are taken from; the rest of a take of hours need not be encoded.
_CONTEXT_FRAMES = 30
#: No body moves farther from where it started; numbers beyond it overflow when they are squared.
FARTHEST_M = 1e9


@dataclass(frozen=True, eq=False)
class Question:
    """A query as it was understood."""

    path: str  # how the user named it; "" for a motion or clip given from Python
    clip: Clip  # the whole of it
    start_frame: int  # the part that is compared; what lies around it is context for rates of change
    end_frame: int
    own_clips: tuple[int, ...]  # clip rows of the index that are the query itself

    @property
    def part(self) -> Clip:
        """The frames that are compared."""
        return self.clip.cut(self.start_frame, self.end_frame)

    def image(self, what: Flip, parts: PartWeights) -> Question:
        """The same question about an image of the motion: flipped, and without the limbs that count nothing."""
        return replace(self, clip=parts.masked(flip(self.clip, what)))

    def encoded_by(self, encoder: Encoder) -> NDArray[np.float32]:
        """The vector (1, D) of the part, as it would stand in an index: with what lies around it in view."""
        first = max(0, self.start_frame - _CONTEXT_FRAMES)
        around = self.clip.cut(first, self.end_frame + _CONTEXT_FRAMES)
        return encoder.encode_windows(around, np.array([[self.start_frame - first, self.end_frame - first]]))

    def cut_to(self, start_s: float | None, end_s: float | None) -> Question:
        """The same question about the frames between two times of its file (None: its own ends).

        Raises:
            QueryError: no frame lies between them.
        """
        start = self.clip.start_s if start_s is None else start_s
        end = self.clip.end_s if end_s is None else end_s
        if not (isfinite(start) and isfinite(end)):
            raise QueryError(f"start and end must be seconds, not {start:g} and {end:g}")
        first, last = (
            round((min(max(time_s, self.clip.start_s), self.clip.end_s) - self.clip.start_s) * CANONICAL_FPS)
            for time_s in (start, end)
        )
        if not first < last:
            raise QueryError(
                f"no motion between {start:g} s and {end:g} s: {self.path or 'the query'} has "
                f"{self.clip.start_s:.2f} s to {self.clip.end_s:.2f} s"
            )
        return replace(self, start_frame=first, end_frame=last)


def read_question(
    query: Clip | Motion | Path | str, snapshot: Snapshot, asf: Path | None = None, rig_map: Path | None = None
) -> Question:
    """The canonical clip of a query.

    A name is a file where one exists, else a clip of the index (its path relative to the indexed folder, with `#body`
    where a file holds several). `asf` and `rig_map` are for reading the file, as in indexing.

    Raises:
        QueryError: no such file and no such clip, or a file of several bodies without `#body`.
        FormatError, RigError: the file cannot be read.
    """
    if isinstance(query, Clip):
        return _whole("", query, ())
    if isinstance(query, Motion):
        own = _own_clips(snapshot, query.source, query.body)
        return _whole(str(query.source), canonicalise(query), own)
    name = str(query)
    file = file_and_body(name)
    if file is not None:
        path, body = file
        motions = read(path, asf=asf)
        motion = body_of(motions, path, body)
        own = _own_clips(snapshot, path, motion.body if len(motions) > 1 else "")
        mapping = load_rig_map(rig_map, motion.rig) if rig_map is not None else None
        return _whole(name, canonicalise(motion, mapping), own)
    row = _row_of(snapshot, name)
    positions, observed = snapshot.motion(row)
    clip = Clip(np.asarray(positions), np.asarray(observed), start_s=snapshot.clips["start_s"][row].as_py())
    return _whole(name, clip, (row,))


def _whole(path: str, clip: Clip, own_clips: tuple[int, ...]) -> Question:
    if not clip.frame_count:
        raise QueryError(f"{path or 'the query'} has no frames")
    if not (np.abs(clip.positions) < FARTHEST_M).all():  # false for NaN too
        raise QueryError(f"{path or 'the query'} has positions that are no numbers, or beyond {FARTHEST_M:g} m")
    return Question(path, clip, 0, clip.frame_count, own_clips)


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
