"""AMC, the Acclaim motion: one line a bone and frame, on the skeleton of an ASF file."""

from __future__ import annotations

import re
from pathlib import Path

from ..motion.motion import Motion
from .acclaim_rig import load_rig, to_channels
from .amc_frames import read_frames
from .asf_search import find_skeleton
from .motion_text import MotionText
from .number_rows import number
from .solved_motion import solved_motion

#: The format has no rate of its own; Vicon recorded CMU, HDM05 and nearly all other AMC files at this one.
DEFAULT_FPS = 120.0

_HEADER = re.compile(rb"(?:\s*+[:#][^\r\n]*+)*+\s*+")
_UNIT = re.compile(rb"^[ \t]*:(DEGREES|RADIANS)\b", re.IGNORECASE | re.MULTILINE)
_RATE = re.compile(rb"^[ \t]*:SAMPLES-PER-SECOND\s+(\S+)", re.IGNORECASE | re.MULTILINE)


def read_amc(text: MotionText, asf: Path | None = None) -> list[Motion]:
    """The motion of an AMC file, on the skeleton `asf` or the one that `find_skeleton` finds beside it.

    Angles are in the unit of the header (:DEGREES, :RADIANS), else of the skeleton. The rate is that of a
    :SAMPLES-PER-SECOND line, else 120 frames a second. Length degrees of freedom (`l`) are read but the bone keeps its
    length, which `repairs` says.

    Raises:
        FormatError: no skeleton, or the motion is damaged or does not fit it; the message names line and frame.
    """
    skeleton = asf or find_skeleton(text.path)
    acclaim = load_rig(skeleton)
    header = _HEADER.match(text.content)
    assert header, "the expression matches the empty header"
    stated = _UNIT.search(header.group())
    degrees = acclaim.degrees if stated is None else stated.group(1).lower() == b"degrees"
    rows, columns = read_frames(text, header.end(), acclaim.dofs, skeleton.name)
    fps = _rate(text, header.group())
    file_size = text.size
    text.free()
    channels = to_channels(acclaim, rows, columns, degrees)
    stretched = [bone for bone, dofs in acclaim.dofs.items() if "l" in dofs]
    repairs = (f"changes of length of {', '.join(stretched)} are left out",) if stretched else ()
    return [
        solved_motion(
            text.path, file_size, acclaim.rig, channels, fps, metres_per_unit=acclaim.metres_per_unit, repairs=repairs
        )
    ]


def _rate(text: MotionText, header: bytes) -> float:
    stated = _RATE.search(header)
    if not stated:
        return DEFAULT_FPS
    fps = number(stated.group(1))
    if fps is None or not 1 <= fps <= 1e5:
        raise text.error(
            text.content.find(stated.group()), "SAMPLES-PER-SECOND is not between 1 and 100000; correct it"
        )
    return fps
