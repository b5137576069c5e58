"""Writing ASF and AMC: a rig as Acclaim bones, its channels as lines of degrees of freedom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import ROTATE_X, TRANSLATE_Z, Rig
from ..motion.rotations import euler_angles
from .amc import DEFAULT_FPS
from .asf import METRES_PER_INCH
from .bvh_writer import children_of, in_degrees, is_end, require_frames, write_whole

_TRANSLATIONS = ("tx", "ty", "tz")
_RESERVED = {"root", "begin", "end"}
_SAME_PLACE = 1e-9


@dataclass(frozen=True, eq=False)
class _Bone:
    name: str
    children: list[str]
    vector: NDArray[np.float64]  # from its begin to its end
    joint: int | None = None  # None: a link that only brings a child to its place
    moves: bool = False  # it has translations
    turns: tuple[int, ...] = ()  # 0, 1, 2 for X, Y, Z, the first applied first


def write_asf(path: Path | str, rig: Rig, metres_per_unit: float, decimals: int = 9) -> None:
    """Write a rig as an ASF skeleton in its own unit, degrees; the file appears whole or not at all.

    A bone represents the joint at which it begins. If the children of a joint are in several places, links without
    degrees of freedom lead to them.

    Raises:
        FormatError: ASF cannot hold the rig: it has several roots, or a joint that turns about one axis twice.
    """
    path = Path(path)
    bones = _bones(path, rig)
    root = bones[0]
    position = _numbers(rig.offsets[int(rig.roots[0])], decimals)
    orientation, order = _axis(rig, root)
    lines = [
        "# written by mretrieve",
        ":version 1.10",
        ":name " + path.stem.replace(" ", "_"),
        ":units",
        "  mass 1.0",
        f"  length {METRES_PER_INCH / metres_per_unit:.9g}",
        "  angle deg",
        ":documentation",
        "  written by mretrieve",
        ":root",
        "  order " + " ".join(_dofs(root)).upper(),
        "  axis " + order,
        "  position " + position,
        "  orientation " + _numbers(orientation, decimals),
        ":bonedata",
    ]
    for number, bone in enumerate(bones[1:], start=1):
        length = float(np.linalg.norm(bone.vector))
        direction = bone.vector / length if length else np.array([0.0, 0.0, 1.0])
        axis, order = _axis(rig, bone)
        lines += [
            "  begin",
            f"    id {number}",
            f"    name {bone.name}",
            "    direction " + _numbers(direction, max(decimals, 9)),
            f"    length {length:.{decimals}f}",
            f"    axis {_numbers(axis, decimals)} {order}",
        ]
        if _dofs(bone):
            lines.append("    dof " + " ".join(_dofs(bone)))
            lines += [f"    {'limits' if n == 0 else '      '} (-360.0 360.0)" for n in range(len(_dofs(bone)))]
        lines.append("  end")
    lines += [":hierarchy", "  begin"]
    lines += [f"    {bone.name} {' '.join(bone.children)}" for bone in bones if bone.children]
    lines += ["  end"]
    write_whole(path, "\n".join(lines) + "\n")


def write_amc(path: Path | str, rig: Rig, channels: NDArray[np.float64], fps: float, decimals: int = 6) -> None:
    """Write channels (T, C), radians and the rig's unit, as AMC for the ASF that `write_asf` makes of the same rig.

    The rate is written only if it is not the customary 120 frames a second: AMC has no standard place for it.

    Raises:
        FormatError: as for `write_asf`, a number that is not finite, or no frame.
    """
    path = Path(path)
    require_frames(path, channels)
    values = in_degrees(rig.channel_kinds, channels)
    columns: list[NDArray[np.float64]] = []
    frame_lines = []
    for bone in _bones(path, rig):
        if bone.joint is None or not _dofs(bone):
            continue
        columns += _translations(rig, bone, values)
        own = np.flatnonzero((rig.channel_joints == bone.joint) & (rig.channel_kinds >= ROTATE_X))
        columns += [values[:, column] for column in own[::-1]]  # the rig's last is applied first
        frame_lines.append(" ".join([bone.name, *[f"%.{decimals}f"] * len(_dofs(bone))]))
    rows = np.round(np.stack(columns, axis=1), decimals) + 0.0
    template = "%d\n" + "\n".join(frame_lines)
    header = ["# written by mretrieve", ":FULLY-SPECIFIED", ":DEGREES"]
    if fps != DEFAULT_FPS:
        header.append(f":SAMPLES-PER-SECOND {fps!r}")
    frames = [template % (number, *row) for number, row in enumerate(rows.tolist(), start=1)]
    write_whole(path, "\n".join([*header, *frames]) + "\n")


def _bones(path: Path, rig: Rig) -> list[_Bone]:
    """The bones of a rig, the root first, every parent before its children."""
    if len(rig.roots) != 1:
        raise FormatError(f"{path}: an ASF skeleton has one root and this rig {len(rig.roots)}; write BVH instead")
    names = _bone_names(rig)
    children = children_of(rig)
    bones: list[_Bone] = []
    for joint, name in enumerate(names):
        if is_end(rig, joint, children):
            continue
        places = rig.offsets[children[joint]] if joint != rig.roots[0] else np.zeros((0, 3))
        together = len(places) > 0 and bool(np.abs(places - places[0]).max() <= _SAME_PLACE)
        vector = places[0] if together else np.zeros(3)
        own_children: list[str] = []
        links: list[_Bone] = []
        for child in children[joint]:
            is_tip = is_end(rig, child, children)
            way = rig.offsets[child] - vector
            if np.abs(way).max() > _SAME_PLACE and not (is_tip and together):
                links.append(_Bone(f"{names[child]}_link", [] if is_tip else [names[child]], way))
                own_children.append(links[-1].name)
            elif not is_tip:
                own_children.append(names[child])
        kinds = rig.channel_kinds[rig.channel_joints == joint]
        turns = tuple((kinds[kinds >= ROTATE_X][::-1] - ROTATE_X).tolist())
        if len(set(turns)) < len(turns):
            raise FormatError(
                f"{path}: joint {name!r} turns about one axis twice, which ASF cannot express; write BVH instead"
            )
        bones += [_Bone(name, own_children, vector, joint, bool((kinds <= TRANSLATE_Z).any()), turns), *links]
    return bones


def _bone_names(rig: Rig) -> list[str]:
    """A name of its own for each bone, of which no part reads as anything else; the root's is always "root"."""
    names: list[str] = []
    for joint, given in enumerate(rig.joint_names):
        name = "_".join(given.replace("#", "_").split()).lstrip(":") or "bone"
        if rig.parents[joint] < 0:
            name = "root"
        elif name[0].isdigit() or name.lower() in _RESERVED:
            name = f"_{name}"
        while name in names:
            name += "_"
        names.append(name)
    return names


def _dofs(bone: _Bone) -> list[str]:
    """Degrees of freedom in the order of the file; a root always moves."""
    moves = bone.moves or bone.name == "root"
    return [*(_TRANSLATIONS if moves else ()), *(f"r{'xyz'[axis]}" for axis in bone.turns)]


def _axis(rig: Rig, bone: _Bone) -> tuple[NDArray[np.float64], str]:
    """The frame of a bone as angles about X, Y and Z in degrees, and their order, which is that of its rotations."""
    applied = [*bone.turns, *(axis for axis in range(3) if axis not in bone.turns)]
    order = "".join("XYZ"[axis] for axis in applied)
    angles = np.zeros(3)
    if rig.rest_rotations is not None and bone.joint is not None:
        third, second, first = applied  # the rotation applied first is rightmost
        angles[[first, second, third]] = np.degrees(
            euler_angles(rig.rest_rotations[bone.joint], (first, second, third))
        )
    return angles, order


def _translations(rig: Rig, bone: _Bone, values: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The three translations of a bone from its rest position, in its own frame; none if it has none."""
    if not bone.moves and bone.name != "root":
        return []
    assert bone.joint is not None
    place = np.tile(rig.offsets[bone.joint], (len(values), 1))
    for column in np.flatnonzero((rig.channel_joints == bone.joint) & (rig.channel_kinds <= TRANSLATE_Z)):
        place[:, rig.channel_kinds[column]] = values[:, column]
    way = place - rig.offsets[bone.joint]
    if rig.rest_rotations is not None and bone.name != "root":
        way = way @ rig.rest_rotations[bone.joint]
    return list(way.T)


def _numbers(values: NDArray[np.float64], decimals: int) -> str:
    return " ".join(f"{value + 0.0:.{decimals}f}" for value in np.round(values, decimals))
