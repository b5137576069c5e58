"""From poses to the channels that express them in a BVH file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, Motion, Poses, Rig
from ..motion.rotations import euler_angles

_TRANSLATIONS = (TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z)
_ROTATIONS = (ROTATE_Z, ROTATE_X, ROTATE_Y)  # the order in which most BVH files have them
#: A channel that differs by less than this from the joint without it is idle; radians, or parts of the offset.
_IDLE = 1e-9
#: A joint whose translation varies by less than this part of its offset does not move relative to its parent.
_RIGID = 1e-6
#: Rotations that are held in memory at a time, over all joints.
_AT_ONCE = 1 << 18


def frame_blocks(rig: Rig, frame_count: int) -> Iterator[slice]:
    """Slices that together cover all frames, each so short that the poses of a block take some ten MB."""
    step = max(1, _AT_ONCE // len(rig.parents))
    return (slice(start, min(start + step, frame_count)) for start in range(0, frame_count, step))


def rig_with_channels(motion: Motion) -> Rig:
    """The rig of a motion, with channels that can express its poses if the file has none of its own.

    Roots, and joints that move relative to their parents, get translations; they and joints with children rotations.

    Raises:
        FormatError: the motion holds positions only.
    """
    if motion.channels is not None:
        return motion.rig
    rig = motion.rig
    drift = np.abs(motion.translations - rig.offsets).max(axis=(0, 2), initial=0.0)
    joints = np.flatnonzero(drift > _RIGID * np.maximum(1.0, np.abs(rig.offsets).max(axis=1)))
    return _with_all_channels(
        replace(
            rig,
            channel_joints=np.repeat(joints, 3).astype(np.int32),
            channel_kinds=np.tile(np.array(_TRANSLATIONS, np.int32), len(joints)),
        )
    )


def rig_in_poses(rig: Rig, poses: Iterable[Poses], frame_count: int) -> tuple[Rig, NDArray[np.float64]]:
    """A rig without rest rotations, and its channels (T, C) that put it into the poses of `frame_count` frames.

    `poses` come in blocks of frames. Joints keep the order of their channels; a joint that turns, or a root that moves,
    in a way that its own channels cannot express gets additional ones after them. A rig with rest rotations has no
    channels that could be kept: its joints turn about Z, X and Y. Angles do not jump between frames unless they must.
    """
    whole = _with_all_channels(rig)
    channels = np.empty((frame_count, len(whole.channel_kinds)))
    filled = 0
    for rotations, translations in poses:
        block = channels[filled : filled + len(rotations)]
        for joint, columns in _columns(whole):
            kinds = whole.channel_kinds[columns]
            moves, turns = np.flatnonzero(kinds < ROTATE_X), np.flatnonzero(kinds >= ROTATE_X)
            block[:, columns[moves]] = translations[:, joint, kinds[moves]]
            first, second, third = (int(kind) - ROTATE_X for kind in kinds[turns])
            block[:, columns[turns]] = euler_angles(rotations[:, joint], (first, second, third))
        filled += len(rotations)
    for _, columns in _columns(whole):
        angles = columns[whole.channel_kinds[columns] >= ROTATE_X]
        channels[:, angles] = continuous_angles(channels[:, angles])
    return _without_idle_channels(rig, whole, channels)


def continuous_angles(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same rotations by angles (T, 3) about three different axes that jump as little as they can between frames.

    (a, b, c) and (a + pi, pi - b, c + pi) are one rotation, and so are turns by 2 pi; which of the two is nearer to
    the previous frame does not depend on earlier ones, so that each frame only decides whether to change sides.
    """
    other = np.stack([angles[:, 0] + np.pi, np.pi - angles[:, 1], angles[:, 2] + np.pi], axis=1)

    def jumps(later: NDArray[np.float64]) -> NDArray[np.float64]:
        steps = (later[1:] - angles[:-1] + np.pi) % (2 * np.pi) - np.pi
        return np.asarray(np.abs(steps).sum(axis=1))

    changes = np.concatenate([[False], jumps(other) < jumps(angles)])[: len(angles)]
    on_other_side = np.cumsum(changes) % 2 == 1
    return np.asarray(np.unwrap(np.where(on_other_side[:, None], other, angles), axis=0))


def _columns(rig: Rig) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Each joint that has channels, and their columns."""
    for joint in np.unique(rig.channel_joints).tolist():
        yield joint, np.flatnonzero(rig.channel_joints == joint)


def _with_all_channels(rig: Rig) -> Rig:
    """The rig without rest rotations; whatever turns has three rotations, roots and whatever moves three translations.

    Joints without children and channels have none: they only mark the end of a bone.
    """
    has_children = np.isin(np.arange(len(rig.parents)), rig.parents)
    joints: list[int] = []
    kinds: list[int] = []
    for joint, parent in enumerate(rig.parents.tolist()):
        own = rig.channel_kinds[rig.channel_joints == joint].tolist()
        if not own and not has_children[joint] and parent >= 0:
            continue
        if rig.rest_rotations is not None:
            own = [kind for kind in own if kind < ROTATE_X]
        own = list(dict.fromkeys(own))  # an axis that is turned about twice is enough once, of three
        moves = parent < 0 or any(kind < ROTATE_X for kind in own)
        own += [kind for kind in (*(_TRANSLATIONS if moves else ()), *_ROTATIONS) if kind not in own]
        joints += [joint] * len(own)
        kinds += own
    return replace(
        rig, rest_rotations=None, channel_joints=np.array(joints, np.int32), channel_kinds=np.array(kinds, np.int32)
    )


def _without_idle_channels(rig: Rig, whole: Rig, channels: NDArray[np.float64]) -> tuple[Rig, NDArray[np.float64]]:
    """Drop the added channels that are idle; a rig with rest rotations keeps all."""
    if rig.rest_rotations is not None:
        return whole, channels
    own = set(zip(rig.channel_joints.tolist(), rig.channel_kinds.tolist(), strict=True))
    kept = []
    for column, (joint, kind) in enumerate(
        zip(whole.channel_joints.tolist(), whole.channel_kinds.tolist(), strict=True)
    ):
        idle = rig.offsets[joint, kind] if kind < ROTATE_X else 0.0
        is_used = np.abs(channels[:, column] - idle).max(initial=0.0) > _IDLE * max(1.0, abs(idle))
        if (joint, kind) in own or is_used:
            kept.append(column)
    slim = replace(whole, channel_joints=whole.channel_joints[kept], channel_kinds=whole.channel_kinds[kept])
    return slim, channels[:, kept]
