"""CSV of Rokoko Studio: the place of each joint in the world, in the left-handed axes of Unity, +Y up, in metres.

A row has a `Timestamp` in milliseconds and for each joint a position and a quaternion, which is not needed. Written
from Rokoko's page "CSV Export - Technical Information"; no recording was at hand. It leaves open how columns are
spelled: `Hips_position_x`, `Hips_position.X`, `Hips_P_x` and `Hips_x` are read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ..errors import FormatError
from ..motion.motion import Motion, Rig
from .markers.tables import table_of
from .motion_text import MotionText, text_head
from .reader import Reader
from .scene import depth_first

_COLUMN = re.compile(r"(?P<name>[A-Za-z0-9 ]+?)[_. ](?:(?:position|pos|p)[_. ]?)?(?P<axis>[xyz])", re.IGNORECASE)
_CHAINS = (
    ("Hips", "Spine1", "Spine2", "Spine3", "Spine4", "Neck", "Head"),
    *(
        (above, *(f"{side}{name}" for name in names))
        for side in ("Left", "Right")
        for above, *names in (
            ("Spine4", "Shoulder", "Arm", "ForeArm", "Hand"),
            ("Hips", "Thigh", "Shin", "Foot", "Toe", "ToeTip"),
        )
    ),
)
_ABOVE = {joint: above for chain in _CHAINS for above, joint in pairwise(chain)}
_NEEDED = ("Hips", "LeftThigh", "RightThigh", "LeftShin", "RightShin", "LeftForeArm", "RightForeArm")


def read_rokoko(text: MotionText) -> list[Motion]:
    """The motion in a table.

    Raises:
        FormatError: a cell is not a number, or times do not tell a rate.
    """
    table = table_of(text, 2)
    header = [cell.strip() for cell in table.head[0]]
    columns = _columns(header)
    values = table.numbers(1, len(header))
    if len(values) < 2:
        raise FormatError(f"{text.path}: has a header and no two frames; export it again")
    fps = _rate(text, values[:, _time_column(header)])
    names = list(columns)
    parents = [_parent(name, columns) for name in names]
    order = depth_first([names.index(parent) if parent else -1 for parent in parents])
    names = [names[place] for place in order]
    places = values[:, np.array([columns[name] for name in names], np.intp)]
    places[..., 0] *= -1  # the axes of Unity are left-handed
    with np.errstate(over="ignore"):
        positions = places.astype(np.float32)
    positions[~np.isfinite(positions).all(axis=2)] = np.nan
    above = [_parent(name, columns) for name in names]
    rig = Rig(
        tuple(names),
        np.array([names.index(parent) if parent else -1 for parent in above], np.int32),
        np.zeros((len(names), 3)),
    )
    return [Motion(rig, positions, fps, text.path, declared_up="+Y")]


def _parent(name: str, columns: dict[str, list[int]]) -> str:
    """The next joint towards the hips that the table has; "" for none."""
    above = _ABOVE.get(name, "")
    while above and above not in columns:
        above = _ABOVE.get(above, "")
    return above


def _columns(header: Sequence[str]) -> dict[str, list[int]]:
    """The three columns of each joint's position; empty if the table is not of Rokoko."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(header):
        if parts := _COLUMN.fullmatch(cell.strip().strip('"')):
            found.setdefault(parts["name"], [-1, -1, -1])["xyz".index(parts["axis"].lower())] = place
    found = {name: places for name, places in found.items() if min(places) >= 0 and (name == "Hips" or name in _ABOVE)}
    return found if all(name in found for name in _NEEDED) and _time_column(header) >= 0 else {}


def _time_column(header: Sequence[str]) -> int:
    names = [cell.strip().strip('"').lower() for cell in header]
    return next((place for place, name in enumerate(names) if name in ("timestamp", "time", "timestamp_ms")), -1)


def _rate(text: MotionText, times: np.ndarray) -> float:
    step_ms = float(np.nanmedian(np.diff(times))) if np.isfinite(times).any() else 0.0
    if not 1.0 <= step_ms <= 1000.0:
        raise FormatError(f"{text.path}: steps of {step_ms:g} ms in `Timestamp` are no rate; export it again")
    fps = 1000.0 / step_ms
    return float(round(fps)) if abs(fps - round(fps)) < 0.02 * fps else fps  # milliseconds are rounded


def _recognises(head: bytes) -> bool:
    line = text_head(head).partition(b"\n")[0].decode("utf-8", "replace")
    return "Hips" in line and any(bool(_columns(line.split(delimiter))) for delimiter in ",;\t")


ROKOKO = Reader("rokoko", (), lambda head, _: _recognises(head), lambda file, _: read_rokoko(file.text()))
