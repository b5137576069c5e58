"""Names, bones and sides decide together: no joint that a rig has is called missing, and named sides stay as named."""

import re

import numpy as np
import pytest
from support.walking_body import motion_of, walking

from mretrieve.motion import JOINTS, PARENTS, Motion, find_rig_map, guess_rig_map
from mretrieve.motion.rigs.names import read_names

#: Words for pelvis, spine1 to spine3, neck, head; hip, knee, ankle, foot; collar, shoulder, elbow, wrist: no two in one
#: tool's convention.
HALF_KNOWN = [
    "Hips Back Back1 Back2 Neck Head UpLeg LoLeg Foot Toe Clavicle UpArm LoArm Hand",
    "Hips Spine Spine1 Spine2 Neck1 Head1 Thigh Shin Foot Toe0 Shoulder Upperarm Underarm Hand",
    "Root Torso Torso1 Torso2 Cervical Skull Femur Shank Tarsus Tip Scapula Bicep Ulna Palm",
    "COG Abdomen Chest Chest1 NeckBase HeadTop Haunch Calf Ankle Ball Clav ArmUpper ArmLower Grip",
    "Pelvis Waist Ribs Chest neck1 head1 LegUpper LegLower Feet Toes Collar Humerus Radius Wrist",
    "Hip Back01 Back02 Back03 Neck Head Thigh Knee Ankle Toe Shoulder Arm Elbow Hand",
    "下半身 上半身 上半身2 上半身3 首 頭 足 ひざ 足首 つま先 肩 腕 ひじ 手首",
    "Таз Поясница Спина Грудь Шея Голова Бедро Голень Стопа Носок Ключица Плечо Предплечье Кисть",
    "Becken Wirbel Wirbel1 Brust Hals Kopf Oberschenkel Unterschenkel Fuss Zehen Schulter Oberarm Unterarm Hand",
    "Body LowerSpine Spine Thorax Neck Head UpperLeg ForeLeg Foot ToeBase ShoulderBlade UArm FArm Hand",
]
UNKNOWN = "Vopa Tibe Nadu Kogi Mefo Suni Bazi Peku Dofa Gemi Zatu Nobi Fade Kupo"
SIDES = ["{w}.L {w}.R", "{w}_L {w}_R", "l_{w} r_{w}", "Left{w} Right{w}", "{w}_left {w}_right", "左{w} 右{w}",
         "{w}.Л {w}.П", "левая_{w} правая_{w}", "{w}-L {w}-R", "L {w}|R {w}"]  # fmt: skip
_ORDER = ("pelvis", "spine1", "spine2", "spine3", "neck", "head", "hip", "knee", "ankle", "foot", "collar", "shoulder",
          "elbow", "wrist")  # fmt: skip


def named(words: str, sides: str = "{w}_L {w}_R") -> tuple[str, ...]:
    """The names of the 22 joints by words in the order of _ORDER and a pattern for each side."""
    of_part = dict(zip(_ORDER, words.split(), strict=True))
    patterns = sides.split("|") if "|" in sides else sides.split(" ")
    names = []
    for name in JOINTS:
        side, _, part = name.rpartition("_")
        word = of_part[part]
        names.append(patterns[side == "right"].format(w=word) if side else word)
    return tuple(names)


def with_joints(motion: Motion, joints: list[tuple[str, int, np.ndarray]]) -> Motion:
    """The motion with more joints: name, parent, shift from the parent."""
    positions = [motion.positions]
    for _, parent, shift in joints:
        positions.append((motion.positions[:, parent] + shift)[:, None])
    return motion_of(
        np.concatenate(positions, axis=1),
        (*motion.rig.joint_names, *(name for name, _, _ in joints)),
        (*motion.rig.parents.tolist(), *(parent for _, parent, _ in joints)),
    )


def reordered(motion: Motion, seed: int) -> tuple[Motion, np.ndarray]:
    """The joints in another legal order, and where each went."""
    generator = np.random.default_rng(seed)
    order: list[int] = []
    free = np.flatnonzero(motion.rig.parents < 0).tolist()
    while free:
        order.append(free.pop(generator.integers(len(free))))
        free += np.flatnonzero(motion.rig.parents == order[-1]).tolist()
    went = np.argsort(order)
    parents = [went[p] if p >= 0 else -1 for p in motion.rig.parents[order]]
    names = tuple(motion.rig.joint_names[j] for j in order)
    return motion_of(motion.positions[:, order], names, parents), went


def hands_at_the_face(frame_count: int = 20) -> np.ndarray:
    """A body with straight legs whose elbows are raised forward of shoulders and wrists."""
    body = walking(1).repeat(frame_count, axis=0)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        hip, knee, ankle = (JOINTS.index(f"{side}_{part}") for part in ("hip", "knee", "ankle"))
        shoulder, elbow, wrist = (JOINTS.index(f"{side}_{part}") for part in ("shoulder", "elbow", "wrist"))
        body[:, knee] = body[:, hip] - [0, 0.38, 0]
        body[:, ankle] = body[:, knee] - [0, 0.41, 0]
        body[:, JOINTS.index(f"{side}_foot")] = body[:, ankle] - [0, 0.05, 0.10]  # what looks like toes is a heel
        body[:, elbow] = body[:, shoulder] + [0.1 * sign, 0.05, 0.23]
        body[:, wrist] = body[:, elbow] + [-0.15 * sign, 0.2, -0.06]
    return body


@pytest.mark.parametrize("words", HALF_KNOWN)
def test_words_of_no_one_tool_name_all_joints(words):
    motion = motion_of(walking(20), named(words))
    assert guess_rig_map(motion.rig, motion.positions).joints == tuple(range(22))


@pytest.mark.parametrize("sides", SIDES)
def test_sides_in_names_decide_even_if_the_words_are_unknown_and_the_body_seems_turned_round(sides):
    motion = motion_of(hands_at_the_face(), named(UNKNOWN, sides))
    found = guess_rig_map(motion.rig, motion.positions)
    assert found.joints == tuple(range(22))
    assert found.origin == "shape and sides in names"


@pytest.mark.parametrize("words", HALF_KNOWN)
def test_sides_in_names_decide_even_if_the_words_are_those_of_other_joints(words):
    central, sided = words.split()[:6], words.split()[6:]
    motion = motion_of(hands_at_the_face(), named(" ".join([*central, *sided[::-1]]), "{w}.L {w}.R"))
    found = guess_rig_map(motion.rig, motion.positions)
    for canonical, index in zip(JOINTS, found.joints, strict=True):
        if "_" in canonical and index is not None:
            assert motion.rig.joint_names[index].endswith(".L" if canonical.startswith("left") else ".R")


@pytest.mark.parametrize("words", HALF_KNOWN)
def test_sides_in_names_stand_when_arms_are_raised(words):
    motion = motion_of(hands_at_the_face(), named(words, "{w}.L {w}.R"))
    assert find_rig_map(motion.rig, motion.positions).joints == tuple(range(22))


@pytest.mark.parametrize("words", HALF_KNOWN)
@pytest.mark.parametrize("helper", ["__{w}", "{w}Helper", "{w}"])
def test_a_helper_in_the_pelvis_before_each_thigh_is_not_the_hip(words, helper):
    names, parents = list(named(words)), list(PARENTS)
    body = motion_of(walking(20), tuple(names))
    for side in ("left", "right"):
        hip = JOINTS.index(f"{side}_hip")
        word, _, mark = names[hip].rpartition("_")
        body = with_joints(body, [(f"{helper.format(w=word)}_{mark}", 0, np.zeros(3))])
        parents = body.rig.parents.tolist()
        parents[hip] = len(parents) - 1
        body = motion_of(body.positions, body.rig.joint_names, parents)
    body, went = reordered(body, 0)  # parents first
    found = find_rig_map(body.rig, body.positions)
    assert [found.joints[JOINTS.index(f"{side}_hip")] for side in ("left", "right")] == [went[1], went[2]]


@pytest.mark.parametrize("seed", range(10))
def test_order_prefixes_and_helpers_do_not_change_the_map(seed):
    words = HALF_KNOWN[seed]
    body = motion_of(walking(30), named(words))
    extras = [
        (f"{body.rig.joint_names[18]}Twist", 18, np.array([0.0, -0.1, 0.0])),
        (f"{body.rig.joint_names[19]}Twist", 19, np.array([0.0, -0.1, 0.0])),
        ("Skirt1", 0, np.array([0.1, -0.3, 0.1])), ("Jaw", 15, np.array([0.0, -0.03, 0.06])),
        ("Thumb_L", 20, np.array([0.02, -0.03, 0.02])), ("Thumb_R", 21, np.array([-0.02, -0.03, 0.02])),
    ]  # fmt: skip
    changed, went = reordered(with_joints(body, extras), seed)
    names = tuple(("Hero:", "rig_", "Bip01_", "char|")[seed % 4] + name for name in changed.rig.joint_names)
    changed = motion_of(changed.positions, names, changed.rig.parents.tolist())
    assert guess_rig_map(changed.rig, changed.positions).joints == tuple(went[:22])


def test_names_that_fit_nowhere_give_way_to_the_shape():
    names = np.array(named(HALF_KNOWN[0]))
    motion = motion_of(walking(), tuple(names[np.random.default_rng(1).permutation(22)]))
    found = guess_rig_map(motion.rig, motion.positions)
    assert found.joints == tuple(range(22))
    assert found.confidence < 0.8


def test_an_arm_that_ends_at_the_elbow_is_no_reason_to_take_other_joints():
    kept = [j for j, name in enumerate(JOINTS) if name != "right_wrist"]
    names = named(HALF_KNOWN[0])
    motion = motion_of(
        walking()[:, kept], tuple(names[j] for j in kept), [kept.index(PARENTS[j]) if j else -1 for j in kept]
    )
    found = find_rig_map(motion.rig, motion.positions)
    assert [None if index is None else kept[index] for index in found.joints] == [*range(21), None]


#: A cartoon body with short thighs and without hands, and the handles that move it: (name, parent, position).
HANDLED = [
    ("MASTER", -1, (0, 0, 0)), ("hip", 0, (0, 0.6, 0)), ("waist", 1, (0, 0.7, 0)), ("chest", 2, (0, 1.0, 0)),
    ("neck", 3, (0, 1.35, 0)), ("head", 4, (0, 1.5, -0.05)),
    *((f"{side}-arm", 3, (x, 1.2, 0)) for side, x in (("l", 0.3), ("r", -0.3))),
    *((f"{side}-forearm", parent, (x, 1.0, -0.1)) for side, parent, x in (("l", 6, 0.5), ("r", 7, -0.5))),
    *((f"{side}-thigh", 1, (x, 0.65, 0)) for side, x in (("l", 0.1), ("r", -0.1))),
    *((f"{side}-leg", parent, (x, 0.5, 0.03)) for side, parent, x in (("l", 10, 0.12), ("r", 11, -0.12))),
    *((f"{side}-foot", parent, (x, 0.05, 0)) for side, parent, x in (("l", 12, 0.15), ("r", 13, -0.15))),
    *((f"{side}-LEGCONTROL", 0, (x, 0.05, 0)) for side, x in (("l", 0.15), ("r", -0.15))),
    *((f"{side}-LEGORIENT", 0, (x, 0.5, 0.2)) for side, x in (("l", 0.12), ("r", -0.12))),
    *((f"{side}-ARMCONTROL", 0, (x, 0.8, 0.05)) for side, x in (("l", 0.8), ("r", -0.8))),
]  # fmt: skip


def test_arms_that_end_at_the_elbows_are_not_replaced_by_the_handles_of_the_rig():
    names, parents, places = zip(*HANDLED, strict=True)
    motion = motion_of(np.tile(places, (30, 1, 1)), names, parents)
    found = find_rig_map(motion.rig, motion.positions)
    expected = {"pelvis": "hip", "spine1": "waist", "spine3": "chest", "neck": "neck", "head": "head"}
    limbs = {"shoulder": "arm", "elbow": "forearm", "hip": "thigh", "knee": "leg", "ankle": "foot"}
    expected |= {f"{side}_{part}": f"{side[0]}-{word}" for side in ("left", "right") for part, word in limbs.items()}
    assert {
        name: names[index] for name, index in zip(JOINTS, found.joints, strict=True) if index is not None
    } == expected


@pytest.mark.parametrize(
    ("name", "side", "part"),
    [
        ("mixamorig:LeftUpLeg", "left", "hip"), ("LUArm", "left", "shoulder"), ("rradius", "right", "elbow"),
        ("左足首", "left", "ankle"), ("右ひじ", "right", "elbow"), ("Бедро.Л", "left", "hip"), ("ArmUpper_L", "left",
        "shoulder"), ("hand_r_jnt", "right", "wrist"), ("LEFTUPLEG", "left", "hip"), ("L5", "", "spine"),
        ("NeckTwist01", "", "neck"), ("rThighBend", "right", "hip"), ("Foreleg.L", "left", "knee"),
    ],
)  # fmt: skip
def test_a_name_is_read_word_by_word(name, side, part):
    (reading,) = read_names((name,))
    assert reading.side == side
    assert max(reading.parts, key=reading.score) == part
    assert not reading.is_helper


@pytest.mark.parametrize(
    "name", ["LeftHandThumb1", "L_ForearmTwist01", "Heel.L", "Head_end", "左親指", "__UpLeg_L", "l_claviclehelper"]
)
def test_helpers_fingers_and_ends_are_known_as_such(name):
    reading = read_names((name, "Hips", "Spine", "Head"))[0]
    assert reading.is_helper
    assert all(reading.score(part) <= 0 for part in re.split(r"\W+", "pelvis hip knee wrist head"))


def test_numbers_that_count_the_joints_are_no_part_of_their_names():
    names = ("pelvis_0", "thigh_l_1", "calf_l_2", "calf_l_2_end", "thigh_r_3", "clavicle0_l_4", "spine_01_5")
    assert [reading.stem for reading in read_names(names)] == [
        "pelvis", "thigh", "calf", "calfend", "thigh", "clavicle0", "spine01",
    ]  # fmt: skip


def test_numbers_that_several_joints_share_are_part_of_their_names():
    assert [reading.stem for reading in read_names(("spine_1", "finger_l_1", "finger_l_2"))] == [
        "spine1", "finger1", "finger2",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_of_two_pelvises_in_one_place_rounding_errors_choose_none(seed):
    body = walking(20)
    noise = 3e-7 * np.random.default_rng(seed).standard_normal((20, 3))
    pelvis, rest = body[:, :1], body[:, 1:]
    positions = np.concatenate([pelvis, pelvis + noise[:, None], rest], axis=1)
    names = named("Pelvis Back Back1 Back2 Neck Head UpLeg LoLeg Foot Toe Clavicle UpArm LoArm Hand")
    parents = (-1, 0, *(parent + 1 for parent in PARENTS[1:]))
    motion = motion_of(positions, (names[0], "Body", *names[1:]), parents)
    assert guess_rig_map(motion.rig, motion.positions).joints[0] == 0
