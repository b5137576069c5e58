"""A clip with what is known about it, as training and evaluation take it."""

from __future__ import annotations

from dataclasses import dataclass

from .clip import Clip


@dataclass(frozen=True, eq=False)
class LabelledClip:
    """A clip, what happens in it, and the group within which clips are no independent answers to each other."""

    clip: Clip
    label: str  # its class; empty where nobody said
    group: str  # performer, style or recording
    path: str  # its file, relative to the folder that was read: what ties are broken by
