"""Hits of answers that `mretrieve query --format json` or `jsonl` printed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import QueryError
from .bodies import is_file

_HIT = re.compile(r"(?P<answer>.+\.json)#(?P<rank>\d{1,9})", re.IGNORECASE | re.DOTALL)
_SCHEMA = "mretrieve.query/"
_LONGEST_ANSWER = 64 << 20  # bytes


class HitName(NamedTuple):
    """`answer.json#3`: the file of an answer and the rank of a hit in it."""

    answer: Path
    rank: int


@dataclass(frozen=True)
class SavedHit:
    """A hit of a saved answer.

    Attributes:
        index: path of the index that was searched.
        clip: the clip's name in that index.
        start_s: where the hit begins, in seconds of the clip's file.
        end_s: where it ends.
    """

    index: Path
    clip: str
    start_s: float
    end_s: float


def parse_hit_name(name: str) -> HitName | None:
    """What `answer.json#3` means; None for other names, for a file of this very name and if there is no answer.json."""
    hit = _HIT.fullmatch(name)
    if hit is None or is_file(name) or not is_file(hit["answer"]):
        return None
    return HitName(Path(hit["answer"]), int(hit["rank"]))


def read_hit(name: HitName) -> SavedHit:
    """The hit in the file of an answer. QueryError: it is not such a file, or has no such hit."""
    try:
        with name.answer.open("rb") as file:
            content = file.read(_LONGEST_ANSWER + 1)
    except OSError as error:
        raise QueryError(f"{name.answer}: cannot be read: {error.strerror or error}") from None
    return parse_hit(content, name.rank, str(name.answer))


def parse_hit(content: bytes, rank: int, source: str) -> SavedHit:
    """The hit of a rank in the text of an answer, JSON or the first line of JSON lines.

    Args:
        content: the text.
        rank: 1 is the best hit.
        source: how messages name the answer.

    Raises:
        QueryError: the text is not an answer, or has no such hit.
    """
    answer = _answer(content)
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


def _answer(content: bytes) -> dict[str, Any] | None:
    """The first JSON object of a text; None if it is not an answer."""
    if len(content) > _LONGEST_ANSWER:
        return None
    try:
        answer, _ = json.JSONDecoder().raw_decode(content.decode("utf-8-sig").lstrip())
        known = answer["schema"].startswith(_SCHEMA) and isinstance(answer["index"]["path"], str)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return dict(answer) if known else None
