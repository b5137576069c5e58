"""Writing BVH: a rig and its channels as a file that every tool reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..atomic_file import atomic_write
from ..errors import FormatError
from ..motion.motion import ROTATE_X, Rig
from .rotation_channels import frame_blocks, rig_in_poses

_CHANNEL_NAMES = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
_UNSAYABLE = re.compile(r"[{}\r\n]")


def write_bvh(path: Path | str, rig: Rig, channels: NDArray[np.float64], fps: float, decimals: int | None = 6) -> None:
    """Write channels (T, C), radians and the rig's unit, as the text of `bvh_text`; the file appears whole or not.

    FormatError: a number that is not finite, or no frame.
    """
    path = Path(path)
    require_frames(path, channels)
    write_whole(path, bvh_text(rig, channels, fps, decimals))


def bvh_text(rig: Rig, channels: NDArray[np.float64], fps: float, decimals: int | None = 6) -> Iterator[str]:
    """A BVH file of channels (T, C), radians and the rig's unit, piece by piece, so that hours need little memory.

    Joints without channels and children that are named '<parent>_end' become End Sites. Rest rotations, which BVH does
    not know, are worked into the rotations: such joints then turn about Z, X and Y. Braces and line ends in names
    become underscores.

    Args:
        rig: J joints and C channels.
        channels: finite, at least one frame.
        fps: frames a second.
        decimals: digits behind the point; None: 15 digits in all, so that numbers which a reader took from text with
            fewer are printed as they stood there.
    """
    if rig.rest_rotations is not None:
        blocks = (rig.poses(channels[block]) for block in frame_blocks(rig, len(channels)))
        rig, channels = rig_in_poses(rig, blocks, len(channels))
    lines, columns = _hierarchy(rig, decimals)
    yield "\n".join([*lines, "MOTION", f"Frames: {len(channels)}", f"Frame Time: {1 / fps!r}"]) + "\n"
    row = " ".join(["%.15g" if decimals is None else f"%.{decimals}f"] * len(columns)) + "\n"
    for block in frame_blocks(rig, len(channels)):
        values = in_degrees(rig.channel_kinds, channels[block])[:, columns]
        if decimals is not None:
            values = np.round(values, decimals)
        yield "".join([row % tuple(frame) for frame in (values + 0.0).tolist()])


def _hierarchy(rig: Rig, decimals: int | None) -> tuple[list[str], NDArray[np.intp]]:
    """The lines of the joint tree, and the rig's channels in the order in which these lines name them."""
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
            name = _UNSAYABLE.sub("_", rig.joint_names[joint])
            heading = f"{'ROOT' if rig.parents[joint] < 0 else 'JOINT'} {name}"
        offset = " ".join(_number(value, decimals) for value in rig.offsets[joint].tolist())
        lines += [indent + heading, indent + "{", f"{indent}\tOFFSET {offset}"]
        if heading != "End Site":
            names = (_CHANNEL_NAMES[rig.channel_kinds[column]] for column in own)
            lines.append(" ".join([f"{indent}\tCHANNELS {len(own)}", *names]))
    return lines, np.array(columns, np.intp)


def _number(value: float, decimals: int | None) -> str:
    return f"{value + 0.0:.15g}" if decimals is None else f"{round(value, decimals) + 0.0:.{decimals}f}"


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
    """Whether a joint only marks the end of its parent's bone."""
    parent = int(rig.parents[joint])
    named_so = parent >= 0 and rig.joint_names[joint] == rig.joint_names[parent] + "_end"
    return named_so and not children[joint] and joint not in rig.channel_joints


def write_whole(path: Path, text: str | Iterable[str]) -> None:
    """Write text, or pieces of it, under another name and rename it: a reader sees the old file, or all of the new."""
    with atomic_write(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines([text] if isinstance(text, str) else text)


def _walk(rig: Rig, children: list[list[int]]) -> Iterator[tuple[int, int, bool]]:
    """Joint, depth and whether it closes, depth first: the order in which BVH lists joints and channels."""
    waiting = [(int(root), 0, False) for root in rig.roots[::-1]]
    while waiting:
        joint, depth, closing = waiting.pop()
        yield joint, depth, closing
        if not closing:
            waiting.append((joint, depth, True))
            waiting.extend((child, depth + 1, False) for child in reversed(children[joint]))
