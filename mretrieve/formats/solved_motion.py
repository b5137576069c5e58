"""A motion from a rig and its channels, the last step of every reader of a format with Euler channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.kinematics import joint_positions
from ..motion.motion import Motion, Rig

#: A body with more joints is damage; the kinematics takes 3 KiB for each.
MOST_JOINTS = 10_000
#: Positions may take this much memory (bytes), or this many times the size of the file if that is more.
LARGEST_POSITIONS = 256 << 20
LARGEST_POSITIONS_PER_BYTE = 4


def solved_motion(
    path: Path,
    file_size: int,
    rig: Rig,
    channels: NDArray[np.float64],
    fps: float,
    *,
    body: str = "",
    metres_per_unit: float | None = None,
    repairs: tuple[str, ...] = (),
) -> Motion:
    """The motion in the file `path` of `file_size` bytes, its positions computed from channels (T, C) as in Motion.

    Raises:
        FormatError: more joints than any body has, or positions that would not fit in memory.
    """
    if len(rig.parents) > MOST_JOINTS:
        raise FormatError(f"{path}: {len(rig.parents)} joints are more than any body has; export the skeleton again")
    size = 12 * len(channels) * len(rig.parents)
    if size > max(LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE * file_size):
        raise FormatError(
            f"{path}: {len(rig.parents)} joints in {len(channels)} frames take {size >> 20} MiB, too much for "
            f"{file_size >> 10} KiB of file; remove joints that do not move or cut the take"
        )
    channels = np.ascontiguousarray(channels)
    positions = joint_positions(rig, channels)
    return Motion(rig, positions, fps, path, body, channels, metres_per_unit, repairs)
