"""Postures as angles, and people put on the floor: whatever is lowest touches it and stays where it touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mretrieve.demo import Body
from mretrieve.demo.curves import Wander, through
from mretrieve.motion import JOINTS
from support.bodies.figure import SIDES, Floats, Movement, carried, flesh_m, outward

#: Radians. The body turns about the vertical, forwards, to its right and about its own length, in this order from the
#: world. Limbs hang; `swing` and `flex` lift them forwards, `out` sideways, `spin` turns them outwards.
_CENTRE = (
    "yaw", "pitch", "lean", "roll", "bow", "twist", "side", "nod", "shake", "tilt",
)  # fmt: skip
_SIDED = ("swing", "out", "spin", "bend", "hand", "flex", "apart", "turn", "knee", "point", "toes")
ANGLES = (*_CENTRE, *(f"{side}_{angle}" for side in SIDES for angle in _SIDED))
_STANDING = {"out": 0.12, "bend": 0.15}

CONTACTS = (*JOINTS, "head_end", *(f"{side}_{part}" for part in ("hand_end", "toe_end", "heel") for side in SIDES))


def posture(base: Mapping[str, float] | None = None, **angles: float) -> dict[str, float]:
    """A posture from another one (standing if none is given); "knee" sets both knees, "left_knee" one."""
    changed = dict(base) if base is not None else posture({}, **_STANDING)
    for name, angle in angles.items():
        for full in (name,) if name in ANGLES else tuple(f"{side}_{name}" for side in SIDES):
            if full not in ANGLES:
                raise ValueError(f"no angle {name!r}")
            changed[full] = angle
    return changed


def mirrored(base: Mapping[str, float]) -> dict[str, float]:
    """The same with left and right exchanged."""
    flipped = {}
    for name, angle in base.items():
        side, _, part = name.partition("_")
        if side in SIDES:
            flipped[f"{'left' if side == 'right' else 'right'}_{part}"] = angle
        else:
            flipped[name] = -angle if name in ("yaw", "lean", "roll", "twist", "side", "shake", "tilt") else angle
    return flipped


def animated(
    rng: np.random.Generator, keys: Sequence[Mapping[str, float]], times_s: Sequence[float], t: Floats,
    liveliness: float = 0.02,
) -> Floats:  # fmt: skip
    """Angles (T, A) through the keys at their times, with small involuntary movements."""
    values = np.array([[key.get(name, 0.0) for name in ANGLES] for key in keys])
    if len(keys) == 1:
        values, times_s = np.repeat(values, 2, axis=0), [0.0, 1.0]
    angles = through(t, times_s, values)
    noise = Wander(rng, float(t[-1]) + 0.1, len(ANGLES), knot_s=0.5)(t)
    return np.asarray(angles + liveliness * noise)


def rotations_of(angles: Floats) -> Floats:
    """Rotations (T, 22, 3, 3) in the world of angles (T, A)."""
    a = {name: angles[:, column] for column, name in enumerate(ANGLES)}
    world = np.empty((len(angles), len(JOINTS), 3, 3))

    def put(name: str, rotation: Floats) -> Floats:
        world[:, JOINTS.index(name)] = rotation
        return rotation

    pelvis = put("pelvis", _y(a["yaw"]) @ _x(a["pitch"]) @ _z(a["lean"]) @ _y(a["roll"]))
    third = _y(a["twist"] / 3) @ _x(a["bow"] / 3) @ _z(a["side"] / 3)
    lower = put("spine1", pelvis @ third)
    middle = put("spine2", lower @ third)
    chest = put("spine3", middle @ third)
    half = _y(a["shake"] / 2) @ _x(a["nod"] / 2) @ _z(a["tilt"] / 2)
    put("head", put("neck", chest @ half) @ half)
    for side in SIDES:
        out = outward(side)
        limb = {part: a[f"{side}_{part}"] for part in _SIDED}
        hang = _z(np.array(-out * np.pi / 2))
        put(f"{side}_collar", chest)
        arm = chest @ _x(-limb["swing"]) @ _z(out * limb["out"]) @ _y(out * limb["spin"])
        put(f"{side}_shoulder", arm @ hang)
        forearm = arm @ _x(-limb["bend"])
        put(f"{side}_elbow", forearm @ hang)
        put(f"{side}_wrist", forearm @ _x(-limb["hand"]) @ hang)
        thigh = put(f"{side}_hip", pelvis @ _x(-limb["flex"]) @ _z(out * limb["apart"]) @ _y(out * limb["turn"]))
        shank = put(f"{side}_knee", thigh @ _x(limb["knee"]))
        foot = put(f"{side}_ankle", shank @ _x(limb["point"]))
        put(f"{side}_foot", foot @ _x(-limb["toes"]))
    return world


def grounded(kind: str, body: Body, angles: Floats, fps: float) -> Movement:
    """A movement on the floor: the lowest point touches it, and does not slide while it is the lowest."""
    rotations = rotations_of(angles)
    points = carried(body, rotations, CONTACTS)
    heights = points[..., 1] - np.array([flesh_m(body, point) for point in CONTACTS])
    lowest = np.argmin(heights, axis=1)
    root = np.zeros((len(angles), 3))
    root[:, 1] = -heights.min(axis=1)
    steps = np.diff(points, axis=0)[np.arange(len(angles) - 1), lowest[:-1]]
    root[1:, [0, 2]] = -np.cumsum(steps[:, [0, 2]], axis=0)
    return Movement(kind, body, fps, rotations, root)


def levelled(body: Body, angles: Floats, first: Sequence[str], second: Sequence[str], angle: str = "pitch") -> Floats:
    """The angles with `angle` changed by up to 40 degrees so that the lowest of both groups of points is on one level.

    `first` sinks against `second` as the angle grows.
    """
    column = ANGLES.index(angle)
    solved = angles.copy()
    low, high = angles[:, column] - 0.7, angles[:, column] + 0.7
    for _ in range(12):
        solved[:, column] = (low + high) / 2
        rotations = rotations_of(solved)
        gap = np.zeros(len(angles))
        for sign, points in ((1.0, tuple(first)), (-1.0, tuple(second))):
            flesh = np.array([flesh_m(body, point) for point in points])
            gap += sign * (carried(body, rotations, points)[..., 1] - flesh).min(axis=1)
        too_high = gap > 0
        low, high = np.where(too_high, solved[:, column], low), np.where(too_high, high, solved[:, column])
    return solved


def _x(angle: Floats) -> Floats:
    return _about(angle, 1, 2)


def _y(angle: Floats) -> Floats:
    return _about(angle, 2, 0)


def _z(angle: Floats) -> Floats:
    return _about(angle, 0, 1)


def _about(angle: Floats, first: int, second: int) -> Floats:
    """Rotations that turn axis `first` towards axis `second`."""
    rotation = np.zeros((*np.shape(angle), 3, 3))
    third = 3 - first - second
    rotation[..., third, third] = 1.0
    rotation[..., first, first] = rotation[..., second, second] = np.cos(angle)
    rotation[..., second, first] = np.sin(angle)
    rotation[..., first, second] = -np.sin(angle)
    return rotation
