"""Tables of joints: CSV with a row a frame, and columns such as `left_knee_x`, `left_knee_y`, `left_knee_c`."""

from __future__ import annotations

import re

import numpy as np

from ..errors import FormatError
from ..motion.joint_sets import JointSet, joint_set_by_names
from ..motion.keypoints import Keypoints
from .detections import Detections, people_in
from .picture_shape import in_one_unit
from .reader import MotionFile, Reader, ReadingOptions

_CONFIDENCES = ("c", "confidence", "score", "visibility", "likelihood")
_COORDINATE = re.compile(r"(?P<joint>.+)[_.](?P<what>x|y|z|c|confidence|score|visibility|likelihood)")


def _read(file: MotionFile, options: ReadingOptions) -> list[Keypoints]:
    text = file.text()
    first, _, table = bytes(text.content[: text.size]).decode("utf-8", "replace").partition("\n")
    header, delimiter = _header(first)
    joints = _joints(header)
    if joints is None:
        raise FormatError(f"{file.path}:1: fewer than 8 joints with columns such as left_knee_x and left_knee_y")
    joint_set, columns = joints
    frames: list[int] = []
    people: list[str] = []
    rows: list[list[float]] = []
    for number, line in enumerate(table.splitlines(), start=2):
        cells = line.split(delimiter)
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [float(cell) if cell.strip() else np.nan for cell in cells]
            frame = int(row[header.index("frame")]) if "frame" in header else len(rows)
            if len(row) != len(header) or not 0 <= frame < 1 << 40:
                raise ValueError
        except (ValueError, IndexError, OverflowError):
            raise FormatError(f"{file.path}:{number}: not {len(header)} numbers; a row has a cell a column") from None
        frames.append(frame)
        people.append(f"{row[header.index('person')]:g}" if "person" in header else "1")
        rows.append([*row, 1.0, 0.0])  # for joints without confidence, and joints that the table lacks
    if not rows:
        raise FormatError(f"{file.path}: has a header and no frames")
    with np.errstate(over="ignore"):
        points = np.array(rows)[:, columns].astype(np.float32)
    points[~np.isfinite(points).all(axis=2), 2] = 0
    order = np.argsort(frames, kind="stable")
    points, size, repairs = in_one_unit(points[order], joint_set, None)
    found = Detections(
        joint_set.name, np.array(frames)[order], points, tuple(people[row] for row in order), None, size, repairs
    )
    if len({(frame, person) for frame, person in zip(frames, people, strict=True)}) < len(frames):
        raise FormatError(f"{file.path}: a frame of one person is there twice; number people in a column `person`")
    return people_in(found, file.path, file.size_bytes, options.fps)


def _header(line: str) -> tuple[list[str], str]:
    """The names of the columns, lower case, and the delimiter. Cells are words and numbers, without delimiters."""
    delimiter = max(",;\t", key=line.count)
    return [cell.strip().strip('"').lower() for cell in line.removeprefix("\ufeff").split(delimiter)], delimiter


def _joints(header: list[str]) -> tuple[JointSet, np.ndarray[tuple[int, int], np.dtype[np.intp]]] | None:
    """The joint set of a table and the columns (J, 3) of x, y and confidence; None if the columns are not of joints.

    Column len(header) stands for a confidence of 1 and the next one for a joint that the table lacks.
    """
    places: dict[str, dict[str, int]] = {}
    for place, name in enumerate(header):
        if named := _COORDINATE.fullmatch(name):
            what = "c" if named["what"] in _CONFIDENCES else named["what"]
            places.setdefault(named["joint"].replace(" ", "_"), {})[what] = place
    flat = {joint: at for joint, at in places.items() if {"x", "y"} <= set(at) and "z" not in at}
    found = joint_set_by_names(tuple(flat))
    if found is None:
        return None
    joint_set, order = found
    joints = list(flat.values())
    one, none = len(header), len(header) + 1
    columns = [
        (none, none, none) if place is None else (joints[place]["x"], joints[place]["y"], joints[place].get("c", one))
        for place in order
    ]
    return joint_set, np.array(columns, np.intp)


def _recognises(head: bytes) -> bool:
    line = head.partition(b"\n")[0].lower()
    return (b"_x" in line or b".x" in line) and _joints(_header(line.decode("utf-8", "replace"))[0]) is not None


JOINT_TABLE = Reader("joint table", (), lambda head, _: _recognises(head), _read)
