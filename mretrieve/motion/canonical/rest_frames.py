"""Leading rest frames: a T-pose (or the rig's zero pose) that an exporter put before the first captured frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

_LONGEST_REST_S = 2.0
_LOOK_AHEAD_FRAMES = 6
#: Mean displacement of the joints, in metres, below which a body holds still, and above which it has jumped.
_STILL_M, _JUMP_M = 2e-4, 0.03
#: The jump out of a rest pose is this many times the largest displacement between the frames that follow.
_JUMP_RATIO = 3.0
_STRAIGHT_COSINE = 0.94  # 20 degrees
_HANGING_COSINE = 0.85  # 32 degrees


def leading_rest_frames(positions: NDArray[np.floating], mapped: NDArray[np.intp], fps: float) -> int:
    """Number of frames at the start of positions (T, 22, 3), metres, Y up, that were not captured: 0 for most files.

    They hold still in a pose with straight limbs and hanging legs, and then the body is in another pose from one frame
    to the next, by far more than it moves between the frames after that. A performer who stands in T-pose and then
    moves out of it has no such jump and is kept. Only the joints `mapped` are looked at.
    """
    ahead = positions[: int(_LONGEST_REST_S * fps) + _LOOK_AHEAD_FRAMES + 2, mapped]
    if len(ahead) < 2:
        return 0
    relative = ahead - ahead.mean(axis=1, keepdims=True)
    displacement = np.diff(relative, axis=0)
    steps = np.sqrt(np.einsum("tji,tji->tj", displacement, displacement)).mean(axis=1)
    jump = int(np.argmax(steps > _STILL_M))  # 0 if nothing moves, too: then there is no jump either
    if steps[jump] < _JUMP_M or jump > _LONGEST_REST_S * fps:
        return 0
    after = steps[jump + 1 : jump + 1 + _LOOK_AHEAD_FRAMES]
    if len(after) and steps[jump] < _JUMP_RATIO * after.max():
        return 0
    return jump + 1 if _is_rest_pose(positions[jump], mapped) else 0


def _is_rest_pose(pose: NDArray[np.floating], mapped: NDArray[np.intp]) -> bool:
    """Whether all limbs of a pose (22, 3) that are known are straight, and its legs hang down."""
    for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
        for side in ("left", "right"):
            a, b, c = (joint(f"{side}_{part}") for part in chain)
            if not np.isin((a, b, c), mapped).all():
                continue
            upper, lower = _unit(pose[b] - pose[a]), _unit(pose[c] - pose[b])
            if upper @ lower < _STRAIGHT_COSINE or (chain[0] == "hip" and upper[1] > -_HANGING_COSINE):
                return False
    return True


def _unit(vector: NDArray[np.floating]) -> NDArray[np.floating]:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
