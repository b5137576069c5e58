"""The joints of every known tool are found by name, under any prefix and among any companions."""

import numpy as np
import pytest
from support.walking_body import motion_of, walking, without

from mretrieve.motion import JOINTS, find_rig_map

PARTS = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
MIDLINE = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")

#: origin, how a sided name is written, the eight sided parts, the six of the midline ("" where the tool has none)
TOOLS = [
    ("CMU/HDM05 ASF", "{l}{part}", "femur tibia foot toes clavicle humerus radius hand",
     "root upperback thorax lowerneck upperneck head"),
    ("Mixamo", "mixamorig:{Left}{Part}", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand",
     "mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck mixamorig:Head"),
    ("Mixamo", "mixamorig7{Left}{Part}", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand",
     "mixamorig7Hips mixamorig7Spine mixamorig7Spine1 mixamorig7Spine2 mixamorig7Neck mixamorig7Head"),
    ("MotionBuilder", "Character1_{Left}{Part}", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand",
     "Character1_Hips Character1_Spine Character1_Spine1 Character1_Spine2 Character1_Neck Character1_Head"),
    ("LAFAN1", "{Left}{Part}", "UpLeg Leg Foot Toe Shoulder Arm ForeArm Hand", "Hips Spine Spine1 Spine2 Neck Head"),
    ("CC_Base/iClone", "CC_Base_{L}_{Part}", "Thigh Calf Foot ToeBase Clavicle Upperarm Forearm Hand",
     "CC_Base_Hip CC_Base_Waist CC_Base_Spine01 CC_Base_Spine02 CC_Base_NeckTwist01 CC_Base_Head"),
    ("Bandai Namco", "{Part}_{L}", "UpperLeg LowerLeg Foot Toes Shoulder UpperArm LowerArm Hand",
     "Hips Spine  Chest Neck Head"),
    ("Rokoko", "{Left}{Part}", "Thigh Shin Foot Toe Shoulder Arm ForeArm Hand", "Hips Spine Spine1 Spine2 Neck Head"),
    ("Xsens BVH", "{Left}{Part}", "Hip Knee Ankle Toe Collar Shoulder Elbow Wrist",
     "Hips Chest Chest2 Chest3 Neck Head"),
    ("Xsens MVN", "{Left}{Part}", "UpperLeg LowerLeg Foot Toe Shoulder UpperArm ForeArm Hand",
     "Pelvis L5 L3 T12 Neck Head"),
    ("Unreal mannequin", "{part}_{l}", "thigh calf foot ball clavicle upperarm lowerarm hand",
     "pelvis spine_01 spine_02 spine_03 neck_01 head"),
    ("3ds Max Biped", "Bip01~{L}~{Part}", "Thigh Calf Foot Toe0 Clavicle UpperArm Forearm Hand",
     "Bip01~Pelvis Bip01~Spine Bip01~Spine1 Bip01~Spine2 Bip01~Neck Bip01~Head"),
    ("SMPL", "{L}_{Part}", "Hip Knee Ankle Foot Collar Shoulder Elbow Wrist", "Pelvis Spine1 Spine2 Spine3 Neck Head"),
    ("SMPL", "{left}_{part}", "hip knee ankle foot collar shoulder elbow wrist",
     "pelvis spine1 spine2 spine3 neck head"),
    ("Human3.6M", "{Left}{Part}", "Hip Knee Ankle  Shoulder Elbow Wrist", "Hip Spine   Thorax Head"),
    ("Kinect", "{Part}{Left}", "Hip Knee Ankle Foot  Shoulder Elbow Wrist", "SpineBase  SpineMid  Neck Head"),
    ("OptiTrack Motive", "{L}{Part}", "Thigh Shin Foot Toe Shoulder UArm FArm Hand", "Hip Ab  Chest Neck Head"),
    ("Daz or Poser", "{l}{Part}", "Thigh Shin Foot Toe Collar Shldr ForeArm Hand", "hip abdomen  chest neck head"),
    ("Blender Rigify", "DEF-{part}.{L}", "thigh shin foot toe shoulder upper_arm forearm hand",
     "DEF-spine DEF-spine.001 DEF-spine.002 DEF-spine.003 DEF-spine.004 DEF-spine.006"),
]  # fmt: skip


def names_of(pattern: str, sided: str, midline: str) -> dict[str, str]:
    """The tool's name of each canonical joint that it has."""
    names = {part: name.replace("~", " ") for part, name in zip(MIDLINE, midline.split(" "), strict=True) if name}
    words = sided.split(" ")
    parts = PARTS if len(words) == 8 else tuple(part for part in PARTS if part != "collar")
    for side in ("left", "right"):
        for part, word in zip(parts, words, strict=True):
            if word:
                spelled = pattern.format(
                    left=side, Left=side.title(), l=side[0], L=side[0].upper(), part=word, Part=word
                ).replace("~", " ")
                names[f"{side}_{part}"] = spelled
    return names


@pytest.mark.parametrize(("origin", "pattern", "sided", "midline"), TOOLS, ids=[f"{t[0]} {t[1]}" for t in TOOLS])
def test_a_tools_own_names_are_found(origin, pattern, sided, midline):
    names = names_of(pattern, sided, midline)
    positions, kept, parents = without(walking(20), tuple(set(JOINTS) - set(names)))
    motion = motion_of(positions, tuple(names[name] for name in kept), parents)
    rig_map = find_rig_map(motion.rig, motion.positions)
    canonical = set(motion.rig.joint_names) <= set(JOINTS)
    assert rig_map.origin == ("names" if canonical else "names and shape")
    found = {JOINTS[j]: motion.rig.joint_names[rig_map.joints[j]] for j in rig_map.mapped}
    limbs = {name: spelled for name, spelled in names.items() if not name.startswith("spine")}
    assert {name: found[name] for name in limbs} == limbs
    spine = [found[name] for name in MIDLINE if name.startswith("spine") and name in found]
    assert spine == [names[name] for name in MIDLINE if name.startswith("spine") and name in names]


def test_twist_finger_face_and_share_bones_change_nothing(walk):
    companions = ("LeftForeArmTwist", "LeftArmRoll", "LeftHandThumb1", "LeftHandIndex1", "LeftKneeShareBone", "LeftEye",
                  "Jaw", "LeftToe_End", "Head_end")  # fmt: skip
    names = names_of(
        "{Left}{Part}", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand", "Hips Spine Spine1 Spine2 Neck Head"
    )
    at = (18, 16, 20, 20, 4, 15, 15, 10, 15)
    positions = np.concatenate([walk.positions, walk.positions[:, at] + 0.01], axis=1)
    rig_names = (*(names[name] for name in JOINTS), *companions)
    motion = motion_of(positions, rig_names, (*walk.rig.parents, *at))
    assert find_rig_map(motion.rig, motion.positions).joints == tuple(range(22))


def test_of_joints_with_one_name_the_one_nearest_to_the_root_is_taken(walk):
    motion = motion_of(
        np.concatenate([walk.positions, walk.positions[:, [20]]], axis=1),
        (*JOINTS, "left_wrist"),
        (*walk.rig.parents, 20),
    )
    assert find_rig_map(motion.rig, motion.positions).joints == tuple(range(22))


@pytest.mark.parametrize("count", range(1, 9))
def test_a_spine_of_any_length_is_mapped_from_bottom_to_top(count):
    spine = [f"Spine{number or ''}" for number in range(count)]
    back = np.linspace(0, 1, count + 2)[1:-1]
    body = walking(20)
    points = np.stack([body[:, 0] + part * (body[:, 12] - body[:, 0]) for part in back], axis=1)
    names = names_of("{Left}{Part}", "UpLeg Leg Foot ToeBase Shoulder Arm ForeArm Hand", "Hips    Neck Head")
    positions, kept, _ = without(body, ("spine1", "spine2", "spine3"))
    motion = motion_of(
        np.concatenate([positions, points], axis=1), (*(names[n] for n in kept), *spine), (-1,) * (len(kept) + count)
    )
    found = [
        index for index in np.array(find_rig_map(motion.rig, motion.positions).joints)[[3, 6, 9]] if index is not None
    ]
    assert len(found) == min(3, count)
    assert found == sorted(found)
