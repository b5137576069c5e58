"""Motions of joints whose places and directions in the world are known in every frame and at rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..motion.motion import Motion, Poses, Rig


class Placements(NamedTuple):
    """Where joints are in the world.

    Attributes:
        rotations: (..., J, 3, 3), for column vectors.
        positions: (..., J, 3).
    """

    rotations: NDArray[np.float64]
    positions: NDArray[np.float64]


def placed_motion(
    source: Path,
    names: Sequence[str],
    parents: NDArray[np.int32],
    rest: Placements,
    frames: Placements,
    fps: float,
    *,
    body: str = "",
    declared_up: str | None = None,
    repairs: tuple[str, ...] = (),
) -> Motion:
    """The motion of J joints in T frames; its local rotations are relative to the rest pose.

    Args:
        source: the file.
        names: of the joints.
        parents: (J,) as in `Rig`.
        rest: the joints (J, ...) at rest.
        frames: the joints (T, J, ...).
        fps: frames per second.
        body: as in `Motion`; so are `declared_up` and `repairs`.
    """
    is_root = parents[:, None] < 0
    turns = np.einsum("tjab,jcb->tjac", frames.rotations, rest.rotations)
    inverse_above = turns[:, parents].transpose(0, 1, 3, 2).copy()
    inverse_above[:, parents < 0] = np.eye(3)
    from_parent = frames.positions - np.where(is_root, 0.0, frames.positions[:, parents])
    offsets = rest.positions - np.where(is_root, 0.0, rest.positions[parents])
    with np.errstate(over="ignore"):  # beyond single precision is damage
        positions = frames.positions.astype(np.float32)
    return Motion(
        Rig(tuple(names), parents, offsets),
        positions,
        fps,
        source,
        body,
        local_poses=Poses(inverse_above @ turns, np.einsum("tnij,tnj->tni", inverse_above, from_parent)),
        declared_up=declared_up,
        repairs=repairs,
    )
