"""Recordings of a file a frame: `dance_000000000012_keypoints.json`. The first file stands for the recording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import FormatError

_NAME = re.compile(r"(?P<video>(?:.*[/_])?)(?P<frame>\d{1,15})_keypoints\.json", re.ASCII | re.IGNORECASE | re.DOTALL)


def frame_number(path: Path) -> int:
    """The number of the frame in the name of its file; 0 if there is none."""
    named = _NAME.fullmatch(path.name)
    return 0 if named is None else int(named["frame"])


def frame_files(path: Path) -> list[Path]:
    """The files of a recording in the order of its frames, from the one that stands for it; or the file itself."""
    named = _NAME.fullmatch(path.name)
    if named is None:
        return [path]
    others = [
        each
        for each in path.parent.iterdir()
        if (name := _NAME.fullmatch(each.name)) and name["video"] == named["video"]
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
        if named := _NAME.fullmatch(name):
            videos.setdefault(named["video"], []).append((int(named["frame"]), name))
    return {min(frames)[1]: [name for _, name in sorted(frames)] for frames in videos.values()}
