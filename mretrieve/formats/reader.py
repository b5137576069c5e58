"""The contract of a format: how a file is recognised, and how its bytes become motions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.keypoints import Keypoints
from ..motion.motion import Motion, Rig, joint_positions
from ..version import install_hint
from .content_hash import ReadHash
from .frame_files import frame_files
from .motion_text import MotionText

#: Bytes from the beginning of a file by which its format is recognised.
HEAD_BYTES = 65536


@dataclass(frozen=True)
class ReadingOptions:
    """How motion files are read.

    Attributes:
        asf: the skeleton of all AMC files; None looks for one next to each file.
        rig_map: a saved rig map; None finds the map of each rig.
        fps: frames per second of keypoints; None for what each file says.
        pose_model: what finds people in videos, see `video.detector.open_detector`; None for the usual places.
    """

    asf: Path | None = None
    rig_map: Path | None = None
    fps: float | None = None
    pose_model: Path | None = None


@dataclass(frozen=True, eq=False)
class MotionFile:
    """A motion file on disk or in memory.

    Attributes:
        path: the file, or the name that messages give to content in memory.
        content: the bytes of content in memory; None reads `path`.
        read_hash: takes note of what is read of the disk, except by `head`; None if nobody wants to know.
        is_beside: whether the file is not the motion's own, but one that it refers to.
    """

    path: Path
    content: bytes | None = None
    read_hash: ReadHash | None = None
    is_beside: bool = False

    def head(self) -> bytes:
        """The first HEAD_BYTES. FormatError: the file cannot be opened."""
        if self.content is not None:
            return self.content[:HEAD_BYTES]
        try:
            with self.path.open("rb") as file:
                return file.read(HEAD_BYTES)
        except OSError as error:
            raise self.unreadable(error) from None

    def read_bytes(self) -> bytes:
        """All bytes, for binary formats. FormatError: the file cannot be read."""
        if self.content is not None:
            return self.content
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise self.unreadable(error) from None
        self._note(content)
        return content

    @property
    def size_bytes(self) -> int:
        """Number of bytes. FormatError: the file cannot be opened."""
        try:
            return self.path.stat().st_size if self.content is None else len(self.content)
        except OSError as error:
            raise self.unreadable(error) from None

    def text(self) -> MotionText:
        """All text, for text formats. FormatError: the file cannot be read, is empty or is not text."""
        if self.content is not None:
            return MotionText.of(self.path, bytearray(self.content))
        return MotionText.load(self.path, self._note)

    def frames(self) -> list[MotionFile]:
        """The files of a recording of a file a frame, for which this one stands; itself if it is not of one."""
        if self.content is not None:
            return [self]
        return [replace(self, path=path) for path in frame_files(self.path)]

    def beside(self, name: str | Path) -> MotionFile:
        """A file of this name next to it, to which it refers."""
        return MotionFile(self.path.parent / name, None, self.read_hash, is_beside=True)

    def _note(self, content: bytes | bytearray) -> None:
        if self.read_hash is not None:
            self.read_hash.add(self.path, content, beside=self.is_beside)

    def unreadable(self, error: OSError) -> FormatError:
        """The error that reports why the file cannot be read."""
        return FormatError(
            f"{self.path}: cannot be read: {error.strerror or error}; check the path and its permissions"
        )


@dataclass(frozen=True)
class Reader:
    """One motion format: how its files are recognised and read.

    Attributes:
        name: the format's name, as messages have it.
        suffixes: suffixes of its files, lower case without the dot. They count only if the content says nothing.
        recognises: whether the first bytes of a file, HEAD_BYTES at most, are of this format.
        read: the motions in a file, one per body, or the keypoints of each person if the file is two-dimensional; None
            for a format that is known but cannot be read. It raises FormatError, with file, line and remedy, for a file
            that is damaged or contradicts itself.
        hint: for a format that cannot be read, the reason and the remedy.
        is_companion: whether its files accompany others in a folder, as skeletons and videos do, and are not indexed.
        modules: Python modules that `read` needs besides those of a plain installation.
        extra: the extra of the package that installs them.
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes, Path], bool]
    read: Callable[[MotionFile, ReadingOptions], Sequence[Motion | Keypoints]] | None = None
    hint: str = ""
    is_companion: bool = False
    modules: tuple[str, ...] = ()
    extra: str = ""

    @property
    def obstacle(self) -> str:
        """Why files of this format cannot be read by this installation, with the remedy; "" if they can."""
        if self.read is None:
            return self.hint
        missing = [module for module in self.modules if find_spec(module) is None]
        return f"needs {' and '.join(missing)}; {install_hint(self.extra)}" if missing else ""


#: A body with more joints is damage; the kinematics takes 3 KiB for each.
MOST_JOINTS = 10_000
#: Positions may take this much memory (bytes), or this many times the size of the file if that is more.
LARGEST_POSITIONS = 256 << 20
LARGEST_POSITIONS_PER_BYTE = 4


def solved_motion(
    path: Path,
    file_size: int,
    rig: Rig,
    channels: NDArray[np.float64],
    fps: float,
    *,
    body: str = "",
    metres_per_unit: float | None = None,
    repairs: tuple[str, ...] = (),
) -> Motion:
    """The motion in the file `path` of `file_size` bytes, its positions computed from channels (T, C) as in Motion.

    Raises:
        FormatError: more joints than any body has, or positions that would not fit in memory.
    """
    if len(rig.parents) > MOST_JOINTS:
        raise FormatError(f"{path}: {len(rig.parents)} joints are more than any body has; export the skeleton again")
    size = 12 * len(channels) * len(rig.parents)
    if size > max(LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE * file_size):
        raise FormatError(
            f"{path}: {len(rig.parents)} joints in {len(channels)} frames take {size >> 20} MiB, too much for "
            f"{file_size >> 10} KiB of file; remove joints that do not move or cut the take"
        )
    channels = np.ascontiguousarray(channels)
    positions = joint_positions(rig, channels)
    return Motion(rig, positions, fps, path, body, channels, metres_per_unit, repairs)
