"""A clip that was lifted from two dimensions, together with what the camera saw."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from .clip import Clip
from .view import View


@dataclass(frozen=True, eq=False)
class LiftedClip(Clip):
    """A clip and the view that it was lifted from, frame by frame, for encoders that look at both.

    Attributes:
        view: what the camera saw.
    """

    view: View = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.view.frame_count != self.frame_count:
            raise ValueError(f"the clip has {self.frame_count} frames, its view {self.view.frame_count}")

    @classmethod
    def of(cls, clip: Clip, view: View) -> LiftedClip:
        """The clip with its view. ValueError if they differ in length."""
        return cls(**{each.name: getattr(clip, each.name) for each in fields(Clip)}, view=view)
