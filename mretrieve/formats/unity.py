"""Animation clips of Unity (`.anim`, YAML): the curves of transforms, on bones whose places have curves too.

A clip holds no skeleton. Curves of positions give the bones of a generic rig their offsets; a clip of a humanoid rig
holds muscles, fractions of ranges that are set in an avatar elsewhere, and is refused. The axes of Unity are
left-handed, +Y up. Curves are cubic Hermite splines; a slope that is infinite is a step. Weights of tangents are left
out. Written from the YAML that Unity writes; the only recording at hand holds muscles.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion
from ..motion.quaternion_pose import quaternion_product
from .keyframes import Track
from .motion_text import MotionText, text_head
from .reader import MOST_JOINTS, Reader
from .scene import Scene, depth_first

_LARGEST = 256 << 20
_SECTION = re.compile(r"  (m_\w+):")
_FIELD = re.compile(r"\s*(?:- )?(time|value|inSlope|outSlope|path):\s?(.*)")
_PART = re.compile(r"([xyzw]):\s*([^,}]+)")
_TARGETS = {"m_RotationCurves": "rotation", "m_EulerCurves": "euler", "m_PositionCurves": "translation"}
#: Fewer bones with places are no body.
_FEWEST_BONES = 8


@dataclass
class _Curve:
    target: str
    path: str = ""
    times_s: list[float] = field(default_factory=list)
    keys: dict[str, list[list[float]]] = field(default_factory=lambda: {"inSlope": [], "value": [], "outSlope": []})


def read_unity(text: MotionText) -> list[Motion]:
    """The motion of a clip, at its sample rate.

    Raises:
        FormatError: the clip holds muscles, its bones have no places, or it is damaged.
    """
    if text.size > _LARGEST:
        raise FormatError(f"{text.path}: {text.size >> 20} MiB are too much; cut the clip")
    lines = bytes(text.content[: text.size]).decode("utf-8", "replace").splitlines()
    fps, curves, attributes = _parse(lines, text)
    placed = {curve.path for curve in curves if curve.target == "translation"}
    if len(placed) < _FEWEST_BONES:
        what = (
            "holds muscles of a humanoid, whose ranges and bones are in an avatar and not in the file"
            if "RootT.x" in attributes or "Spine Front-Back" in attributes
            else f"has places of {len(placed)} bones, and the skeleton is not in the file"
        )
        raise FormatError(f"{text.path}: {what}; export the motion from Unity as FBX or GLB")
    return list(_motions(text, curves, fps))


def _parse(lines: list[str], text: MotionText) -> tuple[float, list[_Curve], set[str]]:
    fps, section, curves, attributes = 60.0, "", [], set[str]()
    for number, line in enumerate(lines, start=1):
        if found := _SECTION.match(line):
            section = found.group(1)
            if section == "m_SampleRate":
                fps = _number(line.partition(":")[2], text, number)
        if line.startswith("    attribute:"):
            attributes.add(line.partition(":")[2].strip())
        if section not in _TARGETS:
            continue
        if line.startswith("  - curve:"):
            curves.append(_Curve(_TARGETS[section]))
            continue
        found = _FIELD.fullmatch(line)
        if found is None or not curves:
            continue
        name, value = found.groups()
        if name == "path":
            curves[-1].path = value.strip().strip("'\"")
        elif name == "time":
            curves[-1].times_s.append(_number(value, text, number))
        else:
            parts = dict(_PART.findall(value))
            axes = "xyzw" if curves[-1].target == "rotation" else "xyz"
            if set(parts) != set(axes):
                raise FormatError(f"{text.path}:{number}: not the numbers {', '.join(axes)}; export the clip again")
            curves[-1].keys[name].append([_number(parts[axis], text, number) for axis in axes])
    if not 1 <= fps <= 1000:
        raise FormatError(f"{text.path}: a sample rate of {fps:g} is damage; export the clip again")
    return fps, curves, attributes


def _number(word: str, text: MotionText, line: int) -> float:
    word = word.strip().lower()
    if word in ("infinity", "-infinity", "inf", "-inf"):
        return math.inf
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not abs(value) < 1e9:
        raise FormatError(f"{text.path}:{line}: {word[:40]!r} is not a number; correct it or export the clip again")
    return value


def _motions(text: MotionText, curves: list[_Curve], fps: float) -> list[Motion]:
    paths = list(dict.fromkeys(curve.path for curve in curves))
    if len(paths) > MOST_JOINTS:
        raise FormatError(f"{text.path}: {len(paths)} joints are more than any body has; export the skeleton again")
    number_of = {path: number for number, path in enumerate(paths)}
    order = depth_first([_above(path, number_of) for path in paths])
    place_of = {number: place for place, number in enumerate(order)}
    translations, rotations = np.zeros((len(paths), 3)), np.tile([0.0, 0.0, 0.0, 1.0], (len(paths), 1))
    tracks = []
    for curve in curves:
        track = _track(curve, place_of[number_of[curve.path]], text)
        tracks.append(track)
        first = track.values[0, 1] if track.values.ndim == 3 else track.values[0]
        (rotations if track.target == "rotation" else translations)[track.node] = first
    above = [_above(paths[number], number_of) for number in order]
    scene = Scene(
        text.path,
        tuple(paths[number].rpartition("/")[2] or "root" for number in order),
        np.array([place_of.get(number, -1) for number in above], np.int32),
        translations,
        rotations,
        np.ones((len(paths), 3)),
        np.ones(len(paths), np.bool_),
        np.zeros(len(paths), np.bool_),
        declared_up="+Y",
    )
    return list(scene.motions(np.arange(len(paths)), tracks, fps))


def _above(path: str, number_of: dict[str, int]) -> int:
    """The number of the nearest transform above that has curves, -1 for none."""
    while path:
        path = path.rpartition("/")[0]
        if path in number_of:
            return number_of[path]
    return -1


def _track(curve: _Curve, node: int, text: MotionText) -> Track:
    """The curve in right-handed axes: X and the turns about Y and Z are negative."""
    count = len(curve.times_s)
    times_s = np.array(curve.times_s)
    if not count or {len(keys) for keys in curve.keys.values()} != {count} or not (np.diff(times_s) > 0).all():
        raise FormatError(
            f"{text.path}: the keys of {curve.path or 'the root'} are not complete or not in order; export it again"
        )
    values = np.stack([np.array(curve.keys[name]) for name in ("inSlope", "value", "outSlope")], axis=1)
    if curve.target == "euler":
        return Track(node, "rotation", times_s, _quaternions(np.deg2rad(values[:, 1])))
    values = values * ([1, -1, -1, 1] if curve.target == "rotation" else [-1, 1, 1])
    is_step = not np.isfinite(values[:, [0, 2]]).all()
    return Track(node, curve.target, times_s, values[:, 1] if is_step else values, "STEP" if is_step else "CUBICSPLINE")


def _quaternions(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions (K, 4) of Unity's angles (K, 3): about Z, then X, then Y, of fixed left-handed axes."""
    turns = []
    for axis, sign in ((1, -1), (0, 1), (2, -1)):
        turn = np.zeros((len(angles), 4))
        turn[:, 0], turn[:, 1 + axis] = np.cos(angles[:, axis] / 2), sign * np.sin(angles[:, axis] / 2)
        turns.append(turn)
    product = quaternion_product(quaternion_product(turns[0], turns[1]), turns[2])
    return np.roll(np.asarray(product, np.float64), -1, axis=1)


UNITY = Reader(
    "unity",
    ("anim",),
    lambda head, _: text_head(head).startswith(b"%YAML") and b"\nAnimationClip:" in head[:4096].replace(b"\r", b""),
    lambda file, _: read_unity(file.text()),
)
