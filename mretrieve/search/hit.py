"""An answer: the question as it was understood, and the moments that move most like it, best first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

#: Name and version of the JSON that `mretrieve query --format json` prints; the schema is query.schema.json.
SCHEMA = "mretrieve.query/1"


@dataclass(frozen=True)
class Hit:
    """One moment of the answer."""

    rank: int  # 1 is the best
    clip: str  # path relative to the indexed folder, with `#body` where a file holds several
    start_s: float  # in the time of the clip's own file
    end_s: float
    score: float  # in [0, 1]: 1 is the same motion, higher is more alike
    distance_mm: float  # mean distance per joint along the warping path, on the canonical skeleton
    label: str | None
    mirrored: bool  # whether the query's left-right mirror is what matched


@dataclass(frozen=True)
class Took:
    """Milliseconds that each step of a query took."""

    read: float
    encode: float
    search: float
    rerank: float


@dataclass(frozen=True)
class Answer:
    """What one query found, where, and how long it took."""

    path: str  # the query's file, or the clip it named
    start_s: float
    end_s: float
    index_path: str
    index_version: int
    encoder: str
    hits: tuple[Hit, ...]
    took_ms: Took

    def to_json(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists."""
        return {
            "schema": SCHEMA,
            "query": {"path": self.path, "start_s": round(self.start_s, 4), "end_s": round(self.end_s, 4)},
            "index": {"path": self.index_path, "version": self.index_version, "encoder": self.encoder},
            "results": [
                {
                    "rank": hit.rank,
                    "clip": hit.clip,
                    "start_s": round(hit.start_s, 4),
                    "end_s": round(hit.end_s, 4),
                    "score": round(hit.score, 6),
                    "distance": round(hit.distance_mm, 3),
                    "label": hit.label,
                    "mirrored": hit.mirrored,
                }
                for hit in self.hits
            ],
            "took_ms": {step: round(milliseconds, 3) for step, milliseconds in asdict(self.took_ms).items()},
        }
