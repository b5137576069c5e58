"""Cases on disk, each a folder with files and the right values in `expected.json`: which values come out wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mretrieve.errors import MRetrieveError
from mretrieve.formats import MotionFile, ReadingOptions, read_file
from mretrieve.motion import JOINTS, Motion
from mretrieve.motion.rigs.rig_map import unique_names
from mretrieve.sources.reading import SourceClip, read_bodies
from support.bodies.figure import Floats
from support.bodies.truth import remarks

_LENGTH_M, _DEGREES = 0.03, 3.0


def case_faults(folder: Path) -> list[str]:
    """Each value of a case that is not as expected, with what came out."""
    right: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["right"]
    path = folder / right.pop("file")
    may_refuse = right.pop("or", None) == "refused"
    try:
        bodies = read_bodies(MotionFile(path), ReadingOptions())
    except MRetrieveError as error:
        refused_is_right = may_refuse or right.get("refused_or_flagged")
        return [] if refused_is_right else [f"refused: {error}"]
    return [fault for name, value in right.items() if (fault := _fault(name, value, bodies, path))]


def _fault(name: str, value: Any, bodies: list[SourceClip], path: Path) -> str:
    found: Any
    first = bodies[0]
    if name == "map":
        names = unique_names(first.motion.rig.joint_names)
        chosen = dict(zip(JOINTS, first.rig_map.joints, strict=True))
        found = {joint: None if (index := chosen[joint]) is None else names[index] for joint in value}
        return "" if found == value else f"map is {found}"
    if name in ("bodies", "clips_indexed"):
        return "" if len(bodies) == value else f"{len(bodies)} bodies, not {value}"
    if name == "refused_or_flagged":
        return "" if remarks(first.clip) else "read without a remark"
    if name == "note_axes":
        found = next((note for note in first.clip.notes if note.startswith("axes:")), None)
        return "" if found == value else f"note is {found!r}"
    if name in ("up", "left_handed"):
        found = _axes(first, read_file(MotionFile(path), ReadingOptions())[0])[name == "left_handed"]
        return "" if found == value else f"{name} is {found}"
    measure = _MEASURES.get(name)
    if measure is None:
        return f"nothing measures {name!r}"
    found = measure(first)
    tolerance = _DEGREES if "_deg" in name else _LENGTH_M if name.endswith(("_m", "frame0")) else 1e-3
    if "_deg" not in name and name.endswith(("_m", "frame0")):
        tolerance = max(_LENGTH_M, 0.06 * float(np.abs(value).max()))  # files are in no unit: sizes are an adult's
    off = float(np.abs(np.subtract(found, value)).max())
    return "" if off <= tolerance else f"{name} is {np.round(found, 3).tolist()}, not {value}"


def _at(body: SourceClip, joint: str) -> Floats:
    return body.clip.positions[:, JOINTS.index(joint)].astype(np.float64)


def _height(body: SourceClip) -> float:
    """Height of the head over the lowest joint of the file, in a file whose Y is up."""
    positions = body.motion.positions[round(body.clip.start_s * body.motion.fps)]
    head = body.rig_map.joints[JOINTS.index("head")]
    assert head is not None
    return float(positions[head, 1] - np.nanmin(positions[:, 1])) * body.clip.metres_per_unit


def _path(joint: str) -> Callable[[SourceClip], float]:
    """How far a joint is at the end from where it was at the beginning."""
    return lambda body: float(np.linalg.norm(_at(body, joint)[-1] - _at(body, joint)[0]))


def _bends(upper: str, middle: str, lower: str) -> Callable[[SourceClip], list[float]]:
    """Bend in degrees, 0 is straight, at the file's frames 0, 2 and 4."""

    def measure(body: SourceClip) -> list[float]:
        first, second = _at(body, middle) - _at(body, upper), _at(body, lower) - _at(body, middle)
        cosine = (first * second).sum(axis=1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
        bends = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        frames = np.round((np.array([0, 2, 4]) / body.motion.fps - body.clip.start_s) * 30).astype(int)
        return [float(bends[frame]) for frame in np.clip(frames, 0, len(bends) - 1)]

    return measure


_MEASURES: dict[str, Callable[[SourceClip], Any]] = {
    "fps": lambda body: body.motion.fps,
    "start_s": lambda body: body.clip.start_s,
    "head_above_lowest_m_frame0": _height,
    "hips_apart_m": lambda body: float(np.linalg.norm(_at(body, "left_hip") - _at(body, "right_hip"), axis=1)[0]),
    "right_wrist_path_m": _path("right_wrist"),
    "left_wrist_path_m": _path("left_wrist"),
    "head_path_m": _path("head"),
    "right_wrist_x_m": lambda body: float(_at(body, "right_wrist")[0, 0]),
    "knee_bend_deg_frames_0_2_4": _bends("left_hip", "left_knee", "left_ankle"),
    "elbow_bend_deg_frames_0_2_4": _bends("left_shoulder", "left_elbow", "left_wrist"),
}


def _axes(body: SourceClip, motion: Motion) -> tuple[str, bool]:
    """The up axis of the file and its hand, from the rotation that brought the file's positions to the clip's."""
    mapped = [(j, index) for j, index in enumerate(body.rig_map.joints) if index is not None]
    kept = [(j, index) for j, index in mapped if "spine" not in JOINTS[j] and "collar" not in JOINTS[j] and j]
    source = motion.positions[round(body.clip.start_s * motion.fps), [index for _, index in kept]].astype(np.float64)
    target = body.clip.positions[0, [j for j, _ in kept]].astype(np.float64)
    source, target = source - source.mean(axis=0), target - target.mean(axis=0)
    left, _, right = np.linalg.svd(target.T @ source)
    turn = left @ right
    axis = int(np.argmax(np.abs(turn[1])))
    return "+-"[int(turn[1, axis] < 0)] + "XYZ"[axis], bool(np.linalg.det(turn) < 0)
