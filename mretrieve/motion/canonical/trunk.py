"""The canonical trunk: pelvis, spine and collars at the same places in every body, wherever a rig puts its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

#: Where SMPL's mean body has them on the way from the middle of the hips (0) to the neck (1).
_SEATS = {"pelvis": 0.15, "spine1": 0.33, "spine2": 0.55, "spine3": 0.64}
#: A collar is at this part of the distance from neck to shoulder, and this part of that from neck to spine3 below it.
_COLLAR_OUT, _COLLAR_DOWN = 0.46, 0.30
_LEAST_BONE_M = 0.005


def seat_trunk(positions: NDArray[np.float32], mapped: NDArray[np.intp]) -> None:
    """Move pelvis, spine1 to spine3 and the collars of positions (T, 22, 3), metres, in place to where SMPL has them.

    These joints are not anatomy: one tool's "Spine" is 8 cm above the hips, another's 20 cm; one's collars are 3 cm
    from the midline, another's on it. The curve from the middle of the hips through the pelvis and those spine joints
    that are `mapped` to the neck is measured, and the canonical joints are placed on it at fixed parts of its length.
    Hips, neck and shoulders, which are anatomy, must hold values.
    """
    hips = (positions[:, joint("left_hip")] + positions[:, joint("right_hip")]) / 2
    neck = positions[:, joint("neck")]
    known = [positions[:, joint(name)].copy() for name in _SEATS if joint(name) in mapped]
    curve: list[NDArray[np.floating]] = [hips]
    lengths = [0.0]
    for point in (*known, neck):
        bone = point - curve[-1]
        length = float(np.sqrt(np.einsum("ti,ti->t", bone, bone)).mean())
        if length > _LEAST_BONE_M:
            curve.append(point)
            lengths.append(lengths[-1] + length)
    if len(curve) == 1:  # a rig whose neck is in its hips
        curve, lengths = [hips, hips], [0.0, 1.0]
    for name, part in _SEATS.items():
        length = part * lengths[-1]
        upper = min(int(np.searchsorted(lengths, length, side="right")), len(curve) - 1)
        weight = np.float32((length - lengths[upper - 1]) / (lengths[upper] - lengths[upper - 1]))
        positions[:, joint(name)] = curve[upper - 1] + weight * (curve[upper] - curve[upper - 1])
    below_neck = np.float32(_COLLAR_DOWN) * (positions[:, joint("spine3")] - neck)
    for side in ("left", "right"):
        outwards = np.float32(_COLLAR_OUT) * (positions[:, joint(f"{side}_shoulder")] - neck)
        positions[:, joint(f"{side}_collar")] = neck + outwards + below_neck
