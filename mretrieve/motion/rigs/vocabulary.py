"""The words of many tools and languages for the parts and sides of a body, and for joints that are none of them."""

from __future__ import annotations

import re

#: Sides of a body, as the canonical joint names begin.
LEFT, RIGHT = "left", "right"

#: Parts of a body in the order of the columns of `NameReading.parts`.
PARTS = (
    "pelvis", "spine", "neck", "head", "collar", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "foot",
)  # fmt: skip

_SIDE_WORDS = {
    LEFT: "l left lft lt 左 л лев левый левая левое izq izquierdo izquierda links gauche",
    RIGHT: "r right rgt rt 右 п прав правый правая правое der derecho derecha rechts droit droite",
}
SIDE_OF = {word: side for side, words in _SIDE_WORDS.items() for word in words.split()}
GLUED_SIDES = {"left": LEFT, "right": RIGHT, "左": LEFT, "右": RIGHT, "лев": LEFT, "прав": RIGHT}

#: Words for each part, without side and number, and how clearly they mean it: 3 is beyond doubt.
_WORDS: dict[str, dict[float, str]] = {
    "pelvis": {
        3: "hips pelvis hipcenter hipcentre spinebase 下半身 таз becken bassin cadera",
        2.8: "hip", 1.5: "root cog lowerbody 腰 センター center", 1: "waist body бедра",
    },
    "spine": {
        3: "spine chest back torso abdomen upperback upperchest column vertebra spinemid spinenavel spinechest "
           "belly abdomenlower abdomenupper chestlower chestupper 上半身 胸 腹 поясница спина грудь живот позвоночник "
           "columna pecho wirbel brust colonne torse ribs ribcage spinelower spineupper",
        2.5: "thorax waist ab lowerback lowerspine upperspine", 1.5: "lowerneck body",
    },
    "neck": {
        3: "neck upperneck neckbase necktwist necklower 首 шея cuello hals cou",
        2.5: "cervical neckupper", 2: "spineshoulder shouldercenter shouldercentre", 1.5: "lowerneck", 1: "thorax",
    },
    "head": {3: "head skull 頭 голова cabeza kopf tete", 2: "headtop cranium"},
    "collar": {
        3: "collar clavicle clav scapula shoulderblade 肩 ключица лопатка clavicula clavicule",
        2: "shoulder sholder schulter blade", 1.5: "shldr",
    },
    "shoulder": {
        3: "upperarm uparm uarm arm bicep biceps humerus shldr shldrbend 腕 плечо brazo oberarm bras",
        2: "shoulder sholder schulter",
    },
    "elbow": {
        3: "forearm lowerarm loarm lowarm farm underarm elbow radius forearmbend ulna ひじ 肘 предплечье локоть "
           "antebrazo unterarm avantbras",
    },
    "wrist": {3: "wrist hand 手首 手 запястье кисть mano main", 2: "palm grip"},
    "hip": {
        3: "thigh upleg upperleg uleg femur thighbend haunch hip 足 太もも бедро muslo oberschenkel cuisse",
        1.5: "leg", 1: "buttock hipjoint",
    },
    "knee": {
        3: "shin calf loleg lowerleg lowleg lleg foreleg underleg shank knee tibia ひざ 膝 голень колено unterschenkel",
        2.5: "leg pierna",
    },
    "ankle": {3: "ankle 足首 лодыжка", 2.8: "foot feet стопа pie fuss fuß pied", 2.5: "tarsus"},
    "foot": {3: "toe toes toebase ball つま先 足先 носок dedos zehen orteils", 2: "foot tip"},
}  # fmt: skip
#: Of Blender's Rigify, whose neck and head are called spine.
RIGIFY = {"004": {"neck": 2.5}, "005": {"neck": 1.5}, "006": {"head": 2.5}}
CENTRAL = frozenset(("pelvis", "spine", "neck", "head"))

#: Words of joints that are no part of the body's chains: twists, targets, fingers, faces, clothes, things.
HELPERS = frozenset(
    re.split(
        r"\s+",
        "end nub site pre twist roll ik fk target pole ctrl control null helper aux share dummy adjust thumb index "
        "middle mid ring pinky little finger fingers metacarpal carpal eye eyes jaw brow lip tongue teeth nose ear "
        "hair pony ponytail skirt cape cloak cloth sleeve coat tail wing breast boob pec glute butt heel weapon prop "
        "sword gun pack bag shield hat muscle fat bump scarf ribbon "
        "先 捩 捩れ 指 親指 目 髪 スカート палец волосы глаз",
    )
)
HELPER_STEMS = re.compile(
    r"twist|thumb|finger|index\d|pinky|hair|skirt|cape\d|sword|breast|buttock|指|捩|髪|スカート|ＩＫ"
)
#: Words that say only that a joint is a joint.
NOISE = frozenset(re.split(r"\s+", "jnt joint joints bone bind def drv org c m bip base rig sk"))
UPPER, LOWER = frozenset(("up", "upper", "u")), frozenset(("lo", "low", "lower", "fore", "under"))


def lexicon() -> dict[str, dict[str, float]]:
    """Each word in lower case, with the parts that it may mean and how clearly."""
    found: dict[str, dict[str, float]] = {}
    for part, by_score in _WORDS.items():
        for score, words in by_score.items():
            for word in words.split():
                found.setdefault(word, {})[part] = score
    return found
