"""The clip that a name means: a file, a clip of an index, a moment of either, a hit of an answer, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path

import numpy as np

from ..errors import IndexStateError, QueryError
from ..formats import MotionFile, ReadingOptions, recognise
from ..motion import CANONICAL_FPS, Clip, Motion
from ..motion.detection import DETECTED, MIDDLES
from ..motion.keypoints import ASSUMED_FPS, Keypoints
from ..motion.skeleton import JOINT_COUNT
from ..motion.view import View
from ..storage.folders import paths_of
from ..storage.ownership import find_index
from ..storage.snapshot import Snapshot
from .file_names import choose_body, file_and_body
from .indexed_file import IndexedFile
from .keypoint_bodies import is_joint_set, lift_view
from .moments import SavedHit, find_hit, frames_between, parse_hit_name, parse_moment
from .reading import SourceClip, make_canonical, read_people

#: What can be searched for and compared: a motion file, an indexed clip or a moment of either by name; a motion.
Searchable = Clip | Motion | View | Keypoints | Path | str
#: The joints that every detector looks for, and the middles between them.
_LOOKED_FOR = np.isin(np.arange(JOINT_COUNT), (*DETECTED, *MIDDLES))
#: The name of standard input.
STANDARD_INPUT = "-"


@dataclass(frozen=True, eq=False)
class ResolvedClip:
    """A clip and the part of it that a name means. Clip, motion and view are loaded when they are first used.

    Attributes:
        name: the name as it was typed, without the moment; of a hit the clip's name; "" for a clip from Python.
        load_clip: loads the whole canonical clip.
        load_motion: reads the motion of the clip's file.
        file: absolute path of the clip's file; None for standard input and for a clip from Python.
        body: the body in the file, if that holds several; else "".
        fps: frames per second of the file; None if unknown.
        row: the clip's row in the index, if the name is an indexed clip's.
        start_s: where the part begins, in seconds of the file; None for the clip's start.
        end_s: where the part ends; None for the clip's end.
        load_view: loads what the camera saw of a clip that was lifted from two dimensions; None for motion in space.
        is_lifted: whether the clip is lifted from two dimensions.
    """

    name: str
    load_clip: Callable[[], Clip] = field(repr=False)
    load_motion: Callable[[], Motion] = field(repr=False)
    file: Path | None = None
    body: str = ""
    fps: float | None = None
    row: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    load_view: Callable[[], View | None] = field(default=lambda: None, repr=False)
    is_lifted: bool = False

    @cached_property
    def clip(self) -> Clip:
        """The whole clip. FormatError, RigError: its file cannot be made canonical."""
        return self.load_clip()

    @cached_property
    def motion(self) -> Motion:
        """The whole motion as the file has it.

        Raises:
            IndexStateError: the file of an indexed clip is missing, or has changed since.
            FormatError: the file cannot be read.
            QueryError: a clip from Python has no file, and a file of keypoints no motion in space.
        """
        return self.load_motion()

    @cached_property
    def view(self) -> View | None:
        """The whole view that the clip was lifted from, with its frames; None for motion in space.

        Raises:
            FormatError: too little of a body is found in the file.
            IndexStateError: the shard that holds an indexed clip is damaged.
        """
        return self.load_view()

    @property
    def frames(self) -> tuple[int, int]:
        """First canonical frame of the part, and the one after its last. QueryError: it has none."""
        return frames_between(self.clip, self.start_s, self.end_s, self.name)

    @property
    def part(self) -> Clip:
        """The part of the clip that is meant. QueryError: it has no frames."""
        return self.clip.cut(*self.frames)

    @property
    def part_view(self) -> View | None:
        """The part of the view that is meant; None for motion in space. QueryError: it has no frames."""
        return None if self.view is None else self.view.cut(*self.frames)

    def between(self, start_s: float | None, end_s: float | None) -> ResolvedClip:
        """The same clip with another start or end of the part; None keeps the present one."""
        return replace(
            self, start_s=self.start_s if start_s is None else start_s, end_s=self.end_s if end_s is None else end_s
        )


class ClipResolver:
    """Finds clips by name: among the files, then in an index, which is opened for the first name that is not a file."""

    def __init__(self, index: Snapshot | Path | None = None) -> None:
        """`index`: an open index or its path; None for that of the first saved answer, else as `find_index` has it."""
        self._index = index

    @cached_property
    def snapshot(self) -> Snapshot:
        """The index. IndexStateError: there is none."""
        return self._index if isinstance(self._index, Snapshot) else Snapshot.open(find_index(self._index))

    def resolve(
        self,
        query: Searchable,
        options: ReadingOptions | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> ResolvedClip:
        """The clip that a name means, or one that is given from Python.

        Args:
            query: `FILE`, `CLIP` of the index, `FILE#body`, `CLIP@3.20-5.43`, `answer.json#3` for the third hit of a
                saved answer, or `-` for standard input, which holds a motion file or an answer, whose best hit is meant
                (`-#3`: its third). A file takes precedence over a clip of the same name; a folder of the frames of a
                video is one file. Or a Motion, a Clip, Keypoints or a View.
            options: how the file is read; a rig map must fit it.
            start_s: where the part begins, in seconds of the file; None for what the name says.
            end_s: where the part ends.

        Raises:
            QueryError: there is no such file, clip or hit, or a body has to be chosen.
            IndexStateError: the name is not a file's and there is no index.
            FormatError: the file cannot be read.
            TypeError: `query` is of another type.
        """
        options = options or ReadingOptions()
        if isinstance(query, Clip):
            return ResolvedClip("", lambda: query, _no_motion, start_s=start_s, end_s=end_s)
        if isinstance(query, View):
            return ResolvedClip(
                "",
                lambda: lift_view(query),
                _no_motion,
                start_s=start_s,
                end_s=end_s,
                load_view=lambda: query,
                is_lifted=True,
            )
        if isinstance(query, Motion | Keypoints):
            return _of_motion(str(query.source), query, query.body, query.source, ReadingOptions()).between(
                start_s, end_s
            )
        if not isinstance(query, str | Path):
            raise TypeError(
                f"give a file, a clip or moment by name, a Motion, Clip, View or Keypoints, not {type(query).__name__}"
            )
        moment = parse_moment(str(query), self._exists)
        return self._find(moment.clip, options).between(moment.start_s, moment.end_s).between(start_s, end_s)

    def resolve_indexed(self, name: str, options: ReadingOptions | None = None) -> ResolvedClip:
        """The clip of the index, or the moment of one, that a name means; no file is looked for.

        Args:
            name: `CLIP` or `CLIP@3.20-5.43`.
            options: how the clip's file is read, if it is needed.

        Raises:
            QueryError: the index has no such clip.
            IndexStateError: there is no index.
        """
        moment = parse_moment(name, lambda clip: self.snapshot.find_clip(clip) is not None)
        found = self._indexed(moment.clip, self.snapshot.clip_row(moment.clip), options or ReadingOptions())
        return found.between(moment.start_s, moment.end_s)

    def _find(self, name: str, options: ReadingOptions) -> ResolvedClip:
        if _is_standard_input(name):
            return self._from_standard_input(name, options)
        hit = parse_hit_name(name)
        if hit is not None:
            answer, rank = hit
            return self._from_hit(find_hit(MotionFile(answer).read_bytes(), rank, answer), options)
        found = file_and_body(name)
        if found is not None:
            path, body = found
            return _from_file(name, MotionFile(path), body, options)
        return self._from_index(name, options)

    def _exists(self, name: str) -> bool:
        """Whether there is a file (or a body in one), an indexed clip or a hit of a name."""
        if _is_standard_input(name) or parse_hit_name(name) is not None:
            return "@" not in name.rpartition("#")[2]
        file = file_and_body(name)
        if file is not None and "@" not in file[1]:  # what follows a body's name is not a part of it
            return True
        try:
            return self.snapshot.find_clip(name) is not None
        except IndexStateError:
            return False

    @cached_property
    def _standard_input(self) -> bytes:
        return sys.stdin.buffer.read()

    def _from_standard_input(self, name: str, options: ReadingOptions) -> ResolvedClip:
        content, path = self._standard_input, Path(STANDARD_INPUT)
        fragment = name.removeprefix(STANDARD_INPUT).removeprefix("#")
        if content.lstrip()[:1] == b"{" and recognise(MotionFile(path, content)) is None:
            if fragment and not fragment.isdecimal():
                raise QueryError(f"{name}: standard input is an answer; write -#3 for its third hit")
            return self._from_hit(find_hit(content, int(fragment or 1), path), options)
        return _from_file(name, MotionFile(path, content), fragment, options)

    def _from_hit(self, hit: SavedHit, options: ReadingOptions) -> ResolvedClip:
        if self._index is None:
            self._index = hit.index_path
        return self._from_index(hit.clip, options).between(hit.start_s, hit.end_s)

    def _from_index(self, name: str, options: ReadingOptions) -> ResolvedClip:
        try:
            snapshot = self.snapshot
        except IndexStateError as error:
            raise IndexStateError(f"{name}: no such file, and no index to look it up in. {error}") from None
        try:
            row = snapshot.clip_row(name)
        except QueryError as error:
            raise QueryError(f"{name}: no such file, and {str(error).removeprefix(f'{name}: ')}") from None
        return self._indexed(name, row, options)

    def _indexed(self, name: str, row: int, options: ReadingOptions) -> ResolvedClip:
        snapshot = self.snapshot
        return ResolvedClip(
            name,
            partial(indexed_clip, snapshot, row),
            partial(_indexed_motion, snapshot, row, options),
            file=snapshot.file(row),
            body=snapshot.clips["body"][row].as_py(),
            fps=float(snapshot.clips["fps"][row].as_py()),
            row=row,
            load_view=partial(indexed_view, snapshot, row),
            is_lifted=is_lifted(snapshot, row),
        )


def indexed_clip(snapshot: Snapshot, row: int, start_frame: int = 0, end_frame: int | None = None) -> Clip:
    """The canonical motion of a clip of an index, or some of its frames. IndexStateError: its shard is damaged."""
    positions, observed = snapshot.motion(row, start_frame, end_frame)
    return Clip(
        positions,
        observed,
        start_s=float(snapshot.clip_starts_s[row]) + start_frame / CANONICAL_FPS,
    )


def is_lifted(snapshot: Snapshot, row: int) -> bool:
    """Whether a clip of an index was lifted from two dimensions."""
    return is_joint_set(snapshot.clips["rig"][row].as_py())


def indexed_view(snapshot: Snapshot, row: int, start_frame: int = 0, end_frame: int | None = None) -> View | None:
    """What the camera saw of a clip of an index that was lifted, or some of its frames; None for motion in space.

    Of its joints those count as observed that every detector looks for, with confidence 1: of others the index only
    keeps whether they are observed in the lifted motion, and it keeps no confidence of a detector.

    Raises:
        IndexStateError: its shard is damaged.
    """
    if not is_lifted(snapshot, row):  # points are read with h5py, which a library in space need not import
        return None
    clip, points = indexed_clip(snapshot, row, start_frame, end_frame), snapshot.points(row)
    if points is None:
        return None
    observed = clip.observed & _LOOKED_FOR
    return View(points[start_frame:end_frame], observed, observed.astype(np.float32), clip.start_s)


def own_rows(snapshot: Snapshot, clip: ResolvedClip) -> tuple[int, ...]:
    """Rows of the clips of an index that were read from the very file of a clip, whichever name it goes by."""
    if clip.row is not None:
        return (clip.row,)
    if clip.file is None:
        return ()
    rows = set()
    for file in (clip.file, clip.file.resolve()):  # a link may be what was indexed
        for path in paths_of(snapshot.folders, file):
            name = f"{path}#{clip.body}" if clip.body else path
            row = snapshot.find_clip(name)
            if row is not None:
                rows.add(row)
    return tuple(sorted(rows))


def _is_standard_input(name: str) -> bool:
    return name == STANDARD_INPUT or name.startswith(f"{STANDARD_INPUT}#")


def _from_file(name: str, file: MotionFile, body: str, options: ReadingOptions) -> ResolvedClip:
    motions = read_people(file, options)
    motion = choose_body(motions, file.path, body)
    path = file.path if file.content is None else None
    body = motion.body if len(motions) > 1 else ""
    return _of_motion(name, motion, body, path, options)


def _of_motion(
    name: str, motion: Motion | Keypoints, body: str, path: Path | None, options: ReadingOptions
) -> ResolvedClip:
    file = None if path is None else Path(os.path.abspath(path))  # noqa: PTH100  not resolved: links keep their names

    @cache
    def source() -> SourceClip:
        return make_canonical(motion, options)

    return ResolvedClip(
        name,
        lambda: source().clip,
        lambda: _in_space(motion),
        file=file,
        body=body,
        fps=motion.fps or ASSUMED_FPS,
        load_view=(lambda: source().view) if isinstance(motion, Keypoints) else (lambda: None),
        is_lifted=isinstance(motion, Keypoints),
    )


def _in_space(motion: Motion | Keypoints) -> Motion:
    if isinstance(motion, Keypoints):
        raise QueryError(f"{motion.name}: holds keypoints in a picture and no motion in space")
    return motion


def _indexed_motion(snapshot: Snapshot, row: int, options: ReadingOptions) -> Motion:
    """As `_indexed_body`, of motion in space. QueryError: it is keypoints."""
    return _in_space(_indexed_body(snapshot, row, options))


def _indexed_body(snapshot: Snapshot, row: int, options: ReadingOptions) -> Motion | Keypoints:
    """The body in the file of an indexed clip, at the rate with which it was indexed.

    Raises:
        IndexStateError: the file is missing, or has changed since it was indexed.
        FormatError: the file cannot be read.
    """
    (record,) = snapshot.clips.slice(row, 1).to_pylist()
    file = snapshot.file(row)
    if not file.exists():
        raise IndexStateError(
            f"{file}: the file of an indexed clip is missing; if the library was moved, run "
            f"`mretrieve index NEWFOLDER --index {snapshot.index}`"
        )
    source = IndexedFile(file, record["size_bytes"], record["mtime_ns"], record["content_hash"])
    reading = snapshot.manifest.reading
    asf = None if reading is None or reading.asf is None else Path(reading.asf)
    people = source.read(replace(options, asf=options.asf or asf, fps=record["fps"]), asf, snapshot.index_command)
    return choose_body(people, file, record["body"])


def _no_motion() -> Motion:
    raise QueryError("a clip from Python has no motion file; give a Motion or a file")
