"""AMC motion (Acclaim): the frames of a body whose skeleton is in an ASF file."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion
from .acclaim_rig import load_rig, to_channels
from .amc_scan import AmcFrame, AmcLines, layout_of, scan_frames
from .motion_text import NEEDS_FLOAT, MotionText, decimal_mark, decode, number, slow_number, text_head
from .reader import Reader, solved_motion

#: Column of each (bone, degree of freedom).
Columns = dict[tuple[str, str], int]

_TOKEN = re.compile(rb"\S++")


def read_frames(
    text: MotionText, start: int, dofs: dict[str, tuple[str, ...]], skeleton: str
) -> tuple[NDArray[np.float64], Columns]:
    """Rows (T, N) of the frames from byte `start` to the end, and the column of every (bone, degree of freedom).

    `dofs` are the degrees of freedom of each bone of the skeleton, `skeleton` its file name for messages. The bones of
    a frame may be in any order; frames in the order of the first one are read in one compiled pass.

    Raises:
        FormatError: no frames, a frame that does not fit the skeleton or the one before it, or a value that is not
            a finite number; the message names line, frame and bone.
    """
    lines = AmcLines(text, dofs, skeleton)
    first = next(lines.frames(start), None)
    if first is None:
        raise text.error(text.size, "the motion has zero frames; export a take with motion")
    layout = list(first.bones)
    columns: Columns = {}
    column_ends = []
    for name in layout:
        bone = decode(name)
        columns.update({(bone, dof): len(columns) + place for place, dof in enumerate(dofs[bone])})
        column_ends.append(len(columns))

    mark = decimal_mark(text, start)
    rows, position = _scan(text, start, mark, first, np.array(column_ends, np.int64))
    if position == text.size:
        return rows, columns
    rest = [_row(text, frame, layout, mark) for frame in lines.frames(position, first.number + len(rows))]
    return np.concatenate([rows, np.array(rest).reshape(-1, len(columns))]), columns


def _scan(
    text: MotionText, start: int, mark: int, first: AmcFrame, column_ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], int]:
    """The rows up to the first frame that does not follow the layout of `first`, and its position or the text's end."""
    layout = list(first.bones)
    smallest_frame = sum(map(len, layout)) + len(layout) + 2 * int(column_ends[-1]) + 2  # bytes
    values = np.empty(((text.size - start) // smallest_frame + 1, column_ends[-1]))
    names = layout_of(tuple(layout))
    numbers = np.frombuffer(text.content, np.uint8)
    state = np.array([start, 0, -1, 0, 0, first.number - 1, start], np.int64)
    while scan_frames(numbers, text.size, mark, names, column_ends, values, state) == NEEDS_FLOAT:
        position, frame, bone, column = state[:4].tolist()
        where = f"frame {first.number + frame}, bone {decode(layout[bone])!r}"
        values[frame, column], state[0] = slow_number(text, position, mark, where)
        state[3] = column + 1
    return values[: state[1]], int(state[6])


def _row(text: MotionText, frame: AmcFrame, layout: list[bytes], mark: int) -> list[float]:
    return [
        slow_number(text, token.start(), mark, f"frame {frame.number}, bone {decode(name)!r}")[0]
        for name in layout
        for token in _TOKEN.finditer(text.content, *frame.bones[name])
    ]


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
    length. `repairs` says so, and which skeleton was taken if none has a name that fits the motion's.

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
    repairs = []
    if asf is None and skeleton.stem.lower() not in _beginnings(text.path.stem.lower()):
        repairs.append(
            f"no skeleton by its name: read with {skeleton.name}, the only .asf in its folder, perhaps of another "
            "subject; name the right one with --asf"
        )
    stretched = [bone for bone, dofs in acclaim.dofs.items() if "l" in dofs]
    if stretched:
        repairs.append(f"changes of length of {', '.join(stretched)} are left out")
    return [
        solved_motion(
            text.path,
            file_size,
            acclaim.rig,
            channels,
            fps,
            metres_per_unit=acclaim.metres_per_unit,
            repairs=tuple(repairs),
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
            if os.path.isfile(os.path.join(folder, prefix + suffix)):  # noqa: PTH113, PTH118 pathlib takes 5 times as long
                return motion.parent / (prefix + suffix)
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
