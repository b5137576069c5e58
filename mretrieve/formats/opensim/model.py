"""An .osim file: the joints of an OpenSim model, and the coordinates that move them.

Models of OpenSim 4 (`JointSet`, frames with offsets) and of 2 and 3 (a joint in each body). Source: OpenSim's
documentation of its Joint classes; mobilisers turn about axes that move with the body, in the order in which the axes
are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.rotations import rotation_about
from ..reader import MOST_JOINTS, MotionFile, Reader
from ..scene import depth_first
from ..xml_file import parse_xml
from .functions import Function, function_of, is_linear, numbers_in

_LARGEST = 48 << 20
_GROUND = "ground"
_AXES = np.eye(3)
#: Axes of rotations and of translations, of joints whose coordinates are the angles and distances themselves.
_PLAIN_JOINTS: dict[str, tuple[str, str]] = {
    "WeldJoint": ("", ""),
    "PinJoint": ("z", ""),
    "SliderJoint": ("", "x"),
    "UniversalJoint": ("xy", ""),
    "GimbalJoint": ("xyz", ""),
    "BallJoint": ("xyz", ""),
    "PlanarJoint": ("z", "xy"),
    "FreeJoint": ("xyz", "xyz"),
}


@dataclass(frozen=True, eq=False)
class Axis:
    """How far a coordinate turns or moves a joint along an axis.

    Attributes:
        direction: (3,) of length 1.
        coordinate: its name; "" if the function needs none.
        function: radians or metres of values (T,) of the coordinate.
    """

    direction: NDArray[np.float64]
    coordinate: str
    function: Function


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame in a body: rotation (3, 3) and position (3,)."""

    rotation: NDArray[np.float64]
    position: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint between two bodies.

    Attributes:
        parent: the name of the body that it is on.
        child: the name of the body that it moves.
        in_parent: where it is on the first.
        in_child: where it is on the second.
        rotations: in the order in which they are applied, each in the axes that the ones before have turned.
        translations: in the axes of `in_parent`.
    """

    parent: str
    child: str
    in_parent: Frame
    in_child: Frame
    rotations: tuple[Axis, ...]
    translations: tuple[Axis, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """The joints of a model.

    Attributes:
        path: the file.
        joints: J joints, those nearer to the ground first.
        parents: (J,) of each joint the one that moves the body it is on; -1 on the ground.
        defaults: of each coordinate the value in radians or metres that it has if nothing is said.
        angles: the coordinates that tables have in degrees.
        couplings: of each coordinate that follows another, that one and the function.
    """

    path: Path
    joints: tuple[Joint, ...]
    parents: NDArray[np.int32]
    defaults: dict[str, float]
    angles: frozenset[str]
    couplings: dict[str, tuple[str, Function]]


def load_model(path: Path) -> Model:
    """The model in a file; kept in memory by the file's content.

    Raises:
        FormatError: the file cannot be read, is no model, or has joints or functions of a kind that is not known.
    """
    file = MotionFile(path)
    if file.size_bytes > _LARGEST:
        raise FormatError(f"{path}: {file.size_bytes >> 20} MiB are too much for a model; remove its muscles")
    return _model(path, file.read_bytes())


@lru_cache(maxsize=16)
def _model(path: Path, content: bytes) -> Model:
    root = parse_xml(path, content)
    if root.tag != "OpenSimDocument":
        raise FormatError(f"{path}: no model of OpenSim; put the .osim file of the recording beside it")
    try:
        joints: list[Joint] = []
        defaults: dict[str, float] = {}
        angles: set[str] = set()
        for element, body in _joint_elements(root):
            joints.append(_joint(element, body))
            for coordinate in _coordinates(element):
                defaults[coordinate.get("name", "")] = numbers_in(coordinate, "default_value", [0.0])[0]
            angles |= _angles(element)
        if not 0 < len(joints) <= MOST_JOINTS:
            raise ValueError(f"{len(joints)} joints")
        moved_by = {joint.child: number for number, joint in enumerate(joints)}
        if len(moved_by) < len(joints):
            raise ValueError("two joints that move one body")
        above = [moved_by.get(joint.parent, -1) for joint in joints]
        order = depth_first(above)
        place_of = {number: place for place, number in enumerate(order)}
        couplings = dict(_couplings(root))
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{path}: not a model that can be read: it has {error}; save it with OpenSim 4") from None
    return Model(
        path,
        tuple(joints[number] for number in order),
        np.array([place_of.get(above[number], -1) for number in order], np.int32),
        defaults,
        frozenset(angles),
        couplings,
    )


def _joint_elements(root: Element) -> Iterator[tuple[Element, str]]:
    """The joints, each with the name of the body that it is in (OpenSim 2 and 3), else ""."""
    for joints in root.iter("JointSet"):
        for element in joints.findall("objects/*"):
            yield element, ""
    for body in root.iter("Body"):
        for element in body.findall("Joint/*"):
            yield element, body.get("name", "")


def _joint(element: Element, body: str) -> Joint:
    if (element.findtext("reverse") or "").strip() == "true":
        raise ValueError("a joint that is reversed")
    if body:
        parent, child = (element.findtext("parent_body") or "").strip(), body
        in_parent = _frame(element, "location_in_parent", "orientation_in_parent")
        in_child = _frame(element, "location", "orientation")
    else:
        parent, in_parent = _socket(element, "socket_parent_frame")
        child, in_child = _socket(element, "socket_child_frame")
    if not parent or not child:
        raise ValueError(f"a joint {element.get('name', '')!r} without bodies")
    rotations, translations = _axes(element)
    return Joint(parent, child, in_parent, in_child, rotations, translations)


def _socket(element: Element, name: str) -> tuple[str, Frame]:
    """The body that a joint is on, and where, through the frames of the joint."""
    frames = {frame.get("name", ""): frame for frame in element.findall("frames/PhysicalOffsetFrame")}
    at, rotation, position = _last_name(element.findtext(name)), np.eye(3), np.zeros(3)
    while (own := frames.pop(at, None)) is not None:
        offset = _frame(own, "translation", "orientation")
        rotation, position = offset.rotation @ rotation, offset.position + offset.rotation @ position
        at = _last_name(own.findtext("socket_parent"))
    return at, Frame(rotation, position)


def _last_name(path: str | None) -> str:
    return (path or "").strip().rpartition("/")[2]


def _frame(element: Element, position: str, orientation: str) -> Frame:
    place = np.array(numbers_in(element, position, [0.0] * 3))
    angles = np.array(numbers_in(element, orientation, [0.0] * 3))
    if place.shape != (3,) or angles.shape != (3,):
        raise ValueError("a place that is not three numbers")
    x, y, z = (rotation_about(axis, angles[axis : axis + 1])[0] for axis in range(3))
    return Frame(x @ y @ z, place)


def _coordinates(joint: Element) -> list[Element]:
    return joint.findall("coordinates/Coordinate") + joint.findall("CoordinateSet/objects/Coordinate")


def _axes(joint: Element) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    if joint.tag == "CustomJoint":
        axes = [_axis(element) for element in joint.findall("SpatialTransform/TransformAxis")]
        if len(axes) != 6:
            raise ValueError(f"a CustomJoint of {len(axes)} axes")
        return tuple(axes[:3]), tuple(axes[3:])
    if joint.tag not in _PLAIN_JOINTS:
        raise ValueError(f"a joint of the kind {joint.tag}")
    turned, moved = _PLAIN_JOINTS[joint.tag]
    names = [coordinate.get("name", "") for coordinate in _coordinates(joint)]
    if len(names) != len(turned) + len(moved):
        raise ValueError(f"a {joint.tag} of {len(names)} coordinates")
    plain = [
        Axis(_AXES["xyz".index(letter)], name, np.asarray) for letter, name in zip(turned + moved, names, strict=True)
    ]
    return tuple(plain[: len(turned)]), tuple(plain[len(turned) :])


def _axis(element: Element) -> Axis:
    direction = np.array(numbers_in(element, "axis", [1.0, 0.0, 0.0]))
    if direction.shape != (3,) or not 1e-9 < np.abs(direction).max() < 1e9:
        raise ValueError("an axis without direction")
    names = (element.findtext("coordinates") or "").split()
    direction = direction / np.linalg.norm(direction)
    described = _described(element)
    if len(names) > 1:
        raise ValueError(f"a function of {len(names)} coordinates")
    if described is None:
        return Axis(direction, "", np.zeros_like)
    return Axis(direction, names[0] if names else "", function_of(described))


def _described(axis: Element) -> Element | None:
    """The function of an axis, which OpenSim 2 and 3 put into an element of its own."""
    holder = axis.find("function")
    if holder is not None:
        return holder[0] if len(holder) else None
    return next((child for child in axis if child.tag not in ("coordinates", "axis")), None)


def _angles(joint: Element) -> set[str]:
    """The coordinates of a joint that OpenSim calls rotational: the first axis that they drive directly turns."""
    if joint.tag in _PLAIN_JOINTS:
        turned, _ = _PLAIN_JOINTS[joint.tag]
        return {coordinate.get("name", "") for coordinate in _coordinates(joint)[: len(turned)]}
    found: dict[str, bool] = {}
    for number, axis in enumerate(joint.findall("SpatialTransform/TransformAxis")):
        described = _described(axis)
        if described is not None and is_linear(described):
            for name in (axis.findtext("coordinates") or "").split():
                found.setdefault(name, number < 3)
    return {name for name, turns in found.items() if turns}


def _couplings(root: Element) -> Iterator[tuple[str, tuple[str, Function]]]:
    for element in root.iter("CoordinateCouplerConstraint"):
        follower = (element.findtext("dependent_coordinate_name") or "").strip()
        leaders = (element.findtext("independent_coordinate_names") or "").split()
        holder = element.find("coupled_coordinates_function")
        (scale,) = numbers_in(element, "scale_factor", [1.0])[:1]
        if follower and len(leaders) == 1 and holder is not None and len(holder):
            yield follower, (leaders[0], partial(_scaled, scale, function_of(holder[0])))


def _scaled(scale: float, function: Function, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return scale * function(values)


OSIM = Reader(
    "osim",
    ("osim",),
    lambda head, _: b"<OpenSimDocument" in head[:4096],
    hint="a model and no motion; read the .mot or .sto file that belongs to it",
    is_companion=True,
)
