"""Which file and which body in it a user's name means: `file`, or `file#body` where a file holds several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import FormatError, QueryError
from ..motion import Motion


def file_and_body(name: str) -> tuple[Path, str] | None:
    """The file that a name means, and the body in it ("" where none is named); None where there is no such file."""
    path, _, body = name.rpartition("#")
    for place, part in ((name, ""), (path, body)):
        if place and _is_file(place):
            return Path(place), part
    return None


def body_of(motions: Sequence[Motion], path: Path, body: str) -> Motion:
    """The motion of the body of that name; of the only one where none is named.

    Raises:
        QueryError: there are several and none is named, or none of that name.
        FormatError: there are none.
    """
    named = [motion for motion in motions if motion.body == body] if body else list(motions)
    if len(named) == 1:
        return named[0]
    if not motions:
        raise FormatError(f"{path}: holds no motion")
    names = ", ".join(f"{path}#{motion.body}" for motion in motions)
    count = "1 body" if len(motions) == 1 else f"{len(motions)} bodies"
    raise QueryError(f"{path} holds {count}{f', none named {body!r}' if body else ''}; ask for one of {names}")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # too long a name, a NUL in it
        return False
