"""What a motion is: as a file has it (Motion) and on the canonical skeleton (Clip), and the way from one to the other."""

from .clip import CANONICAL_FPS, Clip
from .motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, Motion, Rig
from .skeleton import JOINT_COUNT, JOINTS, MIRROR, PARENTS, PARTS

__all__ = [
    "CANONICAL_FPS",
    "JOINTS",
    "JOINT_COUNT",
    "MIRROR",
    "PARENTS",
    "PARTS",
    "ROTATE_X",
    "ROTATE_Y",
    "ROTATE_Z",
    "TRANSLATE_X",
    "TRANSLATE_Y",
    "TRANSLATE_Z",
    "Clip",
    "Motion",
    "Rig",
]
