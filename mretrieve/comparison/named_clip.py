"""What is compared, by the name that a user gave it: a motion file or an indexed clip, the whole or a moment of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import IndexStateError, QueryError
from ..formats import read
from ..formats.bodies import body_of, file_and_body
from ..motion import Clip, canonicalise, load_rig_map
from ..motion.flips import REMARKS, Flip, flip
from ..search.moment_name import is_known, parse_moment
from ..search.query import Query
from ..search.question import read_question
from ..storage import Snapshot, find_index


@dataclass(frozen=True, eq=False)
class NamedClip:
    """A clip, or the moment of it that is compared, and where it comes from."""

    name: str  # its file, or the id of an indexed clip
    clip: Clip  # the part that is compared
    fps: float | None = None  # frames a second of its file; None where that is not known
    is_moment: bool = False  # whether only a part of it is compared
    mirror: Flip = "none"  # which image of it is compared

    def __str__(self) -> str:
        """Its name and when it is, as answers print it."""
        return f"{self.name}, {self.clip.start_s:.2f} s to {self.clip.end_s:.2f} s{REMARKS[self.mirror]}"

    def flipped(self, what: Flip) -> NamedClip:
        """Its image with left and right exchanged in what is named."""
        return replace(self, clip=flip(self.clip, what), mirror=what)

    def to_json(self) -> dict[str, Any]:
        """Its name and when it is, in file time, as plain dicts and lists."""
        return {"path": self.name, "start_s": round(self.clip.start_s, 4), "end_s": round(self.clip.end_s, 4)}


class NamedClips:
    """Where names are looked up: among the files, then in an index, opened when the first name is no file's."""

    def __init__(self, index: Path | None = None) -> None:
        """`index`: a path; None for $MRETRIEVE_INDEX, or `.mretrieve` here or further up."""
        self._index = index

    @cached_property
    def snapshot(self) -> Snapshot:
        """The index. IndexStateError where there is none."""
        return Snapshot.open(find_index(self._index))

    def read(
        self,
        name: str,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        asf: Path | None = None,
        rig_map: Path | None = None,
    ) -> NamedClip:
        """The clip of a name, which is a file where there is one, else a clip of the index.

        A moment may stand at its end, as `search.moment_name.parse_moment` reads it: `walk/07_01.bvh@3.20-5.43`.

        Args:
            name: a file's path or an indexed clip's id, with `#body` where the file holds several.
            start_s: the part from there on, in seconds of the file; None for the moment's own or the beginning.
            end_s: the part up to there.
            asf: the skeleton of an AMC file, where it is not beside it.
            rig_map: a saved rig map for the file.

        Raises:
            QueryError: no such file and no such clip, a file of several bodies without `#body`, or nothing between the
                two times.
            FormatError, RigError: the file cannot be read.
        """
        moment = parse_moment(name, lambda whole: is_known(whole, lambda: self.snapshot))
        question, fps = self._whole(moment.clip, asf, rig_map)
        start_s = moment.start_s if start_s is None else start_s
        end_s = moment.end_s if end_s is None else end_s
        part = question.cut_to(start_s, end_s).part
        return NamedClip(moment.clip, part, fps, is_moment=part.frame_count < question.clip.frame_count)

    def _whole(self, name: str, asf: Path | None, rig_map: Path | None) -> tuple[Query, float]:
        file = file_and_body(name)
        if file is None:
            question = self._indexed(name)
            return question, float(self.snapshot.clips["fps"][question.own_clips[0]].as_py())
        path, body = file
        motion = body_of(read(path, asf=asf), path, body)
        mapping = load_rig_map(rig_map, motion.rig) if rig_map is not None else None
        clip = canonicalise(motion, mapping)
        return Query.of(name, clip), motion.fps

    def _indexed(self, name: str) -> Query:
        try:
            snapshot = self.snapshot
        except IndexStateError as none:
            raise QueryError(f"{name}: no such file, and no index to look it up in. {none}") from None
        return read_question(name, snapshot)
