"""Two takes of the same motion: how alike each part of the body is over time, and where they part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment, align, part_scores
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..motion.skeleton import JOINT_COUNT, PARENTS, PARTS
from .advice import Advice, advise
from .key_frames import smoothed
from .named_clip import NamedClip, rounded, rounded_list

#: Name and version of the JSON that `mretrieve compare --format json` prints.
SCHEMA = "mretrieve.compare/2"
_SMOOTHED_FRAMES = 5
#: A part differs where its error is above its own median by half of it, and by this much at least.
_CLEARLY_MM = 30.0
#: Differences so many frames apart are one; shorter ones are none.
_GAP_FRAMES, _SHORTEST_FRAMES = 4, 6
_SLICES = 60


@dataclass(frozen=True)
class Difference:
    """A stretch of the first take in which a part is clearly farther from the second one than it mostly is."""

    part: str
    start_frame: int  # of the first take
    end_frame: int  # exclusive
    distance_mm: float  # mean of the part's joints


@dataclass(frozen=True, eq=False)
class Timeline:
    """Scores of the parts over equal slices of the first take's time."""

    edges_s: NDArray[np.float64]  # (S + 1,)
    scores: dict[str, list[float | None]]  # S scores in [0, 1] of each compared part; None where it was not observed


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two takes of the same motion, compared; `first` is the one that advice is given to."""

    first: NamedClip
    second: NamedClip
    alignment: Alignment
    differences: tuple[Difference, ...]
    advice: tuple[Advice, ...]

    def timeline(self, slices: int = _SLICES) -> Timeline:
        """How alike the parts are over time, in so many slices or one a frame if those are fewer."""
        alignment = self.alignment
        count = len(alignment.query_s)
        edges = np.linspace(0, count, min(slices, count) + 1).round().astype(int)
        steps = np.searchsorted(alignment.path[:, 0], edges)
        errors_m = alignment.error_mm / np.float32(1000.0)
        cuts = pairwise(steps.tolist())
        found = [part_scores(errors_m[first:last], alignment.path[first:last]) for first, last in cuts]
        scores = {part: [cut.get(part) for cut in found] for part in alignment.parts_mm}
        return Timeline(alignment.query.start_s + edges / CANONICAL_FPS, scores)

    def to_dict(self) -> dict[str, Any]:
        """The public JSON contract (schema SCHEMA) as plain dicts and lists; distances in millimetres."""
        alignment, timeline = self.alignment, self.timeline()
        seconds = alignment.query_s
        advice = {said.part: said for said in self.advice}
        return {
            "schema": SCHEMA,
            "a": self.first.to_dict(),
            "b": self.second.to_dict(),
            "distance_mm": round(alignment.mean_mm, 3),
            "speed": round(alignment.speed, 4),
            "edges_s": rounded_list(timeline.edges_s, 4),
            "parts": {
                part: {
                    "score": round(alignment.part_scores[part], 6),
                    "distance_mm": round(mean_mm, 3),
                    "advice": advice[part].to_dict(),
                    "scores": [rounded(score, 4) for score in timeline.scores[part]],
                    "differences": [
                        {
                            "start_s": round(float(seconds[found.start_frame]), 4),
                            "end_s": round(float(seconds[found.end_frame - 1]) + 1 / CANONICAL_FPS, 4),
                            "distance_mm": round(found.distance_mm, 3),
                        }
                        for found in self.differences
                        if found.part == part
                    ],
                }
                for part, mean_mm in alignment.parts_mm.items()
            },
        }


def compare(first: NamedClip, second: NamedClip, weights: PartWeights | None = None) -> Comparison:
    """Compare two takes of the same motion, from their first frames to their last.

    The first body is given the second one's bone lengths before, so that what differs is the motion.

    Raises:
        QueryError: see align.
    """
    alignment = align(on_bones_of(first.clip, second.clip), second.clip, weights)
    found = tuple(difference for part in alignment.parts_mm for difference in _differences(alignment, part))
    return Comparison(first, second, alignment, found, _all_advice(alignment, found))


def on_bones_of(clip: Clip, other: Clip) -> Clip:
    """The clip on a body with the bones of another: their median lengths; directions and the pelvis stay."""
    parents = np.array(PARENTS[1:])
    lengths = np.median(np.linalg.norm(other.positions[:, 1:] - other.positions[:, parents], axis=2), axis=0)
    bones = clip.positions[:, 1:] - clip.positions[:, parents]
    bones = bones * (lengths / np.maximum(np.linalg.norm(bones, axis=2), 1e-6))[..., None].astype(np.float32)
    positions = clip.positions.copy()
    for child in range(1, JOINT_COUNT):
        positions[:, child] = positions[:, PARENTS[child]] + bones[:, child - 1]
    return replace(clip, positions=positions)


def _differences(alignment: Alignment, part: str) -> list[Difference]:
    errors = smoothed(alignment.parts_over_time_mm[part], _SMOOTHED_FRAMES)
    if not np.isfinite(errors).any():
        return []
    usual = float(np.nanmedian(errors))
    above = np.flatnonzero(np.nan_to_num(errors) > usual + max(0.5 * usual, _CLEARLY_MM))
    if not len(above):
        return []
    runs = np.split(above, np.flatnonzero(np.diff(above) > _GAP_FRAMES) + 1)
    spans = [(int(run[0]), int(run[-1]) + 1) for run in runs]
    return [
        Difference(part, start, end, float(np.nanmean(alignment.over_time_mm[start:end, list(PARTS[part])])))
        for start, end in spans
        if end - start >= _SHORTEST_FRAMES
    ]


def _all_advice(alignment: Alignment, found: tuple[Difference, ...]) -> tuple[Advice, ...]:
    """One for each compared part, about its worst difference or, where there is none, the whole motion."""
    advice = []
    for part in alignment.parts_mm:
        mine = [difference for difference in found if difference.part == part]
        worst = max(mine, key=lambda one: one.distance_mm * (one.end_frame - one.start_frame), default=None)
        span = (worst.start_frame, worst.end_frame) if worst else None
        advice.append(advise(alignment, part, span))
    return tuple(advice)
