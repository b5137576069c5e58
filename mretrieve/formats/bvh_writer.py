"""BVH out: a rig and its channels as a file that every tool reads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.kinematics import local_rotations
from ..motion.motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_Z, Motion, Rig
from .euler_angles import euler_angles

_CHANNEL_NAMES = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
_BAKED_ORDER = (ROTATE_Z, ROTATE_X, ROTATE_Y)


def write_motion_bvh(path: Path | str, motion: Motion, decimals: int = 6) -> None:
    """Write a motion as BVH, see `write_bvh`; FormatError where it has positions only."""
    if motion.channels is None:
        raise FormatError(f"{motion.source}: holds positions and no rotations; it cannot be written as BVH")
    write_bvh(path, motion.rig, motion.channels, motion.fps, decimals)


def write_bvh(path: Path | str, rig: Rig, channels: NDArray[np.float64], fps: float, decimals: int = 6) -> None:
    """Write channels (T, C), radians and the rig's unit, as BVH with `decimals` digits; the file appears whole or not.

    Joints without channels and children that are named '<parent>_end' become End Sites. Rest rotations, which BVH does
    not know, are worked into the rotations: such joints then turn about Z, X and Y. FormatError: a number that is not
    finite, or no frame.
    """
    path = Path(path)
    require_frames(path, channels)
    if rig.rest_rotations is not None:
        rig, channels = _without_rest_rotations(rig, channels)
    children = children_of(rig)
    firsts = np.searchsorted(rig.channel_joints, np.arange(len(rig.parents) + 1))
    lines: list[str] = ["HIERARCHY"]
    columns: list[int] = []
    for joint, depth, closing in _walk(rig, children):
        indent = "\t" * depth
        if closing:
            lines.append(indent + "}")
            continue
        own = range(firsts[joint], firsts[joint + 1])
        columns.extend(own)
        if is_end(rig, joint, children):
            heading = "End Site"
        else:
            heading = f"{'ROOT' if rig.parents[joint] < 0 else 'JOINT'} {rig.joint_names[joint]}"
        offset = " ".join(f"{value + 0.0:.{decimals}f}" for value in np.round(rig.offsets[joint], decimals))
        lines += [indent + heading, indent + "{", f"{indent}\tOFFSET {offset}"]
        if heading != "End Site":
            names = (_CHANNEL_NAMES[rig.channel_kinds[column]] for column in own)
            lines.append(" ".join([f"{indent}\tCHANNELS {len(own)}", *names]))
    lines += ["MOTION", f"Frames: {len(channels)}", f"Frame Time: {1 / fps!r}"]
    values = in_degrees(rig.channel_kinds, channels)[:, np.array(columns, np.intp)]
    row = " ".join([f"%.{decimals}f"] * len(columns))
    lines += [row % tuple(frame) for frame in (np.round(values, decimals) + 0.0).tolist()]
    write_whole(path, "\n".join(lines) + "\n")


def require_frames(path: Path, channels: NDArray[np.float64]) -> None:
    """FormatError unless there is a frame and all numbers are finite."""
    if not len(channels):
        raise FormatError(f"{path}: a motion without frames cannot be written")
    if not np.isfinite(channels).all():
        frame = int(np.argmax(~np.isfinite(channels).all(axis=1)))
        raise FormatError(f"{path}: frame {frame} has a number that is not finite; fill the gap before writing")


def in_degrees(kinds: NDArray[np.int32], channels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Channels (T, C) with rotations in degrees."""
    return channels * np.where(kinds >= ROTATE_X, 180 / np.pi, 1.0)


def children_of(rig: Rig) -> list[list[int]]:
    """The children of each joint, in the rig's order."""
    children: list[list[int]] = [[] for _ in rig.parents]
    for joint, parent in enumerate(rig.parents):
        if parent >= 0:
            children[parent].append(joint)
    return children


def is_end(rig: Rig, joint: int, children: list[list[int]]) -> bool:
    """Whether a joint only says where its parent's bone ends."""
    parent = int(rig.parents[joint])
    named_so = parent >= 0 and rig.joint_names[joint] == rig.joint_names[parent] + "_end"
    return named_so and not children[joint] and joint not in rig.channel_joints


def write_whole(path: Path, text: str) -> None:
    """Write a text file under another name and rename it: a reader sees the old file, or all of the new one."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def _walk(rig: Rig, children: list[list[int]]) -> Iterator[tuple[int, int, bool]]:
    """Joint, depth and whether it closes, depth first: the order in which BVH lists joints and channels."""
    waiting = [(int(root), 0, False) for root in rig.roots[::-1]]
    while waiting:
        joint, depth, closing = waiting.pop()
        yield joint, depth, closing
        if not closing:
            waiting.append((joint, depth, True))
            waiting.extend((child, depth + 1, False) for child in reversed(children[joint]))


def _without_rest_rotations(rig: Rig, channels: NDArray[np.float64]) -> tuple[Rig, NDArray[np.float64]]:
    turned = local_rotations(rig, channels)
    columns: list[NDArray[np.float64]] = []
    joints: list[int] = []
    kinds: list[int] = []
    for joint in range(len(rig.parents)):
        own = np.flatnonzero(rig.channel_joints == joint)
        moves = [column for column in own if rig.channel_kinds[column] <= TRANSLATE_Z]
        columns += [channels[:, column] for column in moves]
        kinds += [int(rig.channel_kinds[column]) for column in moves]
        if len(moves) < len(own):
            first, second, third = (kind - ROTATE_X for kind in _BAKED_ORDER)
            angles = np.unwrap(euler_angles(turned[:, joint], (first, second, third)), axis=0)
            columns += list(angles.T)
            kinds += _BAKED_ORDER
        joints += [joint] * (len(kinds) - len(joints))
    baked = Rig(rig.joint_names, rig.parents, rig.offsets, None, np.array(joints, np.int32), np.array(kinds, np.int32))
    return baked, np.stack(columns, axis=1) if columns else np.zeros((len(channels), 0))
