"""Motion as a file has it (Motion), on the canonical skeleton (Clip), and the conversion of one to the other."""

from .body_view import HeadingView, body_view, heading_view, mirror
from .canonical.conversion import canonicalise
from .clip import CANONICAL_FPS, Clip, LabelledClip
from .motion import ROTATE_X, ROTATE_Y, ROTATE_Z, TRANSLATE_X, TRANSLATE_Y, TRANSLATE_Z, Motion, Rig
from .rigs.rig_file import load_rig_map, save_rig_map
from .rigs.rig_map import RigMap, find_rig_map, guess_rig_map
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
    "HeadingView",
    "LabelledClip",
    "Motion",
    "Rig",
    "RigMap",
    "body_view",
    "canonicalise",
    "find_rig_map",
    "guess_rig_map",
    "heading_view",
    "load_rig_map",
    "mirror",
    "save_rig_map",
]
