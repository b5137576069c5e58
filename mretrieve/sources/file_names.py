"""Names of files, and of the bodies in them: `duet.bvh#anna`, `dance.json#2`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import FormatError, QueryError
from ..formats.frame_files import recording
from ..motion import Motion
from ..motion.keypoints import Keypoints


def file_and_body(name: str) -> tuple[Path, str] | None:
    """The file that a name means, and the body in it ("" if none is named); None if there is no such file.

    A folder of the frames of a video means the file of the first frame.

    Raises:
        FormatError: a folder holds the frames of several videos.
    """
    path, _, body = name.rpartition("#")
    for file, part in ((name, ""), (path, body)):
        if file and is_file(file):
            return Path(file), part
    for file, part in ((name, ""), (path, body)):
        if file and _is_folder(file) and is_file(str(found := recording(Path(file)))):
            return found, part
    return None


def choose_body(motions: Sequence[Motion | Keypoints], path: Path, body: str) -> Motion | Keypoints:
    """The motion of the body with this name; if none is named, of the only one.

    Raises:
        QueryError: there are several bodies and none is named, or none has this name.
        FormatError: there are no bodies.
    """
    named = [motion for motion in motions if motion.body == body] if body else list(motions)
    if len(named) == 1:
        return named[0]
    if not motions:
        raise FormatError(f"{path}: holds no motion")
    if len(motions) == 1 and not motions[0].body:
        raise QueryError(f"{path} holds 1 body, which has no name; leave out '#{body}'")
    names = ", ".join(f"{path}#{motion.body}" for motion in motions)
    count = "1 body" if len(motions) == 1 else f"{len(motions)} bodies"
    raise QueryError(f"{path} holds {count}{f', none named {body!r}' if body else ''}; choose one of {names}")


def is_file(name: str) -> bool:
    """Whether a file has this name; False for what cannot be a file's name."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # the name is too long or contains a NUL
        return False


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False
