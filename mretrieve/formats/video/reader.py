"""Videos as a motion format: the people whom a pose detector finds in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...motion.keypoints import Keypoints
from ..reader import MotionFile, Reader, ReadingOptions

SUFFIXES = ("mp4", "mov", "m4v", "avi", "mkv", "webm")


def _recognises(head: bytes, _path: Path) -> bool:
    return (
        head[4:8] == b"ftyp"  # MP4, QuickTime
        or head[4:8] in (b"moov", b"mdat", b"wide")  # old QuickTime
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head[:4] == b"\x1a\x45\xdf\xa3"  # Matroska, WebM
    )


def _read(file: MotionFile, options: ReadingOptions) -> Sequence[Keypoints]:
    from .poses import find_poses  # here: it needs libraries that only videos need

    return find_poses(file, options.pose_model)


#: Videos in a library are its footage; `mretrieve pose` makes files of them that are indexed.
VIDEO = Reader("video", SUFFIXES, _recognises, _read, is_companion=True, modules=("av",), extra="video")
