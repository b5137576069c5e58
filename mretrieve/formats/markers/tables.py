"""Tables of markers: TRC (OpenSim), TSV of Qualisys Track Manager, CSV of Vicon Nexus.

All have a row a frame, after a header that names the markers, each of which has three columns. Empty cells and `NaN`
are markers that were not seen.
"""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion
from ..motion_text import MotionText, text_head
from ..reader import Reader
from .marker_motion import Markers, motions_of_markers

#: Rows of a table in which its header is looked for.
HEAD_ROWS = 64
_TRC, _QUALISYS, _VICON = b"PathFileType", b"NO_OF_FRAMES", b"Trajectories"


def read_trc(text: MotionText) -> list[Motion]:
    """A motion for each subject. The third line holds the rate, the fourth the markers (OpenSim's documentation).

    In models of OpenSim +Y is up, but not in all files that laboratories write.

    Raises:
        FormatError: the header is not complete, or a row has other columns than it names.
    """
    table = table_of(text, 5)
    rows = table.head
    fps = positive_number(text, rows[2], 0, 3)
    names = [name.strip() for name in rows[3]]
    spaced = names[2::3]  # with two empty cells after each, which some programs leave out
    labels = spaced if sum(map(bool, spaced)) == sum(map(bool, names[2:])) else names[2:]
    first = next((row for row in range(4, len(rows)) if _is_number(rows[row], 0)), len(rows))
    motions = _motions(text, labels, table, first, 2, fps, may_be_wider=True)  # unnamed markers follow in some frames
    return [replace(motion, usual_up="+Y") for motion in motions]


def read_qualisys(text: MotionText) -> list[Motion]:
    """A motion for each subject. FormatError: as `read_trc`."""
    table = table_of(text, 10)
    rows = table.head
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
        table,
        first,
        max(columns, 0) if columns in (0, 2) else 0,
        positive_number(text, row, 1, number + 1),
    )


def read_vicon(text: MotionText) -> list[Motion]:
    """A motion for each subject. FormatError: as `read_trc`."""
    table = table_of(text, 6)
    rows = table.head
    start = next(number for number, row in enumerate(rows) if row and row[0].strip() == "Trajectories")
    if len(rows) < start + 6:
        raise FormatError(f"{text.path}: ends in its header; export it again")
    fps = positive_number(text, rows[start + 1], 0, start + 2)
    labels = [name.strip() for name in rows[start + 2] if name.strip()]
    return _motions(text, labels, table, start + 5, 2, fps)


@dataclass(frozen=True, eq=False)
class Table:
    """A table as text; its rows of numbers are parsed one after another, so that they take no memory as text.

    Attributes:
        path: the file.
        head: the cells of its first rows, HEAD_ROWS at most.
        content: the file.
        delimiter: what parts the cells.
    """

    path: Path
    head: list[list[str]]
    content: bytes
    delimiter: str

    def numbers(self, first: int, width: int, may_be_wider: bool = False) -> NDArray[np.float64]:
        """The numbers (T, width) of the rows from `first` to the next empty one, below which Vicon has other tables.

        Args:
            first: the first row of numbers.
            width: how many columns are read; missing and empty cells are NaN.
            may_be_wider: whether further columns are left out, not refused.

        Raises:
            FormatError: a row has more columns, or a cell that is not a number, or most cells are missing.
        """
        values = array("d")
        largest = 16 * len(self.content) + (1 << 20)  # bytes; a cell and its delimiter are two bytes at most of text
        try:
            for number, row in enumerate(islice(_rows(self.content, self.delimiter), first, None), start=first + 1):
                if not any(cell.strip() for cell in row):
                    break
                if not may_be_wider and any(cell.strip() for cell in row[width:]):
                    raise FormatError(f"{self.path}:{number}: more columns than the header names; correct this row")
                try:
                    values.extend(map(_cell, row[:width]))
                except ValueError:
                    raise FormatError(f"{self.path}:{number}: a coordinate is not a number; correct it") from None
                if len(row) < width:
                    if 8 * (len(values) + width) > largest:
                        raise FormatError(f"{self.path}:{number}: fewer columns than the header has; correct them")
                    values.extend([np.nan] * (width - len(row)))
        except csv.Error as error:
            raise FormatError(f"{self.path}: not a table ({error}); export it again") from None
        return np.frombuffer(values, np.float64).reshape(-1, width) if values else np.zeros((0, width))


def table_of(text: MotionText, fewest: int) -> Table:
    """A table whose cells are parted by tabs, commas or semicolons. FormatError: it has fewer than so many rows."""
    content = bytes(text.content[: text.size])
    if b"\0" in content:
        content = content.replace(b"\0", b"")
    start = content[:20000].decode("utf-8", "replace")
    delimiter = max("\t,;", key=start.count)
    try:
        head = list(islice(_rows(content, delimiter), HEAD_ROWS))
    except csv.Error as error:
        raise FormatError(f"{text.path}: not a table ({error}); export it again") from None
    if len(head) < fewest:
        raise FormatError(f"{text.path}: ends in its header; export it again")
    return Table(text.path, head, content, delimiter)


def _rows(content: bytes, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8", "replace", newline=""), delimiter=delimiter)


def _motions(
    text: MotionText,
    labels: Sequence[str],
    table: Table,
    first: int,
    before: int,
    fps: float,
    may_be_wider: bool = False,
) -> list[Motion]:
    """Motions of the rows from `first` on, whose coordinates begin at the column `before`."""
    width = before + 3 * len(labels)
    values = table.numbers(first, width, may_be_wider)[:, before:]
    if not len(values) or not labels:
        raise FormatError(f"{text.path}: holds no markers or no frames; export it again")
    positions = values.reshape(len(values), len(labels), 3).copy()
    positions[~np.isfinite(positions).all(axis=2) | ~(positions != 0).any(axis=2)] = np.nan
    return motions_of_markers(Markers(tuple(labels), positions, fps), text.path)


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
