"""One body's motion on the rig of its own file, as a reader returns it, and the world positions of its joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..kernels.compiled import forward_kinematics
from ..labelled_spans import LabelledSpan
from .rotations import rotation_about

#: Kinds of channels: translation along X, Y, Z and rotation about X, Y, Z.
TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, ROTATE_X, ROTATE_Y, ROTATE_Z = range(6)


class Poses(NamedTuple):
    """How joints are placed relative to their parents, frame by frame.

    Attributes:
        rotations: (T, J, 3, 3) local rotations, for column vectors.
        translations: (T, J, 3) local translations in the unit of the rig.
    """

    rotations: NDArray[np.float64]
    translations: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rig:
    """The joint tree of a file and what its channels drive.

    A joint is located where its bone begins. With J joints and C channels, a joint's local rotation is
    `rest @ R(first channel) @ R(second channel) @ ... @ rest.T` (column vectors). Its local translation is its offset,
    in which a translation channel replaces the component that it drives.

    Attributes:
        joint_names: J names, not always unique.
        parents: (J,) index of each joint's parent, which precedes it; -1 for a root.
        offsets: (J, 3) from the parent, in the file's unit.
        rest_rotations: (J, 3, 3); None if all are the identity (BVH).
        channel_joints: (C,) the joint of each channel, never decreasing.
        channel_kinds: (C,) TRANSLATE_X ... ROTATE_Z.
    """

    joint_names: tuple[str, ...]
    parents: NDArray[np.int32]
    offsets: NDArray[np.float64]
    rest_rotations: NDArray[np.float64] | None = None
    channel_joints: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    channel_kinds: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))

    @property
    def roots(self) -> NDArray[np.intp]:
        """Indices of the joints without a parent."""
        return np.flatnonzero(self.parents < 0)

    @cached_property
    def rest_positions(self) -> NDArray[np.float64]:
        """World positions (J, 3) with all rotations zero and all translations those of the offsets."""
        positions = self.offsets.copy()
        for child, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                positions[child] += positions[parent]
        return positions

    def poses(self, channels: NDArray[np.float64]) -> Poses:
        """The poses of channels (T, C): rotations in radians, translations in the rig's unit."""
        rotations = np.empty((len(channels), len(self.parents), 3, 3))
        rotations[:] = np.eye(3) if self.rest_rotations is None else self.rest_rotations
        translations = np.tile(self.offsets, (len(channels), 1, 1))
        for column, (joint, kind) in enumerate(zip(self.channel_joints, self.channel_kinds, strict=True)):
            if kind >= ROTATE_X:
                rotations[:, joint] = rotations[:, joint] @ rotation_about(kind - ROTATE_X, channels[:, column])
            else:
                translations[:, joint, kind] = channels[:, column]
        if self.rest_rotations is not None:
            rotations = rotations @ self.rest_rotations.transpose(0, 2, 1)
        return Poses(rotations, translations)


@dataclass(frozen=True, eq=False)
class Motion:
    """One body's motion in one file, on the file's own rig, at the file's own rate, in the file's own unit and axes.

    Rotations come from `channels`, or from `local_poses` if the format has no Euler channels. A motion with neither
    holds positions only.

    Attributes:
        rig: the joint tree.
        positions: (T, J, 3) in the world; NaN if the file has no sample.
        fps: frames per second, from the digits in the file (see the reader of the format).
        source: the file.
        body: which body of a file that holds several; else "".
        channels: (T, C) the file's numbers in the order of the rig's channels: translations in the file's unit,
            rotations in radians.
        metres_per_unit: the unit, if the file declares it (ASF); never a guess.
        repairs: what the reader corrected or assumed, one line each.
        local_poses: rotations and translations that the file holds as matrices, quaternions or the like.
        declared_up: the direction that the file declares to be up, "+Z"; None if it declares none (BVH, ASF).
        usual_up: the direction that is up in most files of a format of positions; None if there is no usual one.
        spans: labels that the file holds for parts of the motion.
    """

    rig: Rig
    positions: NDArray[np.float32]
    fps: float
    source: Path
    body: str = ""
    channels: NDArray[np.float64] | None = None
    metres_per_unit: float | None = None
    repairs: tuple[str, ...] = ()
    local_poses: Poses | None = None
    declared_up: str | None = None
    usual_up: str | None = None
    spans: tuple[LabelledSpan, ...] = ()

    @property
    def name(self) -> str:
        """The file and the body in it, as messages name them."""
        return f"{self.source}#{self.body}" if self.body else str(self.source)

    @property
    def frame_count(self) -> int:
        """Number of frames T."""
        return len(self.positions)

    @property
    def duration_s(self) -> float:
        """Length in seconds: frames divided by the rate."""
        return len(self.positions) / self.fps

    @property
    def has_rotations(self) -> bool:
        """Whether the file holds rotations, not positions only."""
        return self.channels is not None or self.local_poses is not None

    @property
    def rotations(self) -> NDArray[np.float64]:
        """(T, J, 3, 3) local rotations of all frames; see `poses` for the memory of long motions and for errors."""
        return self.poses().rotations

    @property
    def translations(self) -> NDArray[np.float64]:
        """(T, J, 3) local translations of all frames, in the file's unit; see `poses`."""
        return self.poses().translations

    def poses(self, frames: slice | Sequence[int] | NDArray[np.intp] = slice(None)) -> Poses:
        """Local rotations and translations of some frames, computed when they are asked for.

        They take 96 bytes per joint and frame: read a long motion in blocks.

        Raises:
            FormatError: the file holds positions only.
        """
        if self.channels is not None:
            return self.rig.poses(self.channels[frames])
        if self.local_poses is None:
            raise FormatError(f"{self.name}: holds positions and no rotations")
        return Poses(self.local_poses.rotations[frames], self.local_poses.translations[frames])

    def cut(self, first: int, last: int) -> Motion:
        """Frames `first` to `last` (exclusive) as a motion that shares memory with this one; without labelled spans."""
        return replace(
            self,
            positions=self.positions[first:last],
            channels=None if self.channels is None else self.channels[first:last],
            local_poses=None if self.local_poses is None else self.poses(slice(first, last)),
            spans=(),
        )


def joint_positions(rig: Rig, channels: NDArray[np.float64]) -> NDArray[np.float32]:
    """World positions (T, J, 3) in the rig's unit, right to about 1e-6 of the largest distance from the origin.

    Args:
        rig: J joints and C channels.
        channels: (T, C): translations in the rig's unit, rotations in radians.
    """
    channels = np.ascontiguousarray(channels, np.float64)
    positions = np.empty((len(channels), len(rig.parents), 3), np.float32)
    is_parent, offsets, turns, is_turned, axes, channel_ends = _chains(rig)
    forward_kinematics(
        rig.parents, is_parent, offsets, turns, is_turned, axes, channel_ends, rig.channel_kinds, channels, positions
    )
    return positions


@lru_cache(maxsize=64)  # the takes of a recording share their rig
def _chains(rig: Rig) -> tuple[NDArray[Any], ...]:
    """What `forward_kinematics` takes of a rig, from `is_parent` to `channel_ends`."""
    joint_count = len(rig.parents)
    turns, offsets, axes = _against_parents(rig)
    is_turned = np.abs(turns - np.eye(3)).max(axis=(1, 2)) > 0
    is_parent = np.zeros(joint_count, np.bool_)
    is_parent[rig.parents[rig.parents >= 0]] = True
    channel_ends = np.searchsorted(rig.channel_joints, np.arange(joint_count), side="right")
    return is_parent, offsets, turns, is_turned, axes, channel_ends


def _against_parents(rig: Rig) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Rest rotations (J, 3, 3), offsets (J, 3) and translation axes (J, 3, 3) in the rest frame of each joint's parent.

    With world rotations carried as `world @ rest`, a joint needs one constant rotation, `rest(parent).T @ rest(joint)`,
    and not two. Components of offsets that a channel drives are zero.
    """
    joint_count = len(rig.parents)
    offsets = rig.offsets.copy()
    translations = rig.channel_kinds < ROTATE_X
    offsets[rig.channel_joints[translations], rig.channel_kinds[translations]] = 0
    if rig.rest_rotations is None:
        identity = np.empty((joint_count, 3, 3), np.float32)
        identity[:] = np.eye(3)
        return identity, offsets.astype(np.float32), identity
    into_parent = rig.rest_rotations[rig.parents].transpose(0, 2, 1).copy()
    into_parent[rig.parents < 0] = np.eye(3)
    turns = into_parent @ rig.rest_rotations
    offsets = (into_parent @ offsets[:, :, None])[..., 0]
    return turns.astype(np.float32), offsets.astype(np.float32), into_parent.astype(np.float32)
