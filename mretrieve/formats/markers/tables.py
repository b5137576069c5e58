"""Tables of markers: TRC (OpenSim), TSV of Qualisys Track Manager, CSV of Vicon Nexus.

All have a row a frame, after a header that names the markers, each of which has three columns. Empty cells and `NaN`
are markers that were not seen.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion
from ..motion_text import MotionText, text_head
from ..reader import Reader
from .marker_motion import Markers, motions_of_markers

_TRC, _QUALISYS, _VICON = b"PathFileType", b"NO_OF_FRAMES", b"Trajectories"


def read_trc(text: MotionText) -> list[Motion]:
    """A motion for each subject. The third line holds the rate, the fourth the markers (OpenSim's documentation).

    In models of OpenSim +Y is up, but not in all files that laboratories write.

    Raises:
        FormatError: the header is not complete, or a row has other columns than it names.
    """
    rows = rows_of(text, 5)
    fps = positive_number(text, rows[2], 0, 3)
    names = [name.strip() for name in rows[3]]
    spaced = names[2::3]  # with two empty cells after each, which some programs leave out
    labels = spaced if sum(map(bool, spaced)) == sum(map(bool, names[2:])) else names[2:]
    first = next((row for row in range(4, len(rows)) if _is_number(rows[row], 0)), len(rows))
    motions = _motions(text, labels, rows, first, 2, fps, may_be_wider=True)  # unnamed markers follow in some frames
    return [replace(motion, usual_up="+Y") for motion in motions]


def read_qualisys(text: MotionText) -> list[Motion]:
    """A motion for each subject. FormatError: as `read_trc`."""
    rows = rows_of(text, 10)
    header = {row[0].strip(): (number, row) for number, row in enumerate(rows[:40]) if row}
    if "FREQUENCY" not in header or "MARKER_NAMES" not in header:
        raise FormatError(f"{text.path}: no FREQUENCY or no MARKER_NAMES; export it again")
    number, row = header["FREQUENCY"]
    labels = [name.strip() for name in header["MARKER_NAMES"][1][1:] if name.strip()]
    first = next((place for place in range(number, len(rows)) if _is_number(rows[place], 0)), len(rows))
    columns = len(rows[first]) - 3 * len(labels) if first < len(rows) else 0
    return _motions(
        text,
        labels,
        rows,
        first,
        max(columns, 0) if columns in (0, 2) else 0,
        positive_number(text, row, 1, number + 1),
    )


def read_vicon(text: MotionText) -> list[Motion]:
    """A motion for each subject. FormatError: as `read_trc`."""
    rows = rows_of(text, 6)
    start = next(number for number, row in enumerate(rows) if row and row[0].strip() == "Trajectories")
    if len(rows) < start + 6:
        raise FormatError(f"{text.path}: ends in its header; export it again")
    fps = positive_number(text, rows[start + 1], 0, start + 2)
    labels = [name.strip() for name in rows[start + 2] if name.strip()]
    return _motions(text, labels, rows, start + 5, 2, fps)


def rows_of(text: MotionText, fewest: int) -> list[list[str]]:
    """The cells of all lines, parted by tabs, commas or semicolons."""
    content = bytes(text.content[: text.size]).decode("utf-8", "replace").replace("\0", "")
    head = content[:20000]
    delimiter = max("\t,;", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(content), delimiter=delimiter))
    except csv.Error as error:
        raise FormatError(f"{text.path}: not a table ({error}); export it again") from None
    if len(rows) < fewest:
        raise FormatError(f"{text.path}: ends in its header; export it again")
    return rows


def _motions(
    text: MotionText,
    labels: Sequence[str],
    rows: list[list[str]],
    first: int,
    before: int,
    fps: float,
    may_be_wider: bool = False,
) -> list[Motion]:
    """Motions of the rows from `first` on, whose coordinates begin at the column `before`."""
    width = before + 3 * len(labels)
    values = numbers_of_rows(text, rows, first, width, may_be_wider)[:, before:]
    if not len(values) or not labels:
        raise FormatError(f"{text.path}: holds no markers or no frames; export it again")
    positions = values.reshape(len(values), len(labels), 3)
    positions[~np.isfinite(positions).all(axis=2) | ~(positions != 0).any(axis=2)] = np.nan
    return motions_of_markers(Markers(tuple(labels), positions, fps), text.path)


def numbers_of_rows(
    text: MotionText, rows: list[list[str]], first: int, width: int, may_be_wider: bool = False
) -> NDArray[np.float64]:
    """The numbers (T, width) of the rows from `first` to the next empty one, below which Vicon has other tables.

    Args:
        text: the file, for messages.
        rows: all cells of it; empty ones are NaN.
        first: the first row of numbers.
        width: how many columns are read.
        may_be_wider: whether further columns are left out, not refused.

    Raises:
        FormatError: a row has more columns, or a cell that is not a number.
    """
    values = []
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(cell.strip() for cell in row):
            break
        if not may_be_wider and any(cell.strip() for cell in row[width:]):
            raise FormatError(f"{text.path}:{number}: more columns than the header names; correct this row")
        try:
            values.append([_cell(cell) for cell in row[:width]] + [np.nan] * (width - len(row)))
        except ValueError:
            raise FormatError(f"{text.path}:{number}: a coordinate is not a number; correct it") from None
    return np.array(values, np.float64).reshape(len(values), width)


def _cell(cell: str) -> float:
    return float(cell) if cell.strip() else np.nan


def _is_number(row: Sequence[str], column: int) -> bool:
    try:
        return math.isfinite(float(row[column]))
    except (ValueError, IndexError):
        return False


def positive_number(text: MotionText, row: Sequence[str], column: int, line: int) -> float:
    """The rate in a cell of the header. FormatError: there is none."""
    if not _is_number(row, column) or not 0 < float(row[column]) < 1e5:
        raise FormatError(f"{text.path}:{line}: no frames per second; export it again")
    return float(row[column])


TRC = Reader("trc", ("trc",), lambda head, _: text_head(head).startswith(_TRC), lambda file, _: read_trc(file.text()))
QUALISYS_TSV = Reader(
    "qualisys",
    (),
    lambda head, _: text_head(head).startswith(_QUALISYS) and b"MARKER_NAMES" in head,
    lambda file, _: read_qualisys(file.text()),
)
VICON_CSV = Reader(
    "vicon",
    (),
    lambda head, _: text_head(head).startswith(_VICON) and b"Sub Frame" in head,
    lambda file, _: read_vicon(file.text()),
)
