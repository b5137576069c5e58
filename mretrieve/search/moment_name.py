"""How a user names a moment: `CLIP`, or `CLIP@start-end` in seconds of the clip's own file, as answers print them."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import NamedTuple

from ..errors import IndexStateError, QueryError
from ..formats.bodies import file_and_body
from ..storage import Snapshot

_SECONDS = r"(?:\d{1,18}(?:\.\d*)?|\.\d+)"
_SPAN = re.compile(rf"(?P<start>{_SECONDS})?-(?P<end>{_SECONDS})?", re.ASCII)


class MomentName(NamedTuple):
    """A clip by its name, and which part of it is meant; None where that is the clip's own beginning or end."""

    clip: str
    start_s: float | None
    end_s: float | None


def parse_moment(text: str, exists: Callable[[str], bool]) -> MomentName:
    """What `walk/07_01.bvh@3.20-5.43`, `walk/07_01.bvh@3.20-`, `walk/07_01.bvh@-5.43` or `walk/07_01.bvh` means.

    A clip that has all of `text` for its name is meant before a part of another one is.

    Args:
        text: the name; what stands before the last `@` is the clip, where a span or an existing clip's name says so.
        exists: whether there is a file or an indexed clip of a name.

    Raises:
        QueryError: what follows an existing clip's name and `@` is no span of time, or one that ends where it starts.
    """
    clip, mark, span = text.rpartition("@")
    if not mark or exists(text):
        return MomentName(text, None, None)
    written = _SPAN.fullmatch(span)
    if written is None or span == "-":
        if exists(clip):
            raise QueryError(f"{text}: {span!r} is no part of a clip; write CLIP@start-end in seconds, like @3.20-5.43")
        return MomentName(text, None, None)
    start_s, end_s = (None if number is None else float(number) for number in written.group("start", "end"))
    if start_s is not None and end_s is not None and not (isfinite(end_s) and start_s < end_s):
        raise QueryError(f"{text}: a moment ends after it starts, but {end_s:g} s is not after {start_s:g} s")
    return MomentName(clip, start_s, end_s)


def is_known(name: str, snapshot: Callable[[], Snapshot]) -> bool:
    """Whether there is a file (or a body in one) or an indexed clip of a name.

    `snapshot` opens the index, where the name is no file's; an IndexStateError of it means that there is none.
    """
    file = file_and_body(name)
    if file is not None and "@" not in file[1]:  # what follows a body's name is no part of it
        return True
    try:
        snapshot().clip_row(name)
    except (IndexStateError, QueryError):
        return False
    return True
