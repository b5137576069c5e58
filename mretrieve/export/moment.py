"""A moment of a motion in the frames of its own file."""

from __future__ import annotations

from contextlib import suppress

from ..errors import FormatError, QueryError, RigError
from ..motion import CANONICAL_FPS, Motion, RigMap, canonicalise
from ..sources.resolve import ResolvedClip

#: A rest pose at the start of a file is looked for in this much of it.
_BEGINNING_S = 10.0
#: Answers count the last canonical frame as a whole one, and print hundredths of a second.
_BEYOND_END_S = 1 / CANONICAL_FPS + 0.01


def file_frames(moment: ResolvedClip, rest_frames: int) -> tuple[int, int]:
    """The first frame of a moment and the one after its last, in frames of the file, without leading rest frames.

    Raises:
        QueryError: the moment is empty, begins after the end of the file or ends far after it.
    """
    motion, duration_s = moment.motion, moment.motion.duration_s
    start_s = 0.0 if moment.start_s is None else moment.start_s
    end_s = duration_s if moment.end_s is None else moment.end_s
    for time_s in (start_s, end_s):
        if not 0 <= time_s <= duration_s + _BEYOND_END_S:  # false for NaN too
            raise QueryError(f"{motion.name}: has 0.00 s to {duration_s:.2f} s, and {time_s:g} s is not in it")
    if not start_s < min(end_s, duration_s):
        raise QueryError(f"{motion.name}: no moment lies between {start_s:g} s and {end_s:g} s; end after the start")
    first = min(round(start_s * motion.fps), motion.frame_count - 1)
    last = min(max(round(end_s * motion.fps), first + 1), motion.frame_count)
    if last <= rest_frames:
        raise QueryError(
            f"{motion.name}: up to {rest_frames / motion.fps:.2f} s it holds only the rest pose that an exporter put "
            "before the motion; --keep-rest-pose exports that"
        )
    return max(first, rest_frames), last


def leading_rest_frames(motion: Motion, rig_map: RigMap | None = None) -> int:
    """Number of frames that an exporter put before the motion, which indexing drops; 0 if the rig is not a body's."""
    beginning = motion.cut(0, max(1, round(_BEGINNING_S * motion.fps)))
    with suppress(RigError, FormatError):
        return round(canonicalise(beginning, rig_map).start_s * motion.fps)
    return 0
