"""Small OpenSim models and tables, and where their joints are by another program."""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]

KNEE_X = (-2.1, -1.2, -0.4, 0.1, 0.5, 1.5)
KNEE_Y = (-0.01, 0.004, 0.006, -0.002, 0.003, 0.02)


def _axes(rotations: list[tuple[str, str, str]], translations: list[tuple[str, str, str]], wrap: bool) -> str:
    """Six axes: coordinate, direction and function of each."""
    written = ""
    for number, (name, direction, function) in enumerate(rotations + translations):
        function = f"<function>{function}</function>" if wrap else function
        written += (
            f'<TransformAxis name="axis{number}"><coordinates>{name}</coordinates><axis>{direction}</axis>'
            f"{function}</TransformAxis>"
        )
    return f"<SpatialTransform>{written}</SpatialTransform>"


LINEAR = "<LinearFunction><coefficients>1 0</coefficients></LinearFunction>"
ZERO = "<Constant><value>0</value></Constant>"
SPLINE = f"<SimmSpline><x>{' '.join(map(str, KNEE_X))}</x><y>{' '.join(map(str, KNEE_Y))}</y></SimmSpline>"
HALF = f"<MultiplierFunction><function>{SPLINE}</function><scale>0.5</scale></MultiplierFunction>"
SQUARE = "<PolynomialFunction><coefficients>0.1 0.02 0.3</coefficients></PolynomialFunction>"

Axes = list[tuple[str, str, str]]
STILL: Axes = [("", "1 0 0", ZERO), ("", "0 1 0", ZERO), ("", "0 0 1", ZERO)]
NONE = (0.0, 0.0, 0.0)


class Hinge(NamedTuple):
    """A joint: kind, bodies, coordinates, places and turns on both bodies; of a CustomJoint the axes."""

    kind: str
    parent: str
    child: str
    coordinates: tuple[str, ...] = ()
    place: tuple[float, ...] = NONE
    turn: tuple[float, ...] = NONE
    own_place: tuple[float, ...] = NONE
    own_turn: tuple[float, ...] = NONE
    axes: tuple[Axes, Axes] | None = None


def _limbs(side: str, sign: int) -> list[Hinge]:
    hip = tuple(f"hip_{what}_{side}" for what in ("flexion", "adduction", "rotation"))
    arm = tuple(f"arm_{what}_{side}" for what in ("flex", "add", "rot"))
    knee, skew = f"knee_angle_{side}", (0.1, -0.2, 0.3)
    directions = ("0 0 1", f"{sign} 0 0", f"0 {sign} 0")
    hip_axes = ([(name, direction, LINEAR) for name, direction in zip(hip, directions, strict=True)], STILL)
    knee_axes = (
        [(knee, "0 0 1", LINEAR), (knee, "0 1 0", HALF), STILL[0]],
        [(knee, "1 0 0", SPLINE), (knee, "0 1 0", SQUARE), STILL[2]],
    )
    thigh, shank, heel, arm_bone, fore = (f"{name}_{side}" for name in ("femur", "tibia", "talus", "humerus", "ulna"))
    return [
        Hinge("CustomJoint", "pelvis", thigh, hip, (-0.07, -0.07, 0.08 * sign), axes=hip_axes),
        Hinge("CustomJoint", thigh, shank, (knee,), (0, -0.4, 0), skew, (0, 0.01, 0), skew, axes=knee_axes),
        Hinge("PinJoint", shank, heel, (f"ankle_angle_{side}",), (0, -0.43, 0), (0.2, 0.1, 0), NONE, (0, 0, 0.1)),
        Hinge("WeldJoint", heel, f"toes_{side}", (), (0.13, -0.05, 0)),
        Hinge("BallJoint", "torso", arm_bone, arm, (0, 0.37, 0.17 * sign)),
        Hinge("PinJoint", arm_bone, fore, (f"elbow_flex_{side}",), (0.01, -0.29, 0), (0, 0.1, 0)),
        Hinge("UniversalJoint", fore, f"hand_{side}", (f"wrist_flex_{side}", f"wrist_dev_{side}"), (0, -0.25, 0)),
    ]


JOINTS = [
    Hinge("FreeJoint", "ground", "pelvis", ("tilt", "list", "turn", "tx", "ty", "tz"), own_place=(0.01, 0.02, 0)),
    Hinge("GimbalJoint", "pelvis", "torso", ("bend", "lean", "twist"), (-0.1, 0.08, 0), (0, 0, 0.1)),
    Hinge("PinJoint", "torso", "head", ("nod",), (0, 0.47, 0)),
    *_limbs("r", 1),
    *_limbs("l", -1),
]
METRES = ("tx", "ty", "tz")
COORDINATES = tuple(name for joint in JOINTS for name in joint[3])
#: Coordinates that are not in the tables: one has a default, the other follows `bend`.
DEFAULT, FOLLOWER = ("wrist_dev_l", 0.3), ("nod", "bend", (0.5, 0.1))


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(map(str, values))


def model(version: int) -> str:
    """The model as OpenSim 4 (40000) or 3 (30000) writes it, with what couples `nod` to `bend`."""
    written = ""
    for kind, parent, child, names, place, turn, own_place, own_turn, axes in JOINTS:
        coordinates = "".join(
            f'<Coordinate name="{name}"><default_value>{DEFAULT[1] if name == DEFAULT[0] else 0}</default_value>'
            "</Coordinate>"
            for name in names
        )
        transform = _axes(*axes, wrap=version < 40000) if axes else ""
        if version >= 40000:
            written += (
                f'<{kind} name="{child}_joint"><socket_parent_frame>{parent}_at</socket_parent_frame>'
                f"<socket_child_frame>{child}_at</socket_child_frame><coordinates>{coordinates}</coordinates><frames>"
                f'<PhysicalOffsetFrame name="{parent}_at"><socket_parent>/bodyset/{parent}</socket_parent>'
                f"<translation>{_numbers(place)}</translation><orientation>{_numbers(turn)}</orientation>"
                f'</PhysicalOffsetFrame><PhysicalOffsetFrame name="{child}_at">'
                f"<socket_parent>/bodyset/{child}</socket_parent><translation>{_numbers(own_place)}</translation>"
                f"<orientation>{_numbers(own_turn)}</orientation></PhysicalOffsetFrame></frames>{transform}</{kind}>\n"
            )
        else:
            written += (
                f'<Body name="{child}"><Joint><{kind} name="{child}_joint"><parent_body>{parent}</parent_body>'
                f"<location_in_parent>{_numbers(place)}</location_in_parent>"
                f"<orientation_in_parent>{_numbers(turn)}</orientation_in_parent>"
                f"<location>{_numbers(own_place)}</location><orientation>{_numbers(own_turn)}</orientation>"
                f"<CoordinateSet><objects>{coordinates}</objects></CoordinateSet>{transform}</{kind}></Joint></Body>\n"
            )
    bodies = (
        f"<JointSet><objects>{written}</objects></JointSet>"
        if version >= 40000
        else (f'<BodySet><objects><Body name="ground"><Joint /></Body>{written}</objects></BodySet>')
    )
    follower, leader, line = FOLLOWER
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="{version}"><Model name="small">{bodies}'
        "<ConstraintSet><objects><CoordinateCouplerConstraint>"
        f"<coupled_coordinates_function><LinearFunction><coefficients>{_numbers(line)}</coefficients></LinearFunction>"
        f"</coupled_coordinates_function><independent_coordinate_names>{leader}</independent_coordinate_names>"
        f"<dependent_coordinate_name>{follower}</dependent_coordinate_name></CoordinateCouplerConstraint></objects>"
        "</ConstraintSet></Model></OpenSimDocument>\n"
    ).replace("><", ">\n<")


def movement(frame_count: int, seed: int = 0) -> dict[str, Floats]:
    """Radians and metres of the coordinates that are in the table; knees turn further than their splines reach."""
    chance = np.random.default_rng(seed)
    wave = np.sin(np.linspace(0, 6, frame_count))
    return {
        name: chance.uniform(-1, 1) * wave * (2.6 if name.startswith("knee") else 0.5) + 0.1
        for name in COORDINATES
        if name not in (DEFAULT[0], FOLLOWER[0])
    }


def table(values: dict[str, Floats], fps: float = 100.0, *, degrees: bool = True, states: bool = False) -> str:
    """A .mot file, or one of states, whose columns have other names."""
    names = [f"/jointset/any/{name}/value" if states else name for name in values]
    scaled = [column if name in METRES or not degrees else np.degrees(column) for name, column in values.items()]
    rows = np.column_stack([np.arange(len(scaled[0])) / fps, *scaled])
    lines = ["\t".join(f"{value:.10f}" for value in row) for row in rows]
    return "\n".join(
        ["Coordinates", "version=1", f"nRows={len(rows)}", f"nColumns={len(names) + 1}",
         f"inDegrees={'yes' if degrees else 'no'}", "", "endheader", "\t".join(["time", *names]), *lines, ""]
    )  # fmt: skip


def _value(function: ElementTree.Element, values: Floats) -> Floats:
    """The values of a function, with SciPy's splines."""
    if function.tag == "MultiplierFunction":
        return float(function.findtext("scale")) * _value(function.find("function")[0], values)
    if function.tag == "SimmSpline":
        x, y = (np.array(function.findtext(name).split(), float) for name in "xy")
        ends = [_third(x[:4], y[:4]), _third(x[-4:], y[-4:])]
        spline = make_interp_spline(x, y, 3, bc_type=([(3, ends[0])], [(3, ends[1])]))
        slope = spline.derivative()
        inside = np.clip(values, x[0], x[-1])
        return spline(inside) + (values - inside) * slope(inside)
    if function.tag == "Constant":
        return np.full_like(values, float(function.findtext("value")))
    return np.polyval(np.array(function.findtext("coefficients").split(), float), values)


def _third(x: Floats, y: Floats) -> float:
    """The third derivative of the cubic through four points."""
    return 6 * float(np.polynomial.Polynomial.fit(x, y, 3).convert().coef[3])


def joint_places(values: dict[str, Floats]) -> dict[str, Floats]:
    """Where each body's joint is (T, 3), composed with SciPy from JOINTS."""
    count = len(next(iter(values.values())))
    follower, leader, line = FOLLOWER
    values = {**values, DEFAULT[0]: np.full(count, DEFAULT[1]), follower: np.polyval(line, values[leader])}
    bodies = {"ground": (Rotation.identity(count), np.zeros((count, 3)))}
    places = {}
    for kind, parent, child, names, place, turn, own_place, own_turn, axes in JOINTS:
        above, at = bodies[parent]
        at, above = at + above.apply(place), above * Rotation.from_euler("XYZ", turn)
        columns = [values[name] for name in names]
        if axes:
            rotations, translations = axes
            for name, direction, function in translations:
                amount = _value(ElementTree.fromstring(function), values[name]) if name else np.zeros(count)
                at = at + above.apply(amount[:, None] * np.array(direction.split(), float))
            for name, direction, function in rotations:
                amount = _value(ElementTree.fromstring(function), values[name]) if name else np.zeros(count)
                above = above * Rotation.from_rotvec(amount[:, None] * np.array(direction.split(), float))
        else:
            order = {"PinJoint": "Z", "UniversalJoint": "XY", "WeldJoint": ""}.get(kind, "XYZ")
            if kind == "FreeJoint":
                at = at + above.apply(np.stack(columns[3:], axis=1))
            if order:
                angles = np.stack(columns[: len(order)], axis=1)
                above = above * Rotation.from_euler(order, angles)
        places[child] = at
        own = above * Rotation.from_euler("XYZ", own_turn).inv()
        bodies[child] = (own, at - own.apply(own_place))
    return places
