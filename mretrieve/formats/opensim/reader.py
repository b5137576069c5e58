"""Tables of OpenSim (.mot and .sto): joint angles, on the joints of the model that lies beside them.

A header ends with `endheader`; then come a line with the names of the columns and a row for each time. `inDegrees=yes`
says that coordinates that are angles are in degrees. A coordinate that the table lacks follows the one that the model
couples it to, or has the model's default value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion
from ...motion.rotations import from_rotation_vectors
from ..motion_text import MotionText, read_rows, text_head
from ..placements import Placements, placed_motion
from ..reader import Reader
from ..scene import LARGEST_POSES
from .model import Axis, Model, load_model

_HEADER_END = re.compile(rb"^[ \t]*endheader[ \t]*\r?\n", re.MULTILINE | re.IGNORECASE)
_IN_DEGREES = re.compile(rb"^[ \t]*inDegrees[ \t]*=[ \t]*(yes|no)", re.MULTILINE | re.IGNORECASE)
#: OpenSim's states name a coordinate /jointset/knee_r/knee_angle_r/value.
_STATE = re.compile(r"/?(?:[^/]+/)*(?P<name>[^/]+)/value")
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, eq=False)
class _Table:
    """Columns of numbers by name, and the times (T,) of their rows in seconds."""

    times_s: NDArray[np.float64]
    columns: dict[str, NDArray[np.float64]]
    in_degrees: bool


def read_opensim(text: MotionText) -> list[Motion]:
    """The motion of a table, on the joints of its model.

    Raises:
        FormatError: there is no model beside the table, the table holds no coordinates of it, or one of both is
            damaged.
    """
    path, size = text.path, text.size
    table = _table(text)
    model = load_model(find_model(path))
    known = [name for name in table.columns if name in model.defaults]
    if not known:
        held = ", ".join(list(table.columns)[:3])
        raise FormatError(
            f"{path}: its columns ({held}, ...) are no coordinates of {model.path.name}; put the model of the "
            "recording beside it, or leave this file out if it holds no joint angles"
        )
    times_s, fps = _raster(table.times_s, path, size)
    if len(times_s) * len(model.joints) * 96 > LARGEST_POSES:
        raise FormatError(f"{path}: {len(times_s)} frames of {len(model.joints)} joints are too much; cut the take")
    values = {}
    for name in known:
        scale = np.pi / 180 if table.in_degrees and name in model.angles else 1.0
        values[name] = np.interp(times_s, table.times_s, table.columns[name]) * scale
    with np.errstate(over="ignore", invalid="ignore"):  # polynomials of huge numbers are damage
        frames = placements_of(model, values, len(times_s))
        rest = placements_of(model, {}, 1)
    if not all(np.isfinite(array).all() for array in (*frames, *rest)):
        raise FormatError(f"{path}: its numbers and those of {model.path.name} are beyond any motion; export it again")
    names = [joint.child for joint in model.joints]
    missing = sorted(set(model.defaults) - set(known) - set(model.couplings))
    repairs = (f"coordinates that are not in the file rest: {', '.join(missing)}",) if missing else ()
    at_rest = Placements(rest.rotations[0], rest.positions[0])
    return [placed_motion(path, names, model.parents, at_rest, frames, fps, declared_up="+Y", repairs=repairs)]


def placements_of(model: Model, values: dict[str, NDArray[np.float64]], frame_count: int) -> Placements:
    """Where each joint is on the body that it moves, by values (T,) of coordinates in radians and metres."""
    known = dict(values)
    for follower, (leader, function) in model.couplings.items():
        if follower not in known and leader in values:
            known[follower] = function(values[leader])
    none = np.zeros(frame_count)

    def amount(axis: Axis) -> NDArray[np.float64]:
        at = known.get(axis.coordinate)
        return axis.function(none + model.defaults.get(axis.coordinate, 0.0) if at is None else at)

    joint_count = len(model.joints)
    found = Placements(np.empty((frame_count, joint_count, 3, 3)), np.empty((frame_count, joint_count, 3)))
    bodies: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for number, (joint, above) in enumerate(zip(model.joints, model.parents.tolist(), strict=True)):
        turned, at = bodies[above] if above >= 0 else (np.eye(3)[None], np.zeros((1, 3)))
        at = at + turned @ joint.in_parent.position
        turned = turned @ joint.in_parent.rotation
        moved = sum((amount(axis)[:, None] * axis.direction for axis in joint.translations), np.zeros(3))
        at = at + np.einsum(
            "tij,tj->ti", np.broadcast_to(turned, (frame_count, 3, 3)), moved + np.zeros((frame_count, 3))
        )
        for axis in joint.rotations:
            turned = turned @ from_rotation_vectors(amount(axis)[:, None] * axis.direction)
        found.rotations[:, number] = turned
        found.positions[:, number] = at
        own = turned @ joint.in_child.rotation.T
        bodies.append((own, at - own @ joint.in_child.position))
    return found


def find_model(table: Path) -> Path:
    """The .osim beside a table: the one with its name, else the only one. FormatError: none, or several."""
    try:
        models = sorted(path for path in table.parent.iterdir() if path.suffix.lower() == ".osim")
    except OSError:
        models = []
    own = [path for path in models if path.stem.lower() == table.stem.lower()]
    if not own and len(models) != 1:
        what = f"{len(models)} .osim files beside it, none of its name" if models else "no .osim file beside it"
        raise FormatError(
            f"{table}: holds joint angles without bones: {what}; put the OpenSim model of the recording there as "
            f"{table.stem}.osim, or export the joints as TRC"
        )
    return (own or models)[0]


def _table(text: MotionText) -> _Table:
    ended = _HEADER_END.search(text.content, 0, min(text.size, 1 << 20))
    if ended is None:
        raise FormatError(f"{text.path}: no line `endheader`; export it again")
    names, start = _names(text, ended.end())
    in_degrees = _IN_DEGREES.search(text.content, 0, ended.start())
    rows = sum(1 for line in bytes(text.content[start : text.size]).splitlines() if line.strip())
    if not rows:
        raise FormatError(f"{text.path}: has a header and no rows; export it again")
    values = read_rows(text, start, rows, len(names), ended.end())
    times_s = values[:, 0]
    if (np.diff(times_s) < 0).any():
        raise FormatError(f"{text.path}: its times go back; sort the rows")
    is_new = np.diff(times_s, prepend=-np.inf) > 0  # OpenSim writes some times twice, before and after an event
    columns = {name: values[is_new, place] for place, name in enumerate(names) if place}
    return _Table(times_s[is_new], columns, in_degrees is not None and in_degrees.group(1).lower() == b"yes")


def _names(text: MotionText, start: int) -> tuple[Sequence[str], int]:
    """The names of the columns, and where the line after them begins."""
    while True:
        end = text.content.find(b"\n", start)
        line = text.content[start:end].decode("utf-8", "replace").strip()
        start = end + 1
        if line or start >= text.size:
            break
    names = line.split("\t") if "\t" in line else line.split()
    names = [name.strip() for name in names]
    if not 2 <= len(names) <= _MOST_COLUMNS or names[0].lower() != "time":
        raise FormatError(f"{text.path}: no column `time` after the header; export it again")
    found = [state["name"] if (state := _STATE.fullmatch(name)) else name for name in names]
    if len(set(found)) < len(found):
        raise FormatError(f"{text.path}: two columns have one name; export it again")
    return found, start


def _raster(times_s: NDArray[np.float64], path: Path, size: int) -> tuple[NDArray[np.float64], float]:
    """Times at one rate, and that rate in frames per second: those of the rows, unless these are not even."""
    if len(times_s) < 2:
        raise FormatError(f"{path}: a single row is no motion; export the whole recording")
    steps_s = np.diff(times_s)
    step_s = float(np.median(steps_s))
    if not 1e-5 < step_s < 10.0:
        raise FormatError(f"{path}: steps of {step_s:g} s between rows are damage; export it again")
    if steps_s.max() - steps_s.min() < 0.01 * step_s:
        step_s = float(times_s[-1] - times_s[0]) / len(steps_s)
    fps = 1.0 / step_s
    fps = float(round(fps)) if abs(fps - round(fps)) < 0.005 * fps else fps
    count = int((times_s[-1] - times_s[0]) * fps + 1e-3) + 1
    if count > max(4 * len(times_s), size):
        raise FormatError(f"{path}: a gap of {steps_s.max():g} s between rows; cut the recording there")
    return times_s[0] + np.arange(count) / fps, fps


OPENSIM = Reader(
    "opensim",
    ("mot", "sto"),
    lambda head, _: b"endheader" in text_head(head)[:4096].lower(),
    lambda file, _: read_opensim(file.text()),
)
