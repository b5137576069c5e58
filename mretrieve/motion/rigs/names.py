"""Rig maps by name: what common tools call the joints of a body, and how a rig's names are compared with that."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

from ..skeleton import JOINT_COUNT, joint

#: Sides of a body, as the canonical joint names begin.
LEFT, RIGHT = "left", "right"

_SIDE_WORDS = {"l": LEFT, "left": LEFT, "lft": LEFT, "r": RIGHT, "right": RIGHT, "rgt": RIGHT}
_CAMEL_SIDE = re.compile(r"^([lrLR])(?=[A-Z][a-z])|(?<=[a-z0-9])([LR])$")
_GLUED_PREFIX = re.compile(r"^mixamorig\d*(?=[A-Z])")
_SEPARATORS = re.compile(r"[\s:|._\-/]+")


@dataclass(frozen=True)
class NameTable:
    """One tool's names of the parts of a body, without the side: alternatives best first, lower case, no separators.

    The spine is listed from bottom to top and holds every joint strictly between pelvis and neck that the tool may
    write.
    """

    origin: str
    pelvis: str
    spine: str
    neck: str
    head: str
    hip: str
    knee: str
    ankle: str
    foot: str
    collar: str
    shoulder: str
    elbow: str
    wrist: str


_CENTRE_PARTS = ("pelvis", "neck", "head")
_SIDED_PARTS = tuple(field.name for field in fields(NameTable) if field.name not in (*_CENTRE_PARTS, "origin", "spine"))

# A joint is where its bone begins: the canonical knee is the joint whose bone is the shank, whatever its name.
TABLES = (
    # lowerback begins at the root itself; the bone "wrist" is the forearm's last third, which only twists
    NameTable("CMU/HDM05 ASF", pelvis="root", spine="upperback thorax lowerneck", neck="upperneck", head="head",
        hip="femur", knee="tibia", ankle="foot", foot="toes",
        collar="clavicle", shoulder="humerus", elbow="radius", wrist="hand wrist"),
    NameTable("CC_Base/iClone", pelvis="hip pelvis", spine="waist spine01 spine02", neck="necktwist01 neck",
        head="head",
        hip="thigh", knee="calf", ankle="foot", foot="toebase",
        collar="clavicle", shoulder="upperarm", elbow="forearm", wrist="hand"),
    NameTable("Bandai Namco, Unity humanoid or VRM", pelvis="hips", spine="spine chest upperchest", neck="neck",
        head="head",
        hip="upperleg", knee="lowerleg", ankle="foot", foot="toes toebase toe",
        collar="shoulder", shoulder="upperarm", elbow="lowerarm", wrist="hand"),
    NameTable("Mixamo, LAFAN1 or MotionBuilder", pelvis="hips",
        spine="spine spine1 spine2 spine3 spine4 spine5 spine6 spine7 spine8 spine9", neck="neck", head="head",
        hip="upleg", knee="leg", ankle="foot", foot="toebase toe toes",
        collar="shoulder", shoulder="arm", elbow="forearm", wrist="hand"),
    # lowerback begins at the hips, neck is ASF's lowerneck
    NameTable("CMU in BVH (cgspeed)", pelvis="hips", spine="spine spine1 neck", neck="neck1", head="head",
        hip="upleg", knee="leg", ankle="foot", foot="toebase",
        collar="shoulder", shoulder="arm", elbow="forearm", wrist="hand"),
    NameTable("Rokoko", pelvis="hips hip", spine="spine spine1 spine2 spine3 spine4 spine5", neck="neck", head="head",
        hip="thigh", knee="shin", ankle="foot", foot="toe toes toebase",
        collar="shoulder", shoulder="arm upperarm", elbow="forearm", wrist="hand"),
    NameTable("Xsens BVH or Biovision", pelvis="hips hip pelvis", spine="spine abdomen chest chest2 chest3 chest4",
        neck="neck", head="head",
        hip="hip upleg", knee="knee lowleg", ankle="ankle foot", foot="toe toes toebase",
        collar="collar clavicle", shoulder="shoulder uparm", elbow="elbow lowarm", wrist="wrist hand"),
    NameTable("Xsens MVN segments", pelvis="pelvis", spine="l5 l3 t12 t8", neck="neck", head="head",
        hip="upperleg", knee="lowerleg", ankle="foot", foot="toe",
        collar="shoulder", shoulder="upperarm", elbow="forearm", wrist="hand"),
    NameTable("Unreal mannequin", pelvis="pelvis", spine="spine01 spine02 spine03 spine04 spine05", neck="neck01",
        head="head",
        hip="thigh", knee="calf", ankle="foot", foot="ball",
        collar="clavicle", shoulder="upperarm", elbow="lowerarm", wrist="hand"),
    NameTable("3ds Max Biped", pelvis="pelvis", spine="spine spine1 spine2 spine3 spine4 spine5", neck="neck",
        head="head",
        hip="thigh", knee="calf", ankle="foot", foot="toe0",
        collar="clavicle", shoulder="upperarm", elbow="forearm", wrist="hand"),
    NameTable("SMPL or SMPL-X", pelvis="pelvis", spine="spine1 spine2 spine3", neck="neck", head="head",
        hip="hip", knee="knee", ankle="ankle", foot="foot",
        collar="collar", shoulder="shoulder", elbow="elbow", wrist="wrist"),
    NameTable("Human3.6M", pelvis="hips hip pelvis root", spine="spine1 spine belly", neck="thorax neck", head="head",
        hip="upleg hip", knee="leg knee", ankle="foot ankle", foot="toebase toe",
        collar="", shoulder="arm shoulder", elbow="forearm elbow", wrist="hand wrist"),
    NameTable("Kinect", pelvis="spinebase hipcenter hipcentre pelvis", spine="spinemid spine spinenavel spinechest",
        neck="neck spineshoulder shouldercenter shouldercentre", head="head",
        hip="hip", knee="knee", ankle="ankle", foot="foot",
        collar="clavicle", shoulder="shoulder", elbow="elbow", wrist="wrist"),
    NameTable("OptiTrack Motive", pelvis="hip", spine="ab chest", neck="neck", head="head",
        hip="thigh", knee="shin", ankle="foot", foot="toe",
        collar="shoulder", shoulder="uarm", elbow="farm", wrist="hand"),
    NameTable("Daz or Poser", pelvis="hip pelvis",
        spine="abdomen abdomenlower abdomen2 abdomenupper chest chestlower chestupper", neck="neck necklower",
        head="head",
        hip="thigh thighbend buttock", knee="shin", ankle="foot", foot="toe toes",
        collar="collar", shoulder="shldr shldrbend", elbow="forearm forearmbend", wrist="hand"),
    NameTable("Blender Rigify", pelvis="spine hips", spine="spine001 spine002 spine003", neck="spine004 neck",
        head="spine006 head",
        hip="thigh upperleg", knee="shin lowerleg", ankle="foot", foot="toe",
        collar="shoulder", shoulder="upperarm", elbow="forearm", wrist="hand"),
)  # fmt: skip


@dataclass(frozen=True)
class NameMatch:
    """The joints that a table found in a rig: its origin and, for each of the 22 canonical joints, an index or None."""

    origin: str
    joints: tuple[int | None, ...]

    @property
    def count(self) -> int:
        """How many canonical joints were found."""
        return sum(index is not None for index in self.joints)


@lru_cache(maxsize=256)
def match_names(joint_names: tuple[str, ...]) -> NameMatch:
    """The table that names most of a body's joints in this rig; the earlier of equal tables."""
    spelled: dict[tuple[str | None, str], int] = {}
    for index, words in enumerate(_without_prefixes(joint_names)):
        for reading in _readings(words):
            spelled.setdefault(reading, index)  # of joints with one name the first is nearest to the root
    return max((_match(table, spelled) for table in TABLES), key=lambda match: match.count)


def side_readings(joint_names: tuple[str, ...]) -> list[set[tuple[str, str]]]:
    """Of each joint's name, every (LEFT or RIGHT, part) that it may mean; none for a name without a side."""
    return [
        {(side, part) for side, part in _readings(words) if side is not None}
        for words in _without_prefixes(joint_names)
    ]


def spine_slots(count: int) -> tuple[tuple[int, int], ...]:
    """Which of `count` spine joints, bottom to top, plays spine1, spine2 or spine3: (position in the spine, 1 to 3).

    Two joints are the lower and the upper spine, one is the middle; of more than three those nearest to where SMPL has
    its own, at 0.21, 0.47 and 0.58 of the way from pelvis to neck, are taken.
    """
    if count <= 3:
        return {0: (), 1: ((0, 2),), 2: ((0, 1), (1, 3)), 3: ((0, 1), (1, 2), (2, 3))}[count]
    lower = max(0, round(0.21 * (count + 1)) - 1)
    middle = max(lower + 1, round(0.47 * (count + 1)) - 1)
    upper = min(count - 1, max(middle + 1, round(0.65 * (count + 1)) - 1))
    return (lower, 1), (middle, 2), (upper, 3)


def _match(table: NameTable, spelled: dict[tuple[str | None, str], int]) -> NameMatch:
    found: list[int | None] = [None] * JOINT_COUNT

    def first(part: str, side: str | None) -> int | None:
        names: str = getattr(table, part)
        return next((spelled[side, name] for name in names.split() if (side, name) in spelled), None)

    for part in _CENTRE_PARTS:
        found[joint(part)] = first(part, None)
    for part in _SIDED_PARTS:
        for side in (LEFT, RIGHT):
            found[joint(f"{side}_{part}")] = first(part, side)
    taken = set(found)
    spine = [spelled[None, name] for name in table.spine.split() if (None, name) in spelled]
    spine = [index for index in spine if index not in taken]
    for position, number in spine_slots(len(spine)):
        found[joint(f"spine{number}")] = spine[position]
    return NameMatch(table.origin, tuple(found))


def _without_prefixes(joint_names: Sequence[str]) -> list[list[str]]:
    """Words of each name, without leading words that most names share ("mixamorig:", "Bip01 ", "CC_Base_")."""
    words = [[word for word in _SEPARATORS.split(_GLUED_PREFIX.sub("", name)) if word] for name in joint_names]
    while True:
        leading = Counter(name[0] for name in words if len(name) > 1)
        if not leading:
            return words
        prefix, count = leading.most_common(1)[0]
        if prefix.lower() in _SIDE_WORDS or count < 3 or count < 0.6 * len(words):
            return words
        words = [name[1:] if len(name) > 1 and name[0] == prefix else name for name in words]


def _readings(words: list[str]) -> list[tuple[str | None, str]]:
    """Every (side, part) that a name may mean, most likely first: "L_Thigh", "ThighLeft", "lThigh", "lfemur" ..."""
    sides = [_SIDE_WORDS[word.lower()] for word in words if word.lower() in _SIDE_WORDS]
    rest = "".join(word for word in words if word.lower() not in _SIDE_WORDS)
    if sides:
        return [(sides[0], rest.lower())]
    readings: list[tuple[str | None, str]] = []
    camel = _CAMEL_SIDE.search(rest)
    if camel:
        readings.append((_SIDE_WORDS[camel.group().lower()], _CAMEL_SIDE.sub("", rest).lower()))
    plain = rest.lower()
    for word in (LEFT, RIGHT):
        if plain.startswith(word):
            readings.append((word, plain.removeprefix(word)))
        if plain.endswith(word):
            readings.append((word, plain.removesuffix(word)))
    if plain[:1] in _SIDE_WORDS:
        readings.append((_SIDE_WORDS[plain[0]], plain[1:]))
    return [*readings, (None, plain)]
