"""A moment of a motion in the frames of its own file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from ..errors import FormatError, QueryError, RigError
from ..motion import CANONICAL_FPS, Motion, RigMap, canonicalise

#: So much of a file tells whether it begins with a rest pose.
_BEGINNING_S = 10.0
#: Answers count the last canonical frame as a whole one, and print hundredths of a second.
_BEYOND_END_S = 1 / CANONICAL_FPS + 0.01


@dataclass(frozen=True, eq=False)
class Moment:
    """A motion as its file has it, and which part of it is meant, in seconds of the file; None: its first or last."""

    motion: Motion
    start_s: float | None = None
    end_s: float | None = None

    def frames(self, rest_frames: int) -> tuple[int, int]:
        """The first frame and the one behind the last, without the leading rest frames.

        Raises:
            QueryError: the part is empty, begins behind the end of the file or ends far behind it.
        """
        motion, duration_s = self.motion, self.motion.duration_s
        start_s = 0.0 if self.start_s is None else self.start_s
        end_s = duration_s if self.end_s is None else self.end_s
        for time_s in (start_s, end_s):
            if not 0 <= time_s <= duration_s + _BEYOND_END_S:  # false for NaN too
                raise QueryError(f"{motion.name}: has 0.00 s to {duration_s:.2f} s, and {time_s:g} s is not in it")
        if not start_s < min(end_s, duration_s):
            raise QueryError(
                f"{motion.name}: no moment lies between {start_s:g} s and {end_s:g} s; end after the start"
            )
        first = min(round(start_s * motion.fps), motion.frame_count - 1)
        last = min(max(round(end_s * motion.fps), first + 1), motion.frame_count)
        if last <= rest_frames:
            raise QueryError(
                f"{motion.name}: up to {rest_frames / motion.fps:.2f} s it holds only the rest pose that an exporter "
                "put before the motion; --keep-rest-pose exports that"
            )
        return max(first, rest_frames), last


def leading_rest_frames(motion: Motion, rig_map: RigMap | None = None) -> int:
    """How many frames an exporter put before the motion, as indexing drops them; 0 where the rig is no body's."""
    beginning = motion.cut(0, max(1, round(_BEGINNING_S * motion.fps)))
    with suppress(RigError, FormatError):
        return round(canonicalise(beginning, rig_map).start_s * motion.fps)
    return 0
