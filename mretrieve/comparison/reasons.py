"""Why a moment answers a query: the alignment of both, what the encoders looked at, and how to say it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..alignment.alignment import Alignment, align
from ..encoders import Encoder
from ..motion import CANONICAL_FPS
from ..motion.body_parts import PartWeights
from ..motion.skeleton import JOINTS, PARTS
from .attention import Attention, attention_of
from .finding import moment_like
from .key_frames import farthest_frames, nearest_frames
from .named_clip import NamedClip
from .numbers import listed, rounded

#: Name and version of the JSON that `mretrieve explain --format json` prints; the schema is explain.schema.json.
SCHEMA = "mretrieve.explain/1"
#: In a clip more than so many times as long as the query, the moment is looked for.
_MUCH_LONGER = 2


@dataclass(frozen=True, eq=False)
class Reasons:
    """Why two motions are as alike as they are."""

    query: NamedClip
    other: NamedClip
    alignment: Alignment
    attention: tuple[Attention, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists; distances in millimetres.

        What was observed in one of both only is null.
        """
        alignment = self.alignment
        parts = alignment.parts_over_time_mm
        return {
            "schema": SCHEMA,
            "query": self.query.to_json(),
            "clip": self.other.to_json(),
            "mirror": self.query.mirror,
            "distance": round(alignment.mean_mm, 3),
            "speed": round(alignment.speed, 4),
            "parts": {
                part: {
                    "weight": round(weight, 6),
                    "score": rounded(alignment.part_scores.get(part), 6),
                    "distance": rounded(alignment.parts_mm.get(part), 3),
                }
                for part, weight in alignment.weights.items()
            },
            "joints": dict(zip(JOINTS, listed(alignment.joints_mm, 3), strict=True)),
            "fps": CANONICAL_FPS,
            "path": alignment.path.tolist(),
            "over_time": {
                "query_s": listed(alignment.query_s, 4),
                "clip_s": listed(alignment.other_s, 4),
                "slope": listed(alignment.slope, 4),
                "distance": listed(alignment.frames_mm, 3),
                "parts": {part: listed(parts[part], 3) if part in parts else None for part in PARTS},
            },
            "farthest": [_key_frame(asdict(frame)) for frame in farthest_frames(alignment)],
            "nearest": [_key_frame(asdict(frame)) for frame in nearest_frames(alignment)],
            "attention": [
                {"encoder": seen.encoder, "query": listed(seen.query, 4), "clip": listed(seen.other, 4)}
                for seen in self.attention
            ],
        }

    def draw(self, path: Path) -> None:
        """Write a PNG: stick figures of both at key frames over the errors of the parts.

        Raises:
            MRetrieveError: matplotlib is not installed, or the file cannot be written.
        """
        from .pictures import draw_reasons

        draw_reasons(path, self)


def explain(
    query: NamedClip,
    other: NamedClip,
    weights: PartWeights | None = None,
    *,
    encoders: Sequence[Encoder] = (),
) -> Reasons:
    """Why a moment answers a query.

    Args:
        query: what was asked.
        other: the moment; of a whole clip that is more than twice as long as the query, the moment most like it.
        weights: how much each part counts.
        encoders: those whose attention is wanted; of one that has none nothing is told.

    Raises:
        QueryError: see align.
    """
    if not other.is_moment and other.clip.frame_count > _MUCH_LONGER * query.clip.frame_count:
        other = moment_like(query, other, weights)
    alignment = align(query.clip, other.clip, weights)
    seen = (attention_of(encoder, query.clip, other.clip) for encoder in encoders)
    return Reasons(query, other, alignment, tuple(one for one in seen if one is not None))


def _key_frame(said: dict[str, Any]) -> dict[str, Any]:
    return {
        "query_s": round(said["query_s"], 4),
        "clip_s": round(said["other_s"], 4),
        "distance": round(said["distance_mm"], 3),
        "part": said["part"],
        "part_distance": round(said["part_mm"], 3),
    }
