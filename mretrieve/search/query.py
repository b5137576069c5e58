"""A query as it is searched: a canonical clip, the part of it that is compared, and its mirrored variants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ..encoders import Encoder
from ..errors import QueryError
from ..motion import CANONICAL_FPS, Clip
from ..motion.body_parts import PartWeights
from ..motion.flips import Flip, flip

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
    def of(cls, name: str, clip: Clip, own_clips: tuple[int, ...] = ()) -> Query:
        """A query for all frames of a clip. QueryError: it has none, or positions that cannot be compared."""
        if not clip.frame_count:
            raise QueryError(f"{name or 'the query'} has no frames")
        if not (np.abs(clip.positions) < FARTHEST_M).all():  # false for NaN too
            raise QueryError(f"{name or 'the query'} has positions that are not numbers, or beyond {FARTHEST_M:g} m")
        return cls(name, clip, 0, clip.frame_count, own_clips)

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

    def encoded_by(self, encoder: Encoder) -> NDArray[np.float32]:
        """The vector (1, D) of the part, as it would be stored in an index: with its surroundings in view."""
        first = max(0, self.start_frame - _CONTEXT_FRAMES)
        around = self.clip.cut(first, self.end_frame + _CONTEXT_FRAMES)
        return encoder.encode_windows(around, np.array([[self.start_frame - first, self.end_frame - first]]))

    def cut_to(self, start_s: float | None, end_s: float | None) -> Query:
        """The same query for the frames between two times of its file; None stands for its own start or end.

        Raises:
            QueryError: there is no frame between them.
        """
        start = self.clip.start_s if start_s is None else start_s
        end = self.clip.end_s if end_s is None else end_s
        if not (isfinite(start) and isfinite(end)):
            raise QueryError(f"start and end must be seconds, not {start:g} and {end:g}")
        first, last = (
            round((min(max(time_s, self.clip.start_s), self.clip.end_s) - self.clip.start_s) * CANONICAL_FPS)
            for time_s in (start, end)
        )
        if not first < last:
            raise QueryError(
                f"no motion between {start:g} s and {end:g} s: {self.name or 'the query'} has "
                f"{self.clip.start_s:.2f} s to {self.clip.end_s:.2f} s"
            )
        return replace(self, start_frame=first, end_frame=last)
