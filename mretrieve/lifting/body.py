"""From bone directions and a velocity to a clip: one body for all, its path, its floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.bones import BONES, USED_JOINTS
from ..motion.canonical.body import seat_trunk
from ..motion.clip import CANONICAL_FPS
from ..motion.skeleton import JOINT_COUNT, joint

#: Lengths of BONES, metres: medians over the training clips, the same on both sides.
LENGTHS_M = np.array(
    [
        0.115, 0.115, 0.265, 0.395, 0.395, 0.415, 0.415, 0.127, 0.127, 0.19, 0.082, 0.245, 0.245, 0.26, 0.26, 0.24,
        0.24,
    ],
    np.float32,
)  # fmt: skip
_HIPS = [USED_JOINTS.index(joint(name)) for name in ("left_hip", "right_hip")]
_SEATED = np.array([joint("pelvis"), joint("spine3")])
#: The body stands on the floor at some moment of every stretch of this length.
_FLOOR_S = 5.0


def joint_places(directions: NDArray[np.floating], lengths_m: NDArray[np.floating] = LENGTHS_M) -> NDArray[np.float32]:
    """Places (T, 18, 3) of USED_JOINTS from the middle of the hips.

    Args:
        directions: (T, 17, 3) of BONES.
        lengths_m: (17,) or (T, 17) of BONES.
    """
    bones = directions * lengths_m[..., None]
    places = np.zeros((len(bones), len(USED_JOINTS), 3), np.float32)
    for bone, (parent, child) in enumerate(BONES):
        places[:, child] = places[:, parent] + bones[:, bone]
    return np.asarray(places - places[:, _HIPS].mean(axis=1, keepdims=True))


def body_positions(directions: NDArray[np.float32], velocity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Positions (T, 22, 3), metres, 30 fps, of a body with these bone directions (T, 17, 3) and velocity (T, 3).

    The path is the sum of the velocity; errors of the vertical one, which add up, are taken out by the floor, at height
    0: the lowest joint is there at some moment of every 5 seconds.
    """
    places = joint_places(directions)
    path = np.zeros_like(velocity)
    np.cumsum(0.5 * (velocity[1:] + velocity[:-1]) / np.float32(CANONICAL_FPS), axis=0, out=path[1:])
    path[:, 1] -= _floor(places[..., 1].min(axis=1) + path[:, 1])
    positions = np.zeros((len(places), JOINT_COUNT, 3), np.float32)
    positions[:, USED_JOINTS] = places + path[:, None]
    seat_trunk(positions, _SEATED)
    return positions


def _floor(lowest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Height of the floor (T,) below a body whose lowest joint is at `lowest` (T,)."""
    frames = round(_FLOOR_S * CANONICAL_FPS)
    if len(lowest) <= frames:
        return np.full_like(lowest, lowest.min())
    minima = np.lib.stride_tricks.sliding_window_view(lowest, frames).min(axis=1)
    padded = np.pad(minima, (frames - 1, frames - 1), mode="edge")  # a frame is in up to `frames` of the stretches
    sums = np.concatenate([[0.0], np.cumsum(padded, dtype=np.float64)])
    return np.asarray((sums[frames:] - sums[:-frames]) / frames, np.float32)
