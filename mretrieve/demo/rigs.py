"""Rigs of well-known tools, and one of no tool: names, joints, rest pose, unit, axes, channel orders and rate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .curves import Floats
from .rotations import about


@dataclass(frozen=True)
class RigJoint:
    """A joint of a rig, placed and turned by the body."""

    name: str
    parent: str  # "" for the root
    plays: str  # the canonical joint with which it turns; "" for a root that stays at the origin
    channels: str = ""  # x, y, z translate, X, Y, Z rotate
    at: tuple[str, ...] = ()  # in T-pose the mean of these points of the body; none: where the joint is that it plays
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)  # from there: outward, up, forward; metres of an adult
    axis_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)  # ASF `axis`: about X, then Y, then Z


@dataclass(frozen=True, eq=False)
class RigTemplate:
    """How one tool would have captured a body."""

    name: str
    suffix: str  # ".bvh" or ".amc"
    fps: float
    metres_per_unit: float
    decimals: int  # digits in its files
    joints: tuple[RigJoint, ...]  # a parent precedes its children
    world: Floats = field(default_factory=lambda: np.eye(3))  # file from canonical axes
    arms_down_deg: float = 0.0  # rest pose: 0 is a T-pose
    legs_apart_deg: float = 0.0

    def rest(self, canonical_joint: str) -> Floats:
        """Rotation (3, 3) that brings a T-pose joint to the rest pose."""
        side = -1.0 if canonical_joint.startswith("right_") else 1.0
        part = canonical_joint.partition("_")[2]
        if part in ("shoulder", "elbow", "wrist"):
            return about("z", -side * np.radians(self.arms_down_deg))
        if part in ("hip", "knee", "ankle", "foot"):
            return about("z", side * np.radians(self.legs_apart_deg))
        return np.eye(3)


def _both(*joints: RigJoint, words: tuple[str, str] = ("left", "right")) -> tuple[RigJoint, ...]:
    """Joints for both sides: "{s}" becomes the rig's word for the side, "{side}" left or right."""
    sided = []
    for side, word in zip(("left", "right"), words, strict=True):
        for joint in joints:
            name, parent, plays = (text.format(s=word, side=side) for text in (joint.name, joint.parent, joint.plays))
            at = tuple(point.format(side=side) for point in joint.at)
            sided.append(replace(joint, name=name, parent=parent, plays=plays, at=at))
    return tuple(sided)


def _tree(*joints: RigJoint) -> tuple[RigJoint, ...]:
    """The joints depth first, as files list them."""

    def below(parent: str) -> list[RigJoint]:
        own = [joint for joint in joints if joint.parent == parent]
        return [found for joint in own for found in (joint, *below(joint.name))]

    return tuple(below(""))


def _end(parent: str, plays: str, point: str) -> RigJoint:
    return RigJoint(f"{parent}_end", parent, plays, at=(point,))


J = RigJoint
_HAND = ("{side}_wrist", "{side}_hand_end")
_LOWER_FOREARM = ("{side}_elbow", "{side}_wrist", "{side}_wrist")  # two thirds of the way

MIXAMO = RigTemplate("mixamo", ".bvh", 60.0, 0.01, 4, _tree(
    J("mixamorig:Hips", "", "pelvis", "xyzZXY"),
    J("mixamorig:Spine", "mixamorig:Hips", "spine1", "ZXY"),
    J("mixamorig:Spine1", "mixamorig:Spine", "spine2", "ZXY"),
    J("mixamorig:Spine2", "mixamorig:Spine1", "spine3", "ZXY"),
    J("mixamorig:Neck", "mixamorig:Spine2", "neck", "ZXY"),
    J("mixamorig:Head", "mixamorig:Neck", "head", "ZXY"),
    _end("mixamorig:Head", "head", "head_end"),
    *_both(
        J("mixamorig:{s}Shoulder", "mixamorig:Spine2", "{side}_collar", "ZXY"),
        J("mixamorig:{s}Arm", "mixamorig:{s}Shoulder", "{side}_shoulder", "ZXY"),
        J("mixamorig:{s}ForeArm", "mixamorig:{s}Arm", "{side}_elbow", "ZXY"),
        J("mixamorig:{s}Hand", "mixamorig:{s}ForeArm", "{side}_wrist", "ZXY"),
        _end("mixamorig:{s}Hand", "{side}_wrist", "{side}_hand_end"),
        J("mixamorig:{s}UpLeg", "mixamorig:Hips", "{side}_hip", "ZXY"),
        J("mixamorig:{s}Leg", "mixamorig:{s}UpLeg", "{side}_knee", "ZXY"),
        J("mixamorig:{s}Foot", "mixamorig:{s}Leg", "{side}_ankle", "ZXY"),
        J("mixamorig:{s}ToeBase", "mixamorig:{s}Foot", "{side}_foot", "ZXY"),
        _end("mixamorig:{s}ToeBase", "{side}_foot", "{side}_toe_end"),
        words=("Left", "Right"),
    ),
))  # fmt: skip

#: Z up, facing -Y, with the twist and finger bones of a game character, in a pose with half-lowered arms.
UNREAL = RigTemplate("unreal", ".bvh", 30.0, 0.01, 4, _tree(
    J("root", "", ""),
    J("pelvis", "root", "pelvis", "xyzZYX"),
    J("spine_01", "pelvis", "spine1", "ZYX"),
    J("spine_02", "spine_01", "spine2", "ZYX"),
    J("spine_03", "spine_02", "spine3", "ZYX"),
    J("neck_01", "spine_03", "neck", "ZYX"),
    J("head", "neck_01", "head", "ZYX"),
    _end("head", "head", "head_end"),
    *_both(
        J("clavicle_{s}", "spine_03", "{side}_collar", "ZYX"),
        J("upperarm_{s}", "clavicle_{s}", "{side}_shoulder", "ZYX"),
        J("upperarm_twist_01_{s}", "upperarm_{s}", "{side}_shoulder", "ZYX", ("{side}_shoulder", "{side}_elbow")),
        J("lowerarm_{s}", "upperarm_{s}", "{side}_elbow", "ZYX"),
        J("lowerarm_twist_01_{s}", "lowerarm_{s}", "{side}_elbow", "ZYX", ("{side}_elbow", "{side}_wrist")),
        J("hand_{s}", "lowerarm_{s}", "{side}_wrist", "ZYX"),
        J("thumb_01_{s}", "hand_{s}", "{side}_wrist", "ZYX", ("{side}_wrist",), (0.03, 0.0, 0.03)),
        J("thumb_02_{s}", "thumb_01_{s}", "{side}_wrist", "ZYX", ("{side}_wrist",), (0.06, 0.0, 0.05)),
        J("index_01_{s}", "hand_{s}", "{side}_wrist", "ZYX", _HAND, (0.0, 0.0, 0.02)),
        J("index_02_{s}", "index_01_{s}", "{side}_wrist", "ZYX", _HAND, (0.04, 0.0, 0.02)),
        J("pinky_01_{s}", "hand_{s}", "{side}_wrist", "ZYX", _HAND, (0.0, 0.0, -0.04)),
        J("pinky_02_{s}", "pinky_01_{s}", "{side}_wrist", "ZYX", _HAND, (0.03, 0.0, -0.04)),
        J("thigh_{s}", "pelvis", "{side}_hip", "ZYX"),
        J("thigh_twist_01_{s}", "thigh_{s}", "{side}_hip", "ZYX", ("{side}_hip", "{side}_knee")),
        J("calf_{s}", "thigh_{s}", "{side}_knee", "ZYX"),
        J("calf_twist_01_{s}", "calf_{s}", "{side}_knee", "ZYX", ("{side}_knee", "{side}_ankle")),
        J("foot_{s}", "calf_{s}", "{side}_ankle", "ZYX"),
        J("ball_{s}", "foot_{s}", "{side}_foot", "ZYX"),
        _end("ball_{s}", "{side}_foot", "{side}_toe_end"),
        words=("l", "r"),
    ),
), world=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), arms_down_deg=50.0)  # fmt: skip

#: The Acclaim skeleton of the CMU library, with its frames: knees and elbows turn about X alone.
CMU = RigTemplate("cmu", ".amc", 120.0, 0.0254 / 0.45, 4, _tree(
    J("root", "", "pelvis", "xyzZYX"),
    *_both(
        J("{s}hipjoint", "root", "pelvis", at=("pelvis",)),
        J("{s}femur", "{s}hipjoint", "{side}_hip", "ZYX"),
        J("{s}tibia", "{s}femur", "{side}_knee", "X"),
        J("{s}foot", "{s}tibia", "{side}_ankle", "ZYX", axis_deg=(-90, 0, 0)),
        J("{s}toes", "{s}foot", "{side}_foot", "X"),
        _end("{s}toes", "{side}_foot", "{side}_toe_end"),
        words=("l", "r"),
    ),
    J("lowerback", "root", "pelvis", "ZYX"),
    J("upperback", "lowerback", "spine1", "ZYX"),
    J("thorax", "upperback", "spine2", "ZYX"),
    J("lowerneck", "thorax", "spine3", "ZYX"),
    J("upperneck", "lowerneck", "neck", "ZYX"),
    J("head", "upperneck", "head", "ZYX"),
    _end("head", "head", "head_end"),
    *_both(
        J("{s}collarjoint", "thorax", "spine3"),
        J("{s}clavicle", "{s}collarjoint", "{side}_collar", "ZYX"),
        J("{s}humerus", "{s}clavicle", "{side}_shoulder", "ZYX", axis_deg=(0, 0, 90)),
        J("{s}radius", "{s}humerus", "{side}_elbow", "X", axis_deg=(0, 0, 90)),
        J("{s}wrist", "{s}radius", "{side}_elbow", "Y", _LOWER_FOREARM, axis_deg=(0, 0, 90)),
        J("{s}hand", "{s}wrist", "{side}_wrist", "ZYX", axis_deg=(0, 0, 90)),
        J("{s}fingers", "{s}hand", "{side}_wrist", "X", _HAND, axis_deg=(0, 0, 90)),
        _end("{s}fingers", "{side}_wrist", "{side}_hand_end"),
        J("{s}thumb", "{s}wrist", "{side}_wrist", "ZYX", ("{side}_wrist",), axis_deg=(0, 45, 0)),
        J("{s}thumb_end", "{s}thumb", "{side}_wrist", "", ("{side}_wrist",), (0.06, 0.0, 0.05)),
        words=("l", "r"),
    ),
), legs_apart_deg=20.0)  # fmt: skip

#: 3ds Max: inches, Z up, arms and legs named by side first.
BIPED = RigTemplate("biped", ".bvh", 30000 / 1001, 0.0254, 5, _tree(
    J("Bip01", "", "pelvis", "xyzZXY"),
    J("Bip01_Pelvis", "Bip01", "pelvis", "ZXY"),
    J("Bip01_Spine", "Bip01_Pelvis", "spine1", "ZXY"),
    J("Bip01_Spine1", "Bip01_Spine", "spine2", "ZXY"),
    J("Bip01_Spine2", "Bip01_Spine1", "spine3", "ZXY"),
    J("Bip01_Neck", "Bip01_Spine2", "neck", "ZXY"),
    J("Bip01_Head", "Bip01_Neck", "head", "ZXY"),
    _end("Bip01_Head", "head", "head_end"),
    *_both(
        J("Bip01_{s}_Clavicle", "Bip01_Spine2", "{side}_collar", "ZXY"),
        J("Bip01_{s}_UpperArm", "Bip01_{s}_Clavicle", "{side}_shoulder", "ZXY"),
        J("Bip01_{s}_Forearm", "Bip01_{s}_UpperArm", "{side}_elbow", "ZXY"),
        J("Bip01_{s}_Hand", "Bip01_{s}_Forearm", "{side}_wrist", "ZXY"),
        _end("Bip01_{s}_Hand", "{side}_wrist", "{side}_hand_end"),
        J("Bip01_{s}_Thigh", "Bip01_Pelvis", "{side}_hip", "ZXY"),
        J("Bip01_{s}_Calf", "Bip01_{s}_Thigh", "{side}_knee", "ZXY"),
        J("Bip01_{s}_Foot", "Bip01_{s}_Calf", "{side}_ankle", "ZXY"),
        J("Bip01_{s}_Toe0", "Bip01_{s}_Foot", "{side}_foot", "ZXY"),
        _end("Bip01_{s}_Toe0", "{side}_foot", "{side}_toe_end"),
        words=("L", "R"),
    ),
), world=np.array([[0, 0, 1.0], [1, 0, 0], [0, 1, 0]]), arms_down_deg=80.0)  # fmt: skip

_NUMBERED = {joint.name: f"j{number:02d}" for number, joint in enumerate(MIXAMO.joints, start=1)}
_NUMBERED |= {joint.name: f"{_NUMBERED[joint.parent]}_end" for joint in MIXAMO.joints if joint.name.endswith("_end")}

#: A rig that no table of names knows: metres, arms hanging at rest, every joint by a number.
NUMBERED = RigTemplate(
    "numbered", ".bvh", 50.0, 1.0, 5,
    tuple(
        replace(
            joint,
            name=_NUMBERED[joint.name],
            parent=_NUMBERED.get(joint.parent, ""),
            channels=joint.channels.replace("ZXY", "YZX"),
        )
        for joint in MIXAMO.joints
    ),
    arms_down_deg=85.0,
)  # fmt: skip

RIGS = {template.name: template for template in (MIXAMO, UNREAL, CMU, BIPED, NUMBERED)}
