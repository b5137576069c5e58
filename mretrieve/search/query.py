"""A query as it is searched: a canonical clip, the part of it that is compared, and its mirrored variants."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..encoders import WindowEncoder
from ..errors import QueryError
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.flips import Flip, flip
from ..sources.resolve import ResolvedClip

#: Frames around the part that rates of change are taken from; the rest of a take of hours need not be encoded.
_CONTEXT_FRAMES = 30
#: Positions farther from the origin are refused: their squares overflow.
FARTHEST_M = 1e9


@dataclass(frozen=True, eq=False)
class Query:
    """A query as it was understood.

    Attributes:
        name: how the user named it; "" for a motion or clip given from Python.
        clip: the whole of it.
        start_frame: first frame that is compared; what lies around the part is context for rates of change.
        end_frame: frame after the last that is compared.
        own_clips: rows of the clips of the index that are the query itself.
    """

    name: str
    clip: Clip
    start_frame: int
    end_frame: int
    own_clips: tuple[int, ...] = ()

    @classmethod
    def of(cls, found: ResolvedClip, own_clips: tuple[int, ...] = ()) -> Query:
        """The query that a name means. QueryError: it has no frames, or positions that cannot be compared."""
        clip = found.clip
        if not clip.frame_count:
            raise QueryError(f"{found.name or 'the query'} has no frames")
        if not (np.abs(clip.positions) < FARTHEST_M).all():  # false for NaN too
            raise QueryError(
                f"{found.name or 'the query'} has positions that are not numbers, or beyond {FARTHEST_M:g} m"
            )
        return cls(found.name, clip, *found.frames, own_clips)

    @property
    def part(self) -> Clip:
        """The frames that are compared."""
        return self.clip.cut(self.start_frame, self.end_frame)

    def variant(self, mirrored: Flip, part_weights: PartWeights) -> Query:
        """The same query, mirrored as named and without the limbs that do not count."""
        return replace(self, clip=part_weights.masked(flip(self.clip, mirrored)))

    def piece(self, start: int, end: int) -> Query:
        """The same query for frames `start` to `end` (exclusive) of its part."""
        return replace(self, start_frame=self.start_frame + start, end_frame=self.start_frame + end)

    def encoded_by(self, encoder: WindowEncoder) -> NDArray[np.float32]:
        """The vector (1, D) of the part, as it would be stored in an index: with its surroundings in view."""
        first = max(0, self.start_frame - _CONTEXT_FRAMES)
        around = self.clip.cut(first, self.end_frame + _CONTEXT_FRAMES)
        return encoder.encode_windows(around, np.array([[self.start_frame - first, self.end_frame - first]]))
