"""An Acclaim skeleton as a rig, and the numbers of AMC lines as the rig's channels.

A joint is named after the bone that begins at it. The local rotation of a bone is C R C^T, with C the frame that its
`axis` line gives and R the rotations of its degrees of freedom; of both, the first one named is applied first. The root
is such a bone too, at `position`, with `orientation` for its frame. The bones of the root begin at its position, all
others at the end of their parent, `direction * length` away. Translations move the beginning of a bone within the frame
C, those of the root within the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import ROTATE_X, TRANSLATE_X, Rig
from ..motion.rotations import rotation_about
from .asf import Bone, parse_skeleton
from .motion_text import MotionText


@dataclass(frozen=True, eq=False)
class AcclaimRig:
    """The rig of an ASF, and what an AMC needs to drive it.

    Attributes:
        rig: the joint tree.
        sources: (C,) bone and degree of freedom of each channel.
        dofs: of each bone, in the order of its numbers.
        movable: joints with translation channels; they have all three.
        degrees: whether angles are in degrees in motions that do not state their unit.
        metres_per_unit: the file's unit.
    """

    rig: Rig
    sources: tuple[tuple[str, str], ...]
    dofs: dict[str, tuple[str, ...]]
    movable: tuple[int, ...]
    degrees: bool
    metres_per_unit: float


def load_rig(path: Path) -> AcclaimRig:
    """The rig of an ASF file; kept in memory by the file's content. FormatError: the file cannot be read."""
    text = MotionText.load(path)
    return _rig(path, bytes(text.content[: text.size]))


@lru_cache(maxsize=64)
def _rig(path: Path, content: bytes) -> AcclaimRig:
    skeleton = parse_skeleton(MotionText.of(path, bytearray(content)))
    names: list[str] = []
    parents: list[int] = []
    offsets: list[NDArray[np.float64]] = []
    rests: list[NDArray[np.float64]] = []
    channels: list[tuple[int, int]] = []  # joint, kind
    begins = {"root": (-1, skeleton.root_position)}  # parent joint and offset of each bone
    for bone in skeleton.bones.values():
        joint = len(names)
        parent, offset = begins[bone.name]
        names.append(bone.name)
        parents.append(parent)
        offsets.append(offset)
        rests.append(_frame(bone, skeleton.degrees))
        channels += [(joint, kind) for kind in _kinds(bone)]
        tip = bone.direction * bone.length
        begins.update(dict.fromkeys(bone.children, (joint, tip)))
        if not bone.children:
            names.append(bone.name + "_end")
            parents.append(joint)
            offsets.append(tip)
            rests.append(np.eye(3))
    return AcclaimRig(
        rig=Rig(
            joint_names=tuple(names),
            parents=np.array(parents, np.int32),
            offsets=np.array(offsets),
            rest_rotations=np.array(rests),
            channel_joints=np.array([joint for joint, _ in channels], np.int32),
            channel_kinds=np.array([kind for _, kind in channels], np.int32),
        ),
        sources=tuple((names[joint], _DOF_OF_KIND[kind]) for joint, kind in channels),
        dofs={name: bone.dofs for name, bone in skeleton.bones.items()},
        movable=tuple(joint for joint, kind in channels if kind == TRANSLATE_X),
        degrees=skeleton.degrees,
        metres_per_unit=skeleton.metres_per_unit,
    )


def to_channels(
    acclaim: AcclaimRig, rows: NDArray[np.float64], columns: dict[tuple[str, str], int], degrees: bool
) -> NDArray[np.float64]:
    """Channels (T, C) of the rig from AMC rows (T, N); `columns` has the column of each (bone, dof)."""
    rig = acclaim.rig
    taken, scale = _taken(acclaim, tuple(columns.items()), degrees)
    channels = np.take(rows, taken, axis=1)
    channels *= scale
    for joint in acclaim.movable:
        first = int(np.searchsorted(rig.channel_joints, joint))
        moved = channels[:, first : first + 3]
        if rig.parents[joint] >= 0 and rig.rest_rotations is not None:
            moved = moved @ rig.rest_rotations[joint].T
        channels[:, first : first + 3] = moved + rig.offsets[joint]
    return channels


@lru_cache(maxsize=64)
def _taken(
    acclaim: AcclaimRig, columns: tuple[tuple[tuple[str, str], int], ...], degrees: bool
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Of each channel (C,): the column that it is made of, and what it is multiplied by."""
    known = dict(columns)
    scale = np.where(acclaim.rig.channel_kinds >= ROTATE_X, np.pi / 180 if degrees else 1.0, 1.0)
    scale *= [source in known for source in acclaim.sources]  # a translation that the file lacks is zero
    return np.array([known.get(source, 0) for source in acclaim.sources]), scale


_DOF_OF_KIND = ("tx", "ty", "tz", "rx", "ry", "rz")


def _kinds(bone: Bone) -> list[int]:
    """Channels of a bone: all three translations if it has any, then its rotations, the one applied last first."""
    kinds = [_DOF_OF_KIND.index(dof) for dof in bone.dofs if dof in _DOF_OF_KIND]
    moves = any(kind < ROTATE_X for kind in kinds)
    return list(range(ROTATE_X if moves else 0)) + [kind for kind in reversed(kinds) if kind >= ROTATE_X]


def _frame(bone: Bone, degrees: bool) -> NDArray[np.float64]:
    """The frame C (3, 3) of a bone's rotations."""
    frame = np.eye(3)
    angles = np.deg2rad(bone.axis) if degrees else bone.axis
    for letter in bone.axis_order:  # the rotation applied first is rightmost
        axis = "xyz".index(letter)
        frame = rotation_about(axis, angles[axis : axis + 1])[0] @ frame
    return frame
