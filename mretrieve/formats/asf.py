"""ASF, the Acclaim skeleton: named bones with a direction, a length, an axis frame and degrees of freedom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .motion_text import LARGEST_VALUE, MotionText, decode, number, text_head
from .reader import Reader

#: Degrees of freedom as the file names them, each one number on the bone's line of an AMC; `l` stretches the bone.
DOFS = ("tx", "ty", "tz", "rx", "ry", "rz", "l")
#: Metres to an inch; ASF lengths are inches divided by the `length` of the units section.
METRES_PER_INCH = 0.0254

_START = re.compile(rb"(?:\s*+#[^\r\n]*+)*+\s*+:(?:version|name|units|documentation|root|bonedata)\b", re.IGNORECASE)
_LINE = re.compile(rb"[^\r\n]+")


@dataclass(eq=False)
class Bone:
    """One bone as its ASF block has it; the root is a bone of length zero.

    Attributes:
        name: its name.
        position: of its block in the text.
        direction: unit vector along the bone.
        length: in the file's unit.
        axis: its frame, angles about X, Y, Z in the file's angle unit.
        axis_order: order of these rotations; the first is applied first.
        dofs: some of DOFS, in the order of the numbers in a motion; the first rotation is applied first.
        children: names of the bones that begin at its end.
    """

    name: str
    position: int
    direction: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    axis_order: str = "xyz"
    dofs: tuple[str, ...] = ()
    children: list[str] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class AcclaimSkeleton:
    """The skeleton of an ASF.

    Attributes:
        bones: from the root down, every parent before its children.
        root_position: (3,) in the file's unit.
        degrees: whether angles are in degrees, here and in motions that do not state their unit.
        metres_per_unit: the file's unit.
    """

    bones: dict[str, Bone]
    root_position: NDArray[np.float64]
    degrees: bool
    metres_per_unit: float


@dataclass
class _Units:
    length: float = 1.0
    degrees: bool = True


def parse_skeleton(text: MotionText) -> AcclaimSkeleton:
    """The skeleton in an ASF text. FormatError: it is damaged or contradicts itself; the message names the line."""
    units = _Units()
    root = Bone("root", 0)
    root_position = np.zeros(3)
    bones = {"root": root}
    current: Bone | None = None
    sections = set()
    for section, position, words in _statements(text):
        sections.add(section)
        if current is not None and section != "bonedata":
            raise text.error(current.position, f"the block of bone {current.name!r} has no end; add it")
        if not words:
            continue
        if section == "units":
            _units_line(text, position, words, units)
        elif section == "root":
            root.position = position
            _root_line(text, position, words, root, root_position)
        elif section == "bonedata":
            current = _bone_line(text, position, words, bones, current)
        elif section == "hierarchy":
            _hierarchy_line(text, position, words, bones)
    for section in ("root", "bonedata", "hierarchy"):
        if section not in sections:
            raise FormatError(f"{text.path}: the skeleton has no :{section} section; export the ASF again")
    if not root.dofs:
        raise text.error(
            root.position, "the root has no `order` of degrees of freedom; add one such as TX TY TZ RX RY RZ"
        )
    if not 1e-9 < units.length <= LARGEST_VALUE:
        raise FormatError(f"{text.path}: the unit of length is {units.length}, not a positive number; correct it")
    return AcclaimSkeleton(_from_root_down(text, bones), root_position, units.degrees, METRES_PER_INCH / units.length)


def _statements(text: MotionText) -> Iterator[tuple[str, int, list[str]]]:
    """Section, position and words of every line; a section's own line comes without words."""
    section = ""
    for line in _LINE.finditer(text.content):
        words = decode(line.group().partition(b"#")[0]).split()
        if not words:
            continue
        if words[0].startswith(":"):
            section, words = words[0][1:].lower(), []
        yield section, line.start(), words


def _units_line(text: MotionText, position: int, words: list[str], units: _Units) -> None:
    key = words[0].lower()
    if key == "angle":
        unit = words[1].lower() if len(words) > 1 else ""
        if unit[:3] not in ("deg", "rad"):
            raise text.error(position, f"the unit of angle is {unit!r}; write deg or rad")
        units.degrees = unit.startswith("deg")
    elif key in ("length", "mass"):
        value = float(_numbers(text, position, words[1:2], 1)[0])
        units.length = value if key == "length" else units.length


def _root_line(
    text: MotionText, position: int, words: list[str], root: Bone, root_position: NDArray[np.float64]
) -> None:
    key = words[0].lower()
    if key == "order":
        root.dofs = _dofs(text, position, words[1:])
    elif key == "axis":
        root.axis_order = _axis_order(text, position, words[1:])
    elif key == "position":
        root_position[:] = _numbers(text, position, words[1:], 3)
    elif key == "orientation":
        root.axis = _numbers(text, position, words[1:], 3)


def _bone_line(
    text: MotionText, position: int, words: list[str], bones: dict[str, Bone], current: Bone | None
) -> Bone | None:
    """Take in one line of a bone's block; the bone whose block is open after it."""
    key = words[0].lower()
    if key == "begin":
        if current is not None:
            raise text.error(position, f"a block begins inside the one of bone {current.name!r}; add its end")
        return Bone("", position)
    if current is None:
        raise text.error(position, f"{words[0]!r} is outside a begin ... end block; check the lines before it")
    if key == "end":
        _add_bone(text, current, bones)
        return None
    if key == "name":
        current.name = words[1] if len(words) > 1 else ""
    elif key == "direction":
        current.direction = _numbers(text, position, words[1:], 3)
    elif key == "length":
        current.length = float(_numbers(text, position, words[1:], 1)[0])
    elif key == "axis":
        current.axis = _numbers(text, position, words[1:4], 3)
        current.axis_order = _axis_order(text, position, words[4:] or ["xyz"])
    elif key == "dof":
        current.dofs = _dofs(text, position, words[1:])
    return current  # id, limits, bodymass, cofmass: not needed


def _add_bone(text: MotionText, bone: Bone, bones: dict[str, Bone]) -> None:
    if not bone.name:
        raise text.error(bone.position, "a bone without a name; add one")
    if bone.name in bones:
        raise text.error(bone.position, f"a second bone {bone.name!r}; rename one")
    if bone.length and abs(np.linalg.norm(bone.direction) - 1) > 0.05:
        raise text.error(bone.position, f"the direction of bone {bone.name!r} is not a unit vector; correct it")
    bones[bone.name] = bone


def _hierarchy_line(text: MotionText, position: int, words: list[str], bones: dict[str, Bone]) -> None:
    if words[0].lower() in ("begin", "end"):
        return
    for name in words:
        if name not in bones:
            raise text.error(position, f"the hierarchy names bone {name!r}, which :bonedata lacks; add or rename it")
    bones[words[0]].children.extend(words[1:])


def _from_root_down(text: MotionText, bones: dict[str, Bone]) -> dict[str, Bone]:
    """The bones in depth-first order; FormatError if one has no parent or two."""
    ordered: dict[str, Bone] = {}
    waiting = ["root"]
    while waiting:
        name = waiting.pop()
        if name in ordered:
            raise text.error(bones[name].position, f"bone {name!r} has two parents in the hierarchy; remove one")
        ordered[name] = bones[name]
        waiting.extend(reversed(bones[name].children))
    for name, bone in bones.items():
        if name not in ordered:
            raise text.error(bone.position, f"bone {name!r} is not connected to the root in the hierarchy; connect it")
    return ordered


def _numbers(text: MotionText, position: int, words: list[str], count: int) -> NDArray[np.float64]:
    values = [number(word.encode()) for word in words]
    if len(values) != count or any(value is None or abs(value) > LARGEST_VALUE for value in values):
        raise text.error(position, f"{text.line_text(position)!r} needs {count} finite number(s); correct the line")
    return np.array(values, np.float64)


def _dofs(text: MotionText, position: int, words: list[str]) -> tuple[str, ...]:
    dofs = tuple(word.lower() for word in words)
    if any(dof not in DOFS for dof in dofs) or len(set(dofs)) < len(dofs):
        raise text.error(
            position, f"{text.line_text(position)!r} needs degrees of freedom, each once, of {' '.join(DOFS)}"
        )
    return dofs


def _axis_order(text: MotionText, position: int, words: list[str]) -> str:
    order = "".join(words).lower()
    if sorted(order) != ["x", "y", "z"]:
        raise text.error(position, f"axis order {order!r} is none of XYZ, XZY, YXZ, YZX, ZXY, ZYX; correct it")
    return order


ASF = Reader(
    "asf",
    ("asf",),
    lambda head, _: _START.match(text_head(head)) is not None,
    hint="a skeleton and no motion; read the .amc that belongs to it",
    is_companion=True,
)
