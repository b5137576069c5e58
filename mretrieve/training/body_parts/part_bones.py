"""The bones of body parts, and how much a part differs between two motions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ...encoders.systems.body_part_embedding import PART_JOINTS
from ...motion.skeleton import joint

#: Bones between the joints that the parts are made of: parent and child, a parent's own bone before its child's.
BONES = tuple(
    (joint(parent), joint(child))
    for parent, child in (
        ("pelvis", "left_hip"), ("pelvis", "right_hip"), ("pelvis", "neck"), ("neck", "left_shoulder"),
        ("neck", "right_shoulder"), ("left_hip", "left_knee"), ("right_hip", "right_knee"), ("left_knee", "left_ankle"),
        ("right_knee", "right_ankle"), ("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"),
        ("left_elbow", "left_wrist"), ("right_elbow", "right_wrist"),
    )
)  # fmt: skip
#: The bones of each part that a variation changes: for a limb those below its reference joint, for the torso all of it.
BONES_OF: Mapping[str, NDArray[np.intp]] = {
    part: np.array([number for number, (_, child) in enumerate(BONES) if child in of.joints])
    for part, of in PART_JOINTS.items()
}
#: The spine among the bones of the torso.
SPINE = BONES_OF["torso"].tolist().index(BONES.index((joint("pelvis"), joint("neck"))))
#: The bones on which differences are measured: for the torso the spine, because a variation moves no other.
_MEASURED = {part: numbers if part != "torso" else numbers[[SPINE]] for part, numbers in BONES_OF.items()}


def variation_of(bones: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """How much each part differs between every two of N motions: (N, N), from their bones (..., T, 13, 3).

    The root mean square distance between the directions of the part's bones in the frame of the body, over bones and
    frames: 0 if they are the same, 2 if they are opposite. Of the torso it is the spine's. This takes the place of
    equation 2 of the paper, which subtracts the levels of the characteristics, whatever they do to the motion.
    """
    directions = bones / np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-6)
    variation = {}
    for part, numbers in _MEASURED.items():
        flat = directions[..., numbers, :].reshape(-1, bones.shape[-3] * len(numbers) * 3)
        cosine = flat @ flat.T * np.float32(3 / flat.shape[1])
        variation[part] = np.sqrt(np.maximum(2 - 2 * cosine, 0))
    return variation
