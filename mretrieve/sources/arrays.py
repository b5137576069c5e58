"""Joint positions from Python as a canonical clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError, QueryError, RigError
from ..motion import JOINT_COUNT, JOINTS, PARENTS, Clip, Motion, Rig, canonicalise


def clip_from_joints(positions: NDArray[np.floating], fps: float, joints: Sequence[str] | None = None) -> Clip:
    """The canonical clip of joint positions, in any unit and axes that a motion file may have.

    Args:
        positions: (T, J, 3), NaN for missing samples.
        fps: frames per second.
        joints: J names as any known rig has them; None for the 22 canonical joints (`mretrieve.motion.JOINTS`).

    Raises:
        TypeError: `positions` is not an array of numbers of this shape.
        QueryError: the positions are not those of a human body.
    """
    array = np.asarray(positions)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "fiu":
        raise TypeError(f"joint positions are numbers of shape (T, J, 3), not {array.dtype} of shape {array.shape}")
    names = tuple(JOINTS if joints is None else joints)
    if len(names) != array.shape[1]:
        hint = "give their names with joints=[...]" if joints is None else f"but {len(names)} names are given"
        raise TypeError(f"the positions have {array.shape[1]} joints, {hint}")
    parents = PARENTS if joints is None else (-1,) * len(names)
    rig = Rig(names, np.array(parents, np.int32), np.zeros((len(names), 3)))
    motion = Motion(rig, array.astype(np.float32), float(fps), Path("the array"))
    try:
        clip = canonicalise(motion)
    except (FormatError, RigError) as error:
        raise QueryError(str(error)) from None
    assert clip.positions.shape[1] == JOINT_COUNT
    return clip
