"""The joints that every rig has in the same place, and the bones between them."""

from __future__ import annotations

from .skeleton import joint

#: The joints that every rig has in the same place: no inner spine joints and no collars, whose place is convention.
USED_JOINTS: tuple[int, ...] = tuple(
    map(
        joint,
        (
            "pelvis", "left_hip", "right_hip", "spine3", "left_knee", "right_knee", "left_ankle", "right_ankle",
            "left_foot", "right_foot", "neck", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
            "left_wrist", "right_wrist",
        ),
    )
)  # fmt: skip
#: Parent of each used joint but the pelvis, as positions in USED_JOINTS.
BONES: tuple[tuple[int, int], ...] = (
    (0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (4, 6), (5, 7), (6, 8), (7, 9), (3, 10), (10, 11), (3, 12), (3, 13),
    (12, 14), (13, 15), (14, 16), (15, 17),
)  # fmt: skip
