"""A clip that was lifted from two dimensions, together with what the camera saw."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from .clip import CANONICAL_FPS, Clip
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

    def cut(self, start_frame: int, end_frame: int) -> LiftedClip:
        """See Clip."""
        return replace(
            self,
            positions=self.positions[start_frame:end_frame],
            observed=self.observed[start_frame:end_frame],
            start_s=self.start_s + start_frame / CANONICAL_FPS,
            view=self.view.cut(start_frame, end_frame),
        )
