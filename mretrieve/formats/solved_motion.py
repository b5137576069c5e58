"""A motion from a rig and its channels: what every reader of a hierarchy format ends with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.kinematics import joint_positions
from ..motion.motion import Motion, Rig

#: Positions may take this much memory (bytes), or this many times the size of the file where that is more.
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
    """The motion in the file `path` of `file_size` bytes, with positions from the channels (T, C): unit of the rig and radians.

    FormatError: a small file claims so many joints and frames that their positions would not fit in memory.
    """
    size = 12 * len(channels) * len(rig.parents)
    if size > max(LARGEST_POSITIONS, LARGEST_POSITIONS_PER_BYTE * file_size):
        raise FormatError(
            f"{path}: {len(rig.parents)} joints in {len(channels)} frames take {size >> 20} MiB, too much for "
            f"{file_size >> 10} KiB of file; remove joints that do not move or cut the take"
        )
    channels = np.ascontiguousarray(channels)
    positions = joint_positions(rig, channels)
    return Motion(rig, positions, fps, path, body, channels, metres_per_unit, repairs)
