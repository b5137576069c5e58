"""Hits of answers that `mretrieve query --format json` or `jsonl` printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import QueryError
from .bodies import is_file

_HIT = re.compile(r"(?P<answer>.+\.json)#(?P<rank>\d{1,9})", re.IGNORECASE | re.DOTALL)
_SCHEMA = "mretrieve.query/"


class SavedHit(NamedTuple):
    """A hit of a saved answer: the index that was searched, the clip's name in it, and when, in seconds of its file."""

    index_path: Path
    clip: str
    start_s: float
    end_s: float


def parse_hit_name(name: str) -> tuple[Path, int] | None:
    """The answer and the rank in `answer.json#3`; None if a file has this very name, or if there is no answer.json."""
    hit = _HIT.fullmatch(name)
    if hit is None or is_file(name) or not is_file(hit["answer"]):
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
