"""Names of moments: `CLIP@start-end` in seconds, and hits of saved answers, `answer.json#3`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import QueryError
from ..formats import recognise
from ..motion import CANONICAL_FPS, Clip
from .file_names import is_file

_SECONDS = r"(?:\d{1,18}(?:\.\d*)?|\.\d+)"
_SPAN = re.compile(rf"(?P<start>{_SECONDS})?-(?P<end>{_SECONDS})?", re.ASCII)


class MomentName(NamedTuple):
    """The name of a clip and a part of it; None for a start or an end means the clip's own."""

    clip: str
    start_s: float | None
    end_s: float | None


def parse_moment(text: str, exists: Callable[[str], bool]) -> MomentName:
    """Parse `walk/07_01.bvh@3.20-5.43`, `walk/07_01.bvh@3.20-`, `walk/07_01.bvh@-5.43` or `walk/07_01.bvh`.

    A clip whose name is all of `text` takes precedence over a part of another one.

    Args:
        text: the name. What precedes the last `@` is the clip if a span follows, or if it is the name of a clip.
        exists: whether there is a file or an indexed clip of a name.

    Raises:
        QueryError: an existing clip's name and `@` are followed by something that is not a span of time, or by one that
            ends before it starts.
    """
    clip, mark, span = text.rpartition("@")
    if not mark or exists(text):
        return MomentName(text, None, None)
    written = _SPAN.fullmatch(span)
    if written is None or span == "-":
        if exists(clip):
            raise QueryError(
                f"{text}: {span!r} is not a part of a clip; write CLIP@start-end in seconds, like @3.20-5.43"
            )
        return MomentName(text, None, None)
    start_s, end_s = (None if number is None else float(number) for number in written.group("start", "end"))
    if start_s is not None and end_s is not None and not (isfinite(end_s) and start_s < end_s):
        raise QueryError(f"{text}: a moment ends after it starts, but {end_s:g} s is not after {start_s:g} s")
    return MomentName(clip, start_s, end_s)


def frames_between(clip: Clip, start_s: float | None, end_s: float | None, name: str) -> tuple[int, int]:
    """The first canonical frame and the one after the last between two times of the clip's file.

    Args:
        clip: the whole clip.
        start_s: None for its start; earlier times mean its start too.
        end_s: None for its end; later times mean its end too.
        name: how the message names the clip.

    Raises:
        QueryError: no frame lies between the times.
    """
    start_s = clip.start_s if start_s is None else start_s
    end_s = clip.end_s if end_s is None else end_s
    if not (isfinite(start_s) and isfinite(end_s)):
        raise QueryError(f"start and end must be seconds, not {start_s:g} and {end_s:g}")
    within = (min(max(time_s, clip.start_s), clip.end_s) for time_s in (start_s, end_s))
    first, last = (round((time_s - clip.start_s) * CANONICAL_FPS) for time_s in within)
    if not first < last:
        raise QueryError(
            f"no motion between {start_s:g} s and {end_s:g} s: {name or 'the query'} has "
            f"{clip.start_s:.2f} s to {clip.end_s:.2f} s"
        )
    return first, last


_HIT = re.compile(r"(?P<answer>.+\.json)#(?P<rank>\d{1,9})", re.IGNORECASE | re.DOTALL)
_SCHEMA = "mretrieve.query/"


class SavedHit(NamedTuple):
    """A hit of a saved answer: the index that was searched, the clip's name in it, and when, in seconds of its file."""

    index_path: Path
    clip: str
    start_s: float
    end_s: float


def parse_hit_name(name: str) -> tuple[Path, int] | None:
    """The answer and the rank in `answer.json#3`.

    None if a file has this very name, if there is no answer.json, or if it is a motion file, as `dance.json#3` names a
    person in it.
    """
    hit = _HIT.fullmatch(name)
    if hit is None or is_file(name) or not is_file(hit["answer"]) or recognise(hit["answer"]) is not None:
        return None
    return Path(hit["answer"]), int(hit["rank"])


def find_hit(content: bytes, rank: int, source: Path) -> SavedHit:
    """The hit of a rank, 1 for the best, in an answer as JSON or in the first line of JSON lines.

    Raises:
        QueryError: `content` is not an answer, or has no such hit; the message names `source`.
    """
    answer = _parse_answer(content)
    if answer is None:
        raise QueryError(f"{source}: not an answer that `mretrieve query FILE --format json` printed")
    try:
        hits = {int(hit["rank"]): hit for hit in answer["results"]}
        if rank not in hits:
            raise QueryError(f"{source}: has no hit {rank}, only {len(hits)} hits; query with a larger -k")
        hit = hits[rank]
        return SavedHit(Path(answer["index"]["path"]), str(hit["clip"]), float(hit["start_s"]), float(hit["end_s"]))
    except (KeyError, TypeError, ValueError):
        raise QueryError(f"{source}: hit {rank} lacks its clip, start or end; save the answer again") from None


def _parse_answer(content: bytes) -> dict[str, Any] | None:
    try:
        answer, _ = json.JSONDecoder().raw_decode(content.decode("utf-8-sig").lstrip())
        known = answer["schema"].startswith(_SCHEMA) and isinstance(answer["index"]["path"], str)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return dict(answer) if known else None
