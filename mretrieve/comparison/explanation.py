"""Why a moment matches a query: the alignment of both, and what the encoders attended to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment, align
from ..alignment.moment_finder import MomentFinder
from ..encoders import WindowEncoder
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..motion.skeleton import JOINTS, PARTS
from .key_frames import KeyFrame, farthest_frames, nearest_frames
from .named_clip import NamedClip, rounded, rounded_list


@dataclass(frozen=True, eq=False)
class Attention:
    """How much each frame counted in an encoder's vectors: 1 for as much as the mean frame of its clip."""

    encoder: str
    query: NDArray[np.float32]  # (n,)
    other: NDArray[np.float32]  # (k,), of the frames that are compared


def attention_of(encoder: WindowEncoder, query: Clip, moment: Clip) -> Attention | None:
    """What an encoder looks at in two clips; None of one without attention."""
    attention = getattr(encoder, "attention", None)
    of_query = attention(query) if attention is not None else None
    if attention is None or of_query is None:
        return None
    of_moment = attention(moment)
    return Attention(encoder.name, of_query * len(of_query), of_moment * len(of_moment))


#: Name and version of the JSON that `mretrieve explain --format json` prints; the schema is explain.schema.json.
SCHEMA = "mretrieve.explain/2"
#: In a clip more than this many times as long as the query, the best-matching moment is explained.
_MUCH_LONGER = 2


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why two motions are as alike as they are.

    Attributes:
        query: the first motion.
        other: the one that it is compared with.
        alignment: their alignment, with the distance of each joint.
        attention: what encoders attended to in both.
    """

    query: NamedClip
    other: NamedClip
    alignment: Alignment
    attention: tuple[Attention, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists; null if only one of both observed it."""
        alignment = self.alignment
        parts = alignment.parts_over_time_mm
        return {
            "schema": SCHEMA,
            "query": self.query.to_dict(),
            "clip": self.other.to_dict(),
            "mirror": self.query.mirror,
            "distance_mm": round(alignment.mean_mm, 3),
            "speed": round(alignment.speed, 4),
            "parts": {
                part: {
                    "weight": round(weight, 6),
                    "score": rounded(alignment.part_scores.get(part), 6),
                    "distance_mm": rounded(alignment.parts_mm.get(part), 3),
                }
                for part, weight in alignment.weights.items()
            },
            "joints_mm": dict(zip(JOINTS, rounded_list(alignment.joints_mm, 3), strict=True)),
            "fps": CANONICAL_FPS,
            "path": alignment.path.tolist(),
            "over_time": {
                "query_s": rounded_list(alignment.query_s, 4),
                "clip_s": rounded_list(alignment.other_s, 4),
                "slope": rounded_list(alignment.slope, 4),
                "distance_mm": rounded_list(alignment.frames_mm, 3),
                "parts_mm": {part: rounded_list(parts[part], 3) if part in parts else None for part in PARTS},
            },
            "farthest": [_key_frame(frame) for frame in farthest_frames(alignment)],
            "nearest": [_key_frame(frame) for frame in nearest_frames(alignment)],
            "attention": [
                {"encoder": seen.encoder, "query": rounded_list(seen.query, 4), "clip": rounded_list(seen.other, 4)}
                for seen in self.attention
            ],
        }


def explain(
    query: NamedClip,
    other: NamedClip,
    weights: PartWeights | None = None,
    *,
    encoders: Sequence[WindowEncoder] = (),
) -> Explanation:
    """Why a moment matches a query.

    Args:
        query: the query.
        other: the moment; in a whole clip that is more than twice as long as the query, the best-matching moment.
        weights: how much each part counts.
        encoders: those whose attention is wanted; those without attention are left out.

    Raises:
        QueryError: see align.
    """
    if not other.is_moment and other.clip.frame_count > _MUCH_LONGER * query.clip.frame_count:
        other = moment_like(query, other, weights)
    alignment = align(query.clip, other.clip, weights)
    attention = (attention_of(encoder, query.clip, other.clip) for encoder in encoders)
    return Explanation(query, other, alignment, tuple(known for known in attention if known is not None))


def moment_like(query: NamedClip, other: NamedClip, weights: PartWeights | None = None) -> NamedClip:
    """The moment of the other clip that moves most like the query, as `MomentFinder` finds it."""
    starts, ends, _ = MomentFinder(query.clip, weights).best([other.clip])
    return replace(other, clip=other.clip.cut(int(starts[0]), int(ends[0])), is_moment=True)


def _key_frame(frame: KeyFrame) -> dict[str, Any]:
    return {
        "query_s": round(frame.query_s, 4),
        "clip_s": round(frame.other_s, 4),
        "distance_mm": round(frame.distance_mm, 3),
        "part": frame.part,
        "part_distance_mm": round(frame.part_mm, 3),
    }
