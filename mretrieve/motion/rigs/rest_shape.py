"""Whether the rest pose of a rig shows the shape of a body, so that its map need not depend on any movement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..frames import spread_frames
from ..motion import Rig
from ..rotations import unit_vectors
from .branches import Branches

_LOOKED_AT_FRAMES = 8
#: A bone of the rest pose is the one that moves if its lengths differ by no more than this part of the longest bone;
#: most bones must be.
_ALIKE, _MOST = 0.02, 0.8
#: Ends of long branches point in opposite directions, at least to this cosine, as a head and feet do. In a rest pose
#: whose bones all lie along one axis they do not.
_OPPOSITE, _LONG = -0.5, 0.3


def telling_rest_pose(rig: Rig, positions: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """The positions (J, 3) of the rest pose; None if it shows no body, or if the bones that move are others.

    `positions` (T, J, 3) are those of a motion on the rig.
    """
    frames = spread_frames(len(positions), _LOOKED_AT_FRAMES)
    children = np.flatnonzero(rig.parents >= 0)
    if not len(frames) or not rig.offsets[children].any():
        return None
    bones = np.asarray(positions[frames[:, None], children], np.float64)
    bones -= positions[frames[:, None], rig.parents[children]]
    lengths = np.linalg.norm(rig.offsets[children], axis=1)
    is_alike = np.abs(np.median(np.linalg.norm(bones, axis=2), axis=0) - lengths) <= _ALIKE * lengths.max()
    if is_alike.mean() < _MOST or not np.isfinite(bones).all():
        return None
    parents = rig.parents.copy()
    parents[children[~is_alike]] = -1
    tree = Branches(parents, rig.offsets[None])
    top = next(iter(tree.partings), None)
    if top is None:
        return None
    ends = [joint for joint, below in enumerate(tree.children) if not below and top in tree.ancestors(joint)]
    ways = rig.rest_positions[ends] - rig.rest_positions[top]
    reaches = np.linalg.norm(ways, axis=1)
    directions = unit_vectors(ways[reaches >= _LONG * reaches.max()])
    return rig.rest_positions if (directions @ directions.T).min() < _OPPOSITE else None
