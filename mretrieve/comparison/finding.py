"""Where in a long clip a short one lies."""

from __future__ import annotations

from dataclasses import replace

from ..alignment.moment_finder import Localiser
from ..motion.body_parts import PartWeights
from .named_clip import NamedClip


def moment_like(query: NamedClip, other: NamedClip, weights: PartWeights | None = None) -> NamedClip:
    """The moment of the other clip that moves most like the query, as `search.localise.Localiser` finds it."""
    (found,) = Localiser(query.clip, weights).best([other.clip])
    return replace(other, clip=other.clip.cut(found.start_frame, found.end_frame), is_moment=True)
