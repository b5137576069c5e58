"""Takes made of short clips, one after the other with pauses between: what is done when in them is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..labelled_spans import LabelledSpan
from ..motion import CANONICAL_FPS, Clip, LabelledClip
from ..motion.body_view import body_view

#: Frames of a pause: from, and up to; and those for which the body stands still at the end.
_PAUSE = (20, 46)
_LAST_PAUSE = 20


@dataclass(frozen=True, eq=False)
class StitchedTake:
    """A take, and what is done in it.

    Attributes:
        clip: the take, from 0 s.
        spans: where each of its clips is, with their labels.
        group: of all its clips: who performs them, or in which style.
    """

    clip: Clip
    spans: tuple[LabelledSpan, ...]
    group: str


def stitched(clips: Sequence[Clip], generator: np.random.Generator) -> tuple[Clip, list[tuple[int, int]]]:
    """A take of the clips one after the other, and the first frame of each and the one after its last.

    Between two the body stands still, slides over a third of a second into the next one's first pose and stands still
    again: 0.7 to 1.5 s in all. Each goes on where the last one ended, facing as it did.
    """
    parts: list[NDArray[np.float32]] = []
    spans, frames, heading, origin = [], 0, 0.0, np.zeros(3, np.float32)
    last = None
    for clip in clips:
        view = body_view(clip.positions, clip.observed)
        turn = _about_the_vertical(-(heading - float(view.heading[0])))
        positions = clip.positions @ turn
        positions = (positions + (origin - view.origin[0] @ turn) * np.array([1, 0, 1])).astype(np.float32)
        still = int(generator.integers(*_PAUSE))
        pause = np.repeat(positions[:1], still, axis=0)
        if last is not None:
            at = (np.arange(still) - still / 2) / 10
            share = (0.5 + 0.5 * np.sin(np.pi * np.clip(at, -0.5, 0.5)))[:, None, None]
            pause = (last * (1 - share) + positions[0] * share).astype(np.float32)
        parts += [pause, positions]
        spans.append((frames + still, frames + still + len(positions)))
        frames = spans[-1][1]
        view = body_view(positions, clip.observed)
        heading, origin, last = float(view.heading[-1]), view.origin[-1], positions[-1]
    assert last is not None
    parts.append(np.repeat(last[None], _LAST_PAUSE, axis=0))
    joined = np.concatenate(parts)
    return Clip(joined, np.ones(joined.shape[:2], bool)), spans


def takes_of(items: Sequence[LabelledClip], actions: int, seed: int) -> list[StitchedTake]:
    """Takes of clips of one group each, every clip of a take of another label; each clip is in one take.

    Args:
        items: the clips.
        actions: clips of a take; the last take of a group may have fewer, of one clip none is made.
        seed: of the order of clips and of the lengths of pauses.
    """
    generator = np.random.default_rng(seed)
    takes = []
    for group in sorted({item.group for item in items}):
        left = [item for item in items if item.group == group]
        left = [left[number] for number in generator.permutation(len(left)).tolist()]
        while left:
            chosen: dict[str, LabelledClip] = {}
            for item in left:
                if len(chosen) < actions:
                    chosen.setdefault(item.label, item)
            left = [item for item in left if chosen.get(item.label) is not item]
            if len(chosen) > 1:
                clip, frames = stitched([item.clip for item in chosen.values()], generator)
                spans = (
                    LabelledSpan(start / CANONICAL_FPS, end / CANONICAL_FPS, label)
                    for label, (start, end) in zip(chosen, frames, strict=True)
                )
                takes.append(StitchedTake(clip, tuple(spans), group))
    return takes


def _about_the_vertical(angle: float) -> NDArray[np.float64]:
    """To be multiplied from the right: turns by an angle (radians), to the right seen from above where positive."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
