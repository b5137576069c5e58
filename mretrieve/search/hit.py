"""An answer: the question as it was understood, and the moments that move most like it, best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..motion.flips import Flip

if TYPE_CHECKING:
    from ..alignment.alignment import Alignment
    from ..comparison.reasons import Reasons

#: Name and version of the JSON that `mretrieve query --format json` prints; the schema is query.schema.json.
SCHEMA = "mretrieve.query/2"


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
    mirror: Flip  # which image of the query matched: "none" is the query as it is
    speed: float  # how many times as fast as the query: 2 where the moment takes half as long
    parts: Mapping[str, float]  # score in [0, 1] of each body part that both have
    query_start_s: float  # the part of the query that is answered: all of it, but for long queries
    query_end_s: float
    query_path: str = field(default="", compare=False)  # the query's file, or the clip it named
    _aligned: Callable[[], Alignment] | None = field(default=None, repr=False, compare=False)

    @property
    def mirrored(self) -> bool:
        """Whether a mirror image of the query matched, of all or of some limbs."""
        return self.mirror != "none"

    def alignment(self) -> Alignment:
        """Which frame of the query answers to which of the moment, and how far apart each joint is there.

        Raises:
            ValueError: the hit does not come from a query (it was made by hand, or read from a file).
        """
        if self._aligned is None:
            raise ValueError("this hit does not come from a query, and knows no motions to align")
        return self._aligned()

    def explain(self) -> Reasons:
        """Why this moment answers the query: the errors of joints and parts along the warping path; can be drawn.

        Raises:
            ValueError: as alignment.
        """
        from ..comparison.named_clip import NamedClip
        from ..comparison.reasons import Reasons

        alignment = self.alignment()
        query = NamedClip(self.query_path or "the query", alignment.query, mirror=self.mirror)
        return Reasons(query, NamedClip(self.clip, alignment.other, is_moment=True), alignment)


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
                    "mirror": hit.mirror,
                    "speed": round(hit.speed, 4),
                    "parts": {part: round(score, 6) for part, score in hit.parts.items()},
                    "query_start_s": round(hit.query_start_s, 4),
                    "query_end_s": round(hit.query_end_s, 4),
                }
                for hit in self.hits
            ],
            "took_ms": {step: round(milliseconds, 3) for step, milliseconds in asdict(self.took_ms).items()},
        }
