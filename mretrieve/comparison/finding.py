"""Where in a long clip a short one lies."""

from __future__ import annotations

from dataclasses import replace

from ..alignment.moment_finder import MomentFinder
from ..motion.body_parts import PartWeights
from .named_clip import NamedClip


def moment_like(query: NamedClip, other: NamedClip, weights: PartWeights | None = None) -> NamedClip:
    """The moment of the other clip that moves most like the query, as `MomentFinder` finds it."""
    starts, ends, _ = MomentFinder(query.clip, weights).best([other.clip])
    return replace(other, clip=other.clip.cut(int(starts[0]), int(ends[0])), is_moment=True)
