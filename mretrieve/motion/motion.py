"""What a reader gives: one body's motion on the rig of its own file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: What a channel of a joint drives: translation along X, Y, Z or rotation about X, Y, Z.
TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, ROTATE_X, ROTATE_Y, ROTATE_Z = range(6)


@dataclass(frozen=True, eq=False)
class Rig:
    """The joint tree of a file and what its channels drive.

    A joint stands where its bone begins. With J joints and C channels, a joint's local rotation is
    `rest @ R(first channel) @ R(second channel) @ ... @ rest.T` (column vectors), its local translation its offset, in
    which a translation channel replaces the component that it drives.
    """

    joint_names: tuple[str, ...]  # J names, not always unique
    parents: NDArray[np.int32]  # (J,), -1 for a root; a parent precedes its children
    offsets: NDArray[np.float64]  # (J, 3), from the parent, in the file's unit
    rest_rotations: NDArray[np.float64] | None = None  # (J, 3, 3), None where all are the identity (BVH)
    channel_joints: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # (C,), never decreasing
    channel_kinds: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))  # (C,), TRANSLATE_X ...

    @property
    def roots(self) -> NDArray[np.intp]:
        """Indices of the joints without a parent."""
        return np.flatnonzero(self.parents < 0)


@dataclass(frozen=True, eq=False)
class Motion:
    """One body's motion in one file, on the file's own rig, at the file's own rate, in the file's own unit and axes.

    `channels` are the file's numbers, columns in the order of the rig's channels: translations in the file's unit,
    rotations in radians; None for formats that hold positions only.
    """

    rig: Rig
    positions: NDArray[np.float32]  # (T, J, 3), world frame; NaN where the file has no sample
    fps: float  # 1 / frame time, or the nominal rate (29.97, 60, ...) that prints as the digits in the file
    source: Path
    body: str = ""  # which body, where a file holds several
    channels: NDArray[np.float64] | None = None  # (T, C)
    metres_per_unit: float | None = None  # where the file declares its unit (ASF); else None, never a guess
    repairs: tuple[str, ...] = ()  # what the reader had to mend, one line each

    @property
    def frame_count(self) -> int:
        """Number of frames T."""
        return len(self.positions)

    @property
    def duration_s(self) -> float:
        """Length in seconds: frames divided by the rate."""
        return len(self.positions) / self.fps
