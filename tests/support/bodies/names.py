"""What tools, translators and vandals call the joints of a body."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from support.bodies.figure import part_of, side_of
from support.bodies.rig_plan import Plan

#: Parts in the order of the word lists below; "spine" has up to five words, between bars, for one joint each.
_PARTS = ("pelvis", "spine", "neck", "head", "collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot")


@dataclass(frozen=True)
class NameStyle:
    """How one tool spells names.

    Attributes:
        name: of the tool or language.
        words: by part; of the spine one word per joint, of "neck" one or two.
        sided: the pattern of a joint with a side, of "{s}" and "{w}".
        central: the pattern of one on the midline.
        sides: the words for left and right.
        knows_sides: whether readers can be expected to know these words.
    """

    name: str
    words: dict[str, tuple[str, ...]]
    sided: str
    central: str = "{w}"
    sides: tuple[str, str] = ("Left", "Right")
    knows_sides: bool = True


def _style(
    name: str, words: str, sided: str, central: str = "{w}", sides: tuple[str, str] = ("Left", "Right"),
    knows_sides: bool = True,
) -> NameStyle:  # fmt: skip
    parts = [tuple(part.split(",")) for part in words.split()]
    return NameStyle(name, dict(zip(_PARTS, parts, strict=True)), sided, central, sides, knows_sides)


_L, _LOW = ("L", "R"), ("l", "r")
STYLES = (
    _style("Mixamo", "Hips Spine,Spine1,Spine2,Spine3,Spine4 Neck,Neck1 Head Shoulder Arm ForeArm Hand UpLeg Leg Foot "
           "ToeBase", "mixamorig:{s}{w}", "mixamorig:{w}"),
    _style("MotionBuilder", "Hips Spine,Spine1,Spine2,Spine3,Spine4 Neck,Neck1 Head Shoulder Arm ForeArm Hand UpLeg "
           "Leg Foot ToeBase", "{s}{w}"),
    _style("CMU", "root upperback,thorax,lowerneck,spine4,spine5 upperneck,neck head clavicle humerus radius hand "
           "femur tibia foot toes", "{s}{w}", sides=_LOW),
    _style("CMU in BVH", "Hips Spine,Spine1,Spine2,Spine3,Spine4 Neck1,Neck2 Head Shoulder Arm ForeArm Hand UpLeg Leg "
           "Foot ToeBase", "{s}{w}"),
    _style("Biped", "Pelvis Spine,Spine1,Spine2,Spine3,Spine4 Neck,Neck1 Head Clavicle UpperArm Forearm Hand Thigh "
           "Calf Foot Toe0", "Bip01_{s}_{w}", "Bip01_{w}", _L),
    _style("Biped with blanks", "Pelvis Spine,Spine1,Spine2,Spine3,Spine4 Neck,Neck1 Head Clavicle UpperArm Forearm "
           "Hand Thigh Calf Foot Toe0", "Bip001 {s} {w}", "Bip001 {w}", _L),
    _style("game engine Biped", "Pelvis Spine,Spine1,Spine2,Spine3,Spine4 Neck1,Neck2 Head1 Clavicle UpperArm Forearm "
           "Hand Thigh Calf Foot Toe0", "ValveBiped.Bip01_{s}_{w}", "ValveBiped.Bip01_{w}", _L),
    _style("Unreal", "pelvis spine_01,spine_02,spine_03,spine_04,spine_05 neck_01,neck_02 head clavicle upperarm "
           "lowerarm hand thigh calf foot ball", "{w}_{s}", sides=_LOW),
    _style("VRM", "Hips Spine,Chest,UpperChest,UpperChest2,UpperChest3 Neck,Neck2 Head Shoulder UpperArm LowerArm Hand "
           "UpperLeg LowerLeg Foot ToeBase", "J_Bip_{s}_{w}", "J_Bip_C_{w}", _L),
    _style("Unity", "Hips Spine,Chest,UpperChest,Chest2,Chest3 Neck,Neck2 Head Shoulder UpperArm LowerArm Hand "
           "UpperLeg LowerLeg Foot Toes", "{s}{w}"),
    _style("Japanese", "下半身 上半身,上半身2,上半身3,上半身4,上半身5 首,首1 頭 肩 腕 ひじ 手首 足 ひざ 足首 つま先",
           "{s}{w}", sides=("左", "右")),
    _style("Rigify", "spine spine.001,spine.002,spine.003,chest,chest.001 spine.004,spine.005 spine.006 shoulder "
           "upper_arm forearm hand thigh shin foot toe", "{w}.{s}", sides=_L),
    _style("Rigify deforming", "DEF-spine DEF-spine.001,DEF-spine.002,DEF-spine.003,DEF-chest,DEF-chest.1 "
           "DEF-spine.004,DEF-spine.005 DEF-spine.006 DEF-shoulder DEF-upper_arm DEF-forearm DEF-hand DEF-thigh "
           "DEF-shin DEF-foot DEF-toe", "{w}.{s}", sides=_L),
    _style("Blender by hand", "hips spine,chest,chest2,chest3,chest4 neck,neck2 head shoulder upper_arm lower_arm hand "
           "upper_leg lower_leg foot toe", "{w}.{s}", sides=_L),
    _style("Daz", "hip abdomenLower,abdomenUpper,chestLower,chestUpper,chest3 neckLower,neckUpper head Collar "
           "ShldrBend ForearmBend Hand ThighBend Shin Foot Toe", "{s}{w}", sides=_LOW),
    _style("Poser", "hip abdomen,chest,chest2,chest3,chest4 neck,neck1 head Collar Shldr ForeArm Hand Thigh Shin Foot "
           "Toe", "{s}{w}", sides=_LOW),
    _style("Biovision", "Hips Chest,Chest2,Chest3,Chest4,Chest5 Neck,Neck2 Head Collar Shoulder Elbow Wrist Hip Knee "
           "Ankle Toe", "{s}{w}"),
    _style("Xsens", "Pelvis L5,L3,T12,T8,T4 Neck,Neck2 Head Shoulder UpperArm ForeArm Hand UpperLeg LowerLeg Foot Toe",
           "{s}{w}"),
    _style("SMPL", "Pelvis Spine1,Spine2,Spine3,Spine4,Spine5 Neck,Neck2 Head Collar Shoulder Elbow Wrist Hip Knee "
           "Ankle Foot", "{s}_{w}", sides=_L),
    _style("character creator", "Hip Waist,Spine01,Spine02,Spine03,Spine04 NeckTwist01,NeckTwist02 Head Clavicle "
           "Upperarm Forearm Hand Thigh Calf Foot ToeBase", "CC_Base_{s}_{w}", "CC_Base_{w}", _L),
    _style("Motive", "Hip Ab,Chest,Chest2,Chest3,Chest4 Neck,Neck2 Head Shoulder UArm FArm Hand Thigh Shin Foot Toe",
           "{s}{w}", sides=_L),
    _style("Cyrillic", "Таз Поясница,Спина,Грудь,Грудь2,Грудь3 Шея,Шея2 Голова Ключица Плечо Предплечье Кисть Бедро "
           "Голень Стопа Носок", "{w}.{s}", sides=("Л", "П")),
    _style("Cyrillic in full", "таз поясница,спина,грудь,грудь2,грудь3 шея,шея2 голова ключица плечо предплечье кисть "
           "бедро голень стопа носок", "{s}_{w}", sides=("левое", "правое")),
    _style("Spanish", "cadera columna,columna1,pecho,pecho2,pecho3 cuello,cuello2 cabeza clavicula brazo antebrazo "
           "mano muslo pierna pie dedos", "{w}_{s}", sides=("izq", "der"), knows_sides=False),
    _style("German", "Becken Wirbel1,Wirbel2,Brust,Brust2,Brust3 Hals,Hals2 Kopf Schulter Oberarm Unterarm Hand "
           "Oberschenkel Unterschenkel Fuss Zehen", "{w}_{s}", sides=("links", "rechts"), knows_sides=False),
    _style("French", "bassin colonne,torse,thorax,thorax2,thorax3 cou,cou2 tete clavicule bras avantbras main cuisse "
           "tibia pied orteils", "{w}_{s}", sides=("G", "D"), knows_sides=False),
    _style("underarm", "Root Back,Back1,Back2,Back3,Back4 Neck,Neck2 Head Clav UpArm LoArm Hand UpLeg LoLeg Foot Toe",
           "{w}_{s}", sides=_L),
)  # fmt: skip

#: Words that rigs made by hand mix, some in no tool's table.
_SYNONYMS = {
    "pelvis": ("Hips", "Hip", "Pelvis", "Root", "COG", "Body", "Waist"),
    "spine": ("Spine", "Back", "Chest", "Torso", "Abdomen", "Ribs", "Column"),
    "neck": ("Neck", "neck1", "NeckBase", "Cervical"),
    "head": ("Head", "head1", "Skull", "HeadTop"),
    "collar": ("Collar", "Clavicle", "Clav", "Shoulder", "Scapula", "ShoulderBlade"),
    "shoulder": ("UpperArm", "UpArm", "Upperarm", "Arm", "Bicep", "ArmUpper", "Humerus"),
    "elbow": ("LowerArm", "LoArm", "ForeArm", "Underarm", "Elbow", "ArmLower", "Radius"),
    "wrist": ("Hand", "Wrist", "Palm", "Grip"),
    "hip": ("Thigh", "UpLeg", "UpperLeg", "LegUpper", "Haunch", "Femur"),
    "knee": ("Shin", "LoLeg", "LowerLeg", "Calf", "Shank", "Knee", "LegLower", "Tibia"),
    "ankle": ("Foot", "Ankle", "Feet", "Tarsus"),
    "foot": ("Toe", "Toes", "Ball", "ToeBase", "Tip"),
}
_SIDE_FORMATS = (
    ("{s}{w}", ("Left", "Right")), ("{w}{s}", ("Left", "Right")), ("{s}_{w}", ("L", "R")), ("{w}_{s}", ("L", "R")),
    ("{w}.{s}", ("L", "R")), ("{s}_{w}", ("l", "r")), ("{w}_{s}", ("left", "right")), ("{w} {s}", ("L", "R")),
    ("{s}{w}", ("l", "r")), ("{w}-{s}", ("L", "R")),
)  # fmt: skip


def mixed(rng: np.random.Generator) -> NameStyle:
    """A rig whose maker took every word from another tool."""
    words: dict[str, tuple[str, ...]] = {part: (str(rng.choice(choices)),) for part, choices in _SYNONYMS.items()}
    taken: Counter[str] = Counter()
    for part, (word,) in list(words.items()):  # two parts of one word get a number
        key = word.lower()
        taken[key] += 1
        if taken[key] > 1:
            words[part] = (f"{word}B",)
    words["spine"] = tuple(f"{words['spine'][0]}{number or ''}" for number in range(5))
    words["neck"] = (words["neck"][0], f"{words['neck'][0]}B")
    sided, sides = _SIDE_FORMATS[int(rng.integers(len(_SIDE_FORMATS)))]
    return NameStyle("mixed", words, sided, sides=sides)


def unknown_words(rng: np.random.Generator) -> NameStyle:
    """Words of no language, with sides."""

    def word() -> str:
        return "".join(rng.choice(list("bdfgkmnpstvz")) + rng.choice(list("aeiou")) for _ in range(3)).capitalize()

    words = {part: tuple(word() for _ in range(5 if part in ("spine", "neck") else 1)) for part in _PARTS}
    sided, sides = _SIDE_FORMATS[int(rng.integers(len(_SIDE_FORMATS)))]
    return NameStyle("unknown words", words, sided, sides=sides)


def named(plan: Plan, style: NameStyle, rng: np.random.Generator) -> list[str]:
    """The names of a plan's joints in a style."""
    helper = str(rng.choice(["__{w}", "{w}Null", "{w}Helper", "{w}0", "Pre{w}"]))
    return [_spelled(joint.slot, style, helper) for joint in plan]


def _spelled(slot: str, style: NameStyle, helper: str) -> str:
    side, (stem, _, rest) = side_of(slot), part_of(slot).partition(".")
    if rest == "end":
        return ""  # named after its parent
    words = style.words.get(stem)
    if stem == "spine":
        word = style.words["spine"][int(rest) - 1]
    elif stem == "neck" and rest:
        word = style.words["neck"][1]
    elif stem == "pelvis" and rest:
        word = {"2": "Body", "lower": "LowerBody"}[rest]
    elif stem == "handle":
        return "Armature"
    elif words is None:
        word = (stem.title() + rest).replace("_", "")
    elif rest == "helper":
        word = helper.format(w=words[0])
    else:
        word = words[0] + {"": "", "twist": "Twist", "roll": "Roll", "target": "IK"}.get(rest, rest.title())
    pattern = style.sided if side else style.central
    return pattern.format(s=style.sides[side == "right"], w=word)


def numbered(names: list[str], rng: np.random.Generator) -> list[str]:
    """Names removed: a number for each joint, or one name for all."""
    stem = str(rng.choice(["joint", "Bone.", "j", "node_", "b", ""]))
    if stem == "" or rng.random() < 0.2:
        return ["bone"] * len(names)
    return [f"{stem}{number:03d}" for number in range(len(names))]


def shuffled(names: list[str], rng: np.random.Generator) -> list[str]:
    """The names of a rig on other joints of it."""
    return [names[number] for number in rng.permutation(len(names))]


def decorated(names: list[str], rng: np.random.Generator) -> list[str]:
    """Prefixes, suffixes, numbers and another case, the same for all joints."""
    match int(rng.integers(6)):
        case 0:
            prefix = str(rng.choice(["Character1_", "char:rig:", "Bob_", "SK_Hero_", "Actor 1:", "b_", "bip_"]))
            return [prefix + name for name in names]
        case 1:
            suffix = str(rng.choice(["_jnt", "_JNT", "_bind", "_Bone", "_01", ".001"]))
            return [name + suffix for name in names]
        case 2:
            return [f"{name}_{number:02d}" for number, name in enumerate(names)]
        case 3:
            return [name.lower() for name in names] if not _needs_case(names) else names
        case 4:
            return [name.upper() for name in names] if not _needs_case(names) else names
        case _:
            return [name.replace("_", " ").replace(":", "|") for name in names]


def _needs_case(names: list[str]) -> bool:
    """Whether the case alone tells a side from a word: "lThigh", "RShoulder"."""
    return any(re.match(r"[lrLR][A-Z]", name) for name in names)
