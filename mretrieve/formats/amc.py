"""AMC, the Acclaim motion: one line per bone and frame, on the skeleton of an ASF file."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from ..errors import FormatError
from ..motion.motion import Motion
from .acclaim_rig import load_rig, to_channels
from .amc_frames import read_frames
from .motion_text import MotionText, text_head
from .number_rows import number
from .reader import Reader
from .solved_motion import solved_motion

#: The format has no rate of its own; Vicon recorded CMU, HDM05 and nearly all other AMC files at this one.
DEFAULT_FPS = 120.0

_START = re.compile(
    rb"(?:\s*+#[^\r\n]*+)*+\s*+"
    rb"(?::(?:FULLY-SPECIFIED|DEGREES|RADIANS|SAMPLES-PER-SECOND)\b|\d++[ \t]*+[\r\n]\s*+[^\s,]++[ \t]+[-+.\d])",
    re.IGNORECASE,
)
_HEADER = re.compile(rb"(?:\s*+[:#][^\r\n]*+)*+\s*+")
_UNIT = re.compile(rb"^[ \t]*:(DEGREES|RADIANS)\b", re.IGNORECASE | re.MULTILINE)
_RATE = re.compile(rb"^[ \t]*:SAMPLES-PER-SECOND\s+(\S+)", re.IGNORECASE | re.MULTILINE)


def read_amc(text: MotionText, asf: Path | None = None) -> list[Motion]:
    """The motion of an AMC file, on the skeleton `asf` or the one that `find_skeleton` finds next to it.

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


def find_skeleton(motion: Path) -> Path:
    """The .asf next to a motion: the one with the longest name that the motion's begins with, else the only one.

    A beginning ends where a word of the name does: `02.asf` fits `02_01.amc`, `HDM_t.asf` does not fit `HDM_tr_1.amc`.
    Upper and lower case count only if they distinguish two files.

    Raises:
        FormatError: there is none, or there are several and none fits.
    """
    folder = str(motion.parent)
    for prefix in _beginnings(motion.stem):  # quick, however many files the folder holds
        for suffix in (".asf", ".ASF"):
            candidate = motion.parent / (prefix + suffix)
            if candidate.is_file():
                return candidate
    skeletons = sorted(path for path in motion.parent.iterdir() if path.suffix.lower() == ".asf")
    by_name = {path.stem.lower(): path for path in skeletons}
    for prefix in _beginnings(motion.stem.lower()):
        if prefix in by_name:
            return by_name[prefix]
    if len(skeletons) == 1:
        return skeletons[0]
    found = f"none of its {len(skeletons)} .asf files fits" if skeletons else "there is no .asf file"
    raise FormatError(
        f"{motion}: no skeleton found: in {folder} {found} (looked for {motion.stem}.asf, for a beginning of that name "
        "and for the only .asf); put the skeleton next to the motion or name it with --asf"
    )


def _beginnings(stem: str) -> list[str]:
    """The stem and its beginnings up to the end of each word, longest first; words are runs of letters or of digits."""
    ends = [
        end
        for end, (before, after) in enumerate(pairwise(stem), start=1)
        if not (before.isalpha() and after.isalpha()) and not (before.isdigit() and after.isdigit())
    ]
    return [stem, *(stem[:end] for end in reversed(ends))]


def _is_amc(head: bytes, path: Path) -> bool:
    text = text_head(head)
    return _START.match(text) is not None and b"root" in text


AMC = Reader("amc", ("amc",), _is_amc, lambda file, options: read_amc(file.text(), options.asf))
