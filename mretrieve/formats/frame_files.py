"""Recordings of a file a frame: `dance_000000000012_keypoints.json`, `frame_12.json`. The first one stands for all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import FormatError

_NAME = re.compile(
    r"(?P<video>(?:.*[/_])?)(?P<frame>\d{1,15})_keypoints\.json|(?P<folder>(?:.*/)?frame_?)(?P<number>\d{1,15})\.json",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def _video_and_frame(name: str) -> tuple[str, int] | None:
    """The part of a name that the files of a recording share, and the number of the frame; None for other files."""
    named = _NAME.fullmatch(name)
    if named is None:
        return None
    video, frame, folder, number = named.groups()
    return (video, int(frame)) if folder is None else (folder, int(number))


def frame_number(path: Path) -> int:
    """The number of the frame in the name of its file; 0 if there is none."""
    named = _video_and_frame(path.name)
    return 0 if named is None else named[1]


def frame_files(path: Path) -> list[Path]:
    """The files of a recording in the order of its frames, from the one that stands for it; or the file itself."""
    named = _video_and_frame(path.name)
    if named is None:
        return [path]
    others = [
        each
        for each in path.parent.iterdir()
        if (other := _video_and_frame(each.name)) is not None and other[0] == named[0]
    ]
    return sorted(others, key=frame_number)


def recording(path: Path) -> Path:
    """The file that stands for a recording: that of its first frame if the path is a folder of frames, else the path.

    Raises:
        FormatError: the folder holds the frames of several videos.
    """
    if not path.is_dir():
        return path
    recordings = by_recording(each.name for each in path.iterdir())
    if len(recordings) > 1:
        names = ", ".join(sorted(recordings)[:4])
        raise FormatError(f"{path}: holds the frames of {len(recordings)} videos; name the first frame of one: {names}")
    return path / next(iter(recordings)) if recordings else path


def by_recording(names: Iterable[str]) -> dict[str, list[str]]:
    """Names or paths of frames by the one that stands for their recording; those of other files are left out."""
    videos: dict[str, list[tuple[int, str]]] = {}
    for name in names:
        if named := _video_and_frame(name):
            videos.setdefault(named[0], []).append((named[1], name))
    return {min(frames)[1]: [name for _, name in sorted(frames)] for frames in videos.values()}
