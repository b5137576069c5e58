"""A moment as BVH on its own rig: cut out of its file, and if wanted mirrored, retimed or at another rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..formats import ReadingOptions
from ..formats.bvh_writer import bvh_text, require_frames, write_whole
from ..formats.rotation_channels import frame_blocks, rig_in_poses, rig_with_channels
from ..motion import CANONICAL_FPS, Clip, Motion, Rig, load_rig_map, mirror
from ..motion.motion import Poses
from ..motion.rigs.rig_map import find_rig_map
from ..sources.reading import make_canonical
from ..sources.resolve import ClipResolver, ResolvedClip
from .mirroring import Mirror, find_mirror
from .moment import file_frames, leading_rest_frames
from .warping import poses_at, warped_times

_SLOWEST_FPS, _FASTEST_FPS = 1.0, 10_000.0
#: Most memory that the channels of one export may take, bytes.
_LARGEST_CHANNELS = 1 << 30
#: Digits behind the point of numbers that were computed: a millionth of a degree is less than a micrometre at a hand.
_COMPUTED_DECIMALS = 6
#: A frame due less than this part of a frame after the end is the last one.
_FRAME_TOLERANCE = 1e-2


@dataclass(frozen=True)
class ExportOptions:
    """How a moment is exported.

    Attributes:
        retime_to: a moment by name; the exported one does at each time what this one does then. None keeps its times.
        mirrored: whether left and right are swapped.
        fps: frames per second; None for the file's own.
        keep_rest_pose: whether leading rest frames, which indexing drops, are exported.
        reading: how files are read; the rig map is for the moment's file only.
    """

    retime_to: str | None = None
    mirrored: bool = False
    fps: float | None = None
    keep_rest_pose: bool = False
    reading: ReadingOptions = field(default_factory=ReadingOptions)

    def __post_init__(self) -> None:
        if self.fps is not None and not _SLOWEST_FPS <= self.fps <= _FASTEST_FPS:
            raise QueryError(
                f"{self.fps:g} frames a second is not a rate of motion; give {_SLOWEST_FPS:g} to {_FASTEST_FPS:g}"
            )


@dataclass(frozen=True, eq=False)
class Exported:
    """A moment, ready to be written.

    Attributes:
        rig: the joint tree.
        channels: (T, C) in radians and the rig's unit.
        fps: frames per second.
        name: the file, and the body in it, that it was cut out of.
        first: the first frame of the file.
        last: the frame of the file after the last.
        rest_frames: number of frames left out at the file's start.
        is_original: whether the numbers are those of the file.
    """

    rig: Rig
    channels: NDArray[np.float64]
    fps: float
    name: str
    first: int
    last: int
    rest_frames: int
    is_original: bool

    def text(self) -> Iterator[str]:
        """The BVH file, piece by piece."""
        require_frames(Path(self.name), self.channels)
        computed = not self.is_original or self.rig.rest_rotations is not None
        return bvh_text(self.rig, self.channels, self.fps, _COMPUTED_DECIMALS if computed else None)

    def write(self, path: Path, *, replace: bool = False) -> None:
        """Write it to `path`, whole or not at all.

        Raises:
            QueryError: `path` does not end in .bvh, is a folder, exists (unless `replace`), or cannot be written.
        """
        check_target(path, replace=replace)
        try:
            write_whole(path, self.text())
        except OSError as error:
            raise QueryError(f"{path}: cannot be written: {error.strerror or error}") from None


def check_target(path: Path, *, replace: bool = False) -> None:
    """QueryError unless a BVH file may be written to `path`; checked before anything is read."""
    try:
        if path.is_dir():
            raise QueryError(f"{path}: is a folder; name a file in it that ends in .bvh")
        if path.suffix.lower() != ".bvh":
            raise QueryError(f"{path}: only BVH is written; give a name that ends in .bvh, or - for standard output")
        if not path.parent.is_dir():
            raise QueryError(f"{path}: there is no folder {path.parent}; create it first")
        if path.exists() and not replace:
            raise QueryError(f"{path}: exists already; --force replaces it")
    except (OSError, ValueError) as error:
        raise QueryError(f"{path}: cannot be written: {error}") from None


def export_moment(name: str, options: ExportOptions | None = None, resolver: ClipResolver | None = None) -> Exported:
    """The moment that a name means (see `ClipResolver.resolve`), cut out of its own file on its own rig.

    Cut alone, or thinned to a rate that divides the file's, its numbers are those of the file; otherwise rotations are
    interpolated by slerp and translations linearly, and rest rotations (ASF) are worked into the channels.

    Raises:
        QueryError: no such moment, or an option without meaning.
        IndexStateError: the index that it needs is missing, or older than the file.
        FormatError, RigError: its file cannot be read, or its rig not be mirrored or compared.
    """
    options = options or ExportOptions()
    names = resolver or ClipResolver()
    moment = names.resolve(name, options.reading)
    motion = moment.motion
    rig = rig_with_channels(motion)
    saved_map = options.reading.rig_map
    rig_map = None if saved_map is None else load_rig_map(saved_map, motion.rig)
    rest_frames = 0 if options.keep_rest_pose else leading_rest_frames(motion, rig_map)
    first, last = file_frames(moment, rest_frames)
    part = motion.cut(first, last)
    fps = options.fps or motion.fps
    if options.retime_to is None:
        frames = _frames_at_rate(part, rig, fps)
    else:
        clip = make_canonical(part, options.reading).clip
        query = _canonical(names.resolve(options.retime_to, replace(options.reading, rig_map=None)))
        frames = _warped_frames(query, mirror(clip) if options.mirrored else clip, part, rig, fps)
    reflection = None
    if options.mirrored:
        reflection = find_mirror(motion, rig_map or find_rig_map(motion.rig, motion.positions, motion.source))
    rig, channels, is_original = _channels_at(part, rig, np.clip(frames, 0, part.frame_count - 1), reflection)
    return Exported(rig, channels, fps, motion.name, first, last, min(rest_frames, last), is_original)


def _canonical(query: ResolvedClip) -> Clip:
    """The clip that the exported moment is retimed to, without leading rest frames."""
    first, last = file_frames(query, leading_rest_frames(query.motion))
    return make_canonical(query.motion.cut(first, last), ReadingOptions()).clip


def _frames_at_rate(part: Motion, rig: Rig, fps: float) -> NDArray[np.float64]:
    """Positions of the frames of another rate, in frames of the motion."""
    duration_s = (part.frame_count - 1) / part.fps
    return np.arange(_frame_count(part, rig, duration_s, fps), dtype=np.float64) * (part.fps / fps)


def _warped_frames(query: Clip, moment: Clip, part: Motion, rig: Rig, fps: float) -> NDArray[np.float64]:
    """Positions of the frames of the moment, retimed to the query, in frames of its motion."""
    times_s = warped_times(query, moment)
    count = _frame_count(part, rig, (len(times_s) - 1) / CANONICAL_FPS, fps)
    at = np.arange(count) * (CANONICAL_FPS / fps)
    into_moment_s = np.interp(at, np.arange(len(times_s)), times_s)
    return np.asarray((moment.start_s + into_moment_s) * part.fps)


def _frame_count(part: Motion, rig: Rig, duration_s: float, fps: float) -> int:
    """Number of frames at `fps`, first and last included; QueryError if their channels would not fit in memory."""
    count = int(duration_s * fps + _FRAME_TOLERANCE) + 1
    size = 8 * count * len(rig.channel_kinds)
    if size > _LARGEST_CHANNELS:
        raise QueryError(
            f"{part.source}: {count} frames would take {size >> 20} MiB; export less, or give a lower --fps"
        )
    return count


def _channels_at(
    part: Motion, rig: Rig, frames: NDArray[np.float64], reflection: Mirror | None
) -> tuple[Rig, NDArray[np.float64], bool]:
    """The rig, its channels at the frames (N,), mirrored if wanted, and whether they are the file's own numbers."""
    nearest = np.round(frames)
    if part.channels is not None and reflection is None and np.abs(frames - nearest).max() < _FRAME_TOLERANCE**3:
        chosen = nearest.astype(np.intp)
        whole = np.array_equal(chosen, np.arange(part.frame_count))
        return rig, part.channels if whole else part.channels[chosen], True

    def poses() -> Iterator[Poses]:
        for block in frame_blocks(rig, len(frames)):
            block_poses = poses_at(part, frames[block])
            yield block_poses if reflection is None else reflection.of(block_poses)

    return *rig_in_poses(rig, poses(), len(frames)), False
