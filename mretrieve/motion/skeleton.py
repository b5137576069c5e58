"""The canonical skeleton: the 22 body joints of SMPL, in metres, Y up, right-handed, facing +Z at heading zero."""

from __future__ import annotations

from functools import cache

JOINTS: tuple[str, ...] = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
JOINT_COUNT = len(JOINTS)

#: Parent of each joint, in the order of JOINTS; a parent precedes its children.
PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

#: The joint on the other side of the body (itself on the midline), in the order of JOINTS.
MIRROR: tuple[int, ...] = (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20)

#: Joints of each body part; together they cover every joint once.
PARTS: dict[str, tuple[int, ...]] = {
    "torso": (0, 3, 6, 9, 12, 15),
    "left_arm": (13, 16, 18, 20),
    "right_arm": (14, 17, 19, 21),
    "left_leg": (1, 4, 7, 10),
    "right_leg": (2, 5, 8, 11),
}


@cache
def joint(name: str) -> int:
    """Index of a canonical joint by its name; ValueError for a name that is not one of JOINTS."""
    return JOINTS.index(name)
