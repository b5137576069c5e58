"""What a viewer plays: the motions of an answer, an explanation or a comparison, and how they correspond in time."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import REMARKS, Flip
from ..motion.body_view import HeadingView, body_view
from ..motion.filmstrip import floor_m
from ..search.answer import Answer, Hit
from .advice import Advice
from .differences import Comparison, Difference
from .explanation import Explanation
from .key_frames import farthest_frames, nearest_frames
from .named_clip import NamedClip, rounded

#: Name and version of the JSON that viewers read; the schema is playback.schema.json.
SCHEMA = "mretrieve.playback/1"
#: Frames of all motions together; with more, every second one is left out, or more. A frame takes about 250 bytes.
_MOST_FRAMES = 8000


@dataclass(frozen=True, eq=False)
class PlayedMotion:
    """One motion that a viewer shows: a clip, or the part of it that is compared."""

    name: str
    clip: Clip
    mirror: Flip = "none"

    @property
    def poses(self) -> NDArray[np.float16]:
        """(T, 22, 3) metres in the body's frame: hips at the origin, +X left, +Y up, +Z forwards."""
        return self._view.positions.astype(np.float16)

    @property
    def roots(self) -> NDArray[np.float32]:
        """(T, 4): where the hips are and where the body faces, relative to the first frame and to the floor.

        Metres to the left, above the floor and forwards, as the body faces in the first frame; then the heading in
        radians, from forwards towards the left.
        """
        view = self._view
        left, _, forwards = np.moveaxis(view.origin - view.origin[0], 1, 0)
        cosine, sine = np.cos(view.heading[0]), np.sin(view.heading[0])
        height = view.origin[:, 1] - np.float32(floor_m(self.clip))
        turned = cosine * left - sine * forwards, height, sine * left + cosine * forwards
        return np.stack([*turned, view.heading - view.heading[0]], axis=1).astype(np.float32)

    @cached_property
    def _view(self) -> HeadingView:
        return body_view(self.clip.positions, self.clip.observed)

    def to_dict(self, step: int = 1) -> dict[str, Any]:
        """The motion with every `step`-th frame, as plain dicts and lists; arrays in base64."""
        return {
            "name": self.name,
            "remark": REMARKS[self.mirror].strip(" ()"),
            "start_s": round(self.clip.start_s, 4),
            "frame_count": len(range(0, self.clip.frame_count, step)),
            "poses": _base64(self.poses[::step], "<f2"),
            "roots": _base64(self.roots[::step], "<f4"),
            "seen": self.clip.seen_joints.tolist(),
        }


@dataclass(frozen=True, eq=False)
class PlayedPair:
    """Two motions, frame by frame.

    Attributes:
        query: which of the motions of the playback is the query as it was compared.
        other: which is the other one.
        alignment: of both.
        hit: the hit of an answer that the other one is.
        advice: for each part, how the query differs.
        differences: stretches that differ clearly.
    """

    query: int
    other: int
    alignment: Alignment
    hit: Hit | None = None
    advice: tuple[Advice, ...] = ()
    differences: tuple[Difference, ...] = ()

    def to_dict(self, step: int = 1) -> dict[str, Any]:
        """The pair with every `step`-th frame of both motions, as plain dicts and lists."""
        alignment, hit = self.alignment, self.hit
        scores = hit.parts if hit else alignment.part_scores
        path = np.unique(alignment.path // step, axis=0)
        keys = [("farthest", key) for key in farthest_frames(alignment)]
        keys += [("nearest", key) for key in nearest_frames(alignment)]
        return {
            "query": self.query,
            "other": self.other,
            "rank": hit.rank if hit else None,
            "label": hit.label if hit else None,
            "score": rounded(hit.score, 6) if hit else None,
            "distance_mm": round(hit.distance_mm if hit else alignment.mean_mm, 3),
            "speed": round(hit.speed if hit else alignment.speed, 4),
            "parts": {part: round(score, 6) for part, score in scores.items()},
            "path": path.tolist(),
            "errors_mm": _base64(alignment.over_time_mm[::step], "<f2"),
            "key_frames": [
                {
                    "kind": kind,
                    "query_frame": key.query_frame // step,
                    "distance_mm": round(key.distance_mm, 3),
                    "part": key.part,
                    "part_distance_mm": round(key.part_mm, 3),
                }
                for kind, key in keys
            ],
            "differences": [
                {
                    "part": found.part,
                    "start_frame": found.start_frame // step,
                    "end_frame": -(-found.end_frame // step),
                    "distance_mm": round(found.distance_mm, 3),
                }
                for found in self.differences
            ],
            "advice": [{"part": said.part, **said.to_dict()} for said in self.advice],
        }


@dataclass(frozen=True, eq=False)
class Playback:
    """Motions to look at, together.

    Attributes:
        kind: which command made it.
        motions: each motion once. The first one is the query.
        pairs: the query with each hit, best first, or with what it is compared with.
        notes: what makes it less certain, and what is left out, one line each.
    """

    kind: Literal["query", "explain", "compare"]
    motions: tuple[PlayedMotion, ...]
    pairs: tuple[PlayedPair, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of_answer(cls, answer: Answer, query: NamedClip, explained: Sequence[tuple[Hit, Explanation]]) -> Playback:
        """The hits of an answer that could be explained. A hit that is left out is named in the notes.

        Args:
            answer: the answer.
            query: the query as it was given.
            explained: hits of the answer and the explanation of each.
        """
        motions = [PlayedMotion(query.name, query.clip)]
        known = {("none", query.clip.start_s, query.clip.frame_count): 0}
        pairs = []
        for hit, explanation in explained:
            part = explanation.query
            variant = (part.mirror, part.clip.start_s, part.clip.frame_count)
            if variant not in known:
                known[variant] = len(motions)
                motions.append(PlayedMotion(part.name, explanation.alignment.query, part.mirror))
            pairs.append(PlayedPair(known[variant], len(motions), explanation.alignment, hit))
            motions.append(PlayedMotion(hit.clip, explanation.alignment.other))
        shown = {hit.rank for hit, _ in explained}
        missing = [f"{hit.clip} cannot be shown: its motion cannot be read" for hit in answer if hit.rank not in shown]
        return cls("query", tuple(motions), tuple(pairs), (*answer.notes, *missing))

    @classmethod
    def of_explanation(cls, explanation: Explanation) -> Playback:
        """A query and the moment that is explained."""
        alignment = explanation.alignment
        motions = _both(explanation.query, explanation.other, alignment)
        return cls("explain", motions, (PlayedPair(0, 1, alignment),))

    @classmethod
    def of_comparison(cls, comparison: Comparison) -> Playback:
        """Two takes; the first one has the bone lengths of the second."""
        alignment = comparison.alignment
        pair = PlayedPair(0, 1, alignment, None, comparison.advice, comparison.differences)
        return cls("compare", _both(comparison.first, comparison.second, alignment), (pair,))

    def to_dict(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists."""
        step = -(-sum(motion.clip.frame_count for motion in self.motions) // _MOST_FRAMES)
        return {
            "schema": SCHEMA,
            "kind": self.kind,
            "fps": CANONICAL_FPS / step,
            "motions": [motion.to_dict(step) for motion in self.motions],
            "pairs": [pair.to_dict(step) for pair in self.pairs],
            "notes": list(self.notes),
        }


def _both(query: NamedClip, other: NamedClip, alignment: Alignment) -> tuple[PlayedMotion, PlayedMotion]:
    first = PlayedMotion(query.name, alignment.query, query.mirror)
    return first, PlayedMotion(other.name, alignment.other, other.mirror)


def _base64(values: NDArray[np.floating], dtype: str) -> str:
    return base64.b64encode(values.astype(dtype).tobytes()).decode()
