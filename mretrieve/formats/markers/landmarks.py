"""Which place of the body a marker is at, by its label in the marker sets that are in use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

#: Labels of each landmark, in lower case and without punctuation; `{s}` is l or r. Sources: Plug-in Gait and CMU
#: (Vicon), Helen Hayes and Cleveland Clinic (OpenSim), CAST (Cappozzo et al. 1995) as Qualisys has it, and the
#: joint centres of Visual3D and of Plug-in Gait's segments.
_LABELS: dict[str, tuple[str, ...]] = {
    "hip centre": ("{s}hjc", "{s}fep", "{s}hipjc"),
    "knee centre": ("{s}kjc", "{s}feo", "{s}kneejc"),
    "ankle centre": ("{s}ajc", "{s}tio", "{s}anklejc"),
    "shoulder centre": ("{s}sjc", "{s}hup", "{s}shoulderjc"),
    "elbow centre": ("{s}ejc", "{s}huo", "{s}elbowjc"),
    "wrist centre": ("{s}wjc", "{s}rao", "{s}wristjc"),
    "asis": ("{s}asi", "{s}asis", "{s}ias", "asis{s}", "{s}fwt", "{s}pelvisfront"),
    "psis": ("{s}psi", "{s}psis", "{s}ips", "psis{s}", "{s}bwt", "{s}pelvisback"),
    "trochanter": ("{s}ftc", "{s}gt", "{s}gtr", "{s}troc", "{s}h", "{s}lh", "{s}hip"),
    "lateral knee": ("{s}kne", "{s}knee", "{s}kneelat", "{s}kneelateral", "{s}lfc", "{s}fle", "{s}lk", "{s}k",
                     "{s}knee1"),
    "medial knee": ("{s}knm", "{s}knem", "{s}kneemed", "{s}kneemedial", "{s}mfc", "{s}fme", "{s}mk", "{s}mkne"),
    "lateral ankle": ("{s}ank", "{s}ankle", "{s}anklelat", "{s}anklelateral", "{s}lmal", "{s}fal", "{s}la", "{s}a"),
    "medial ankle": ("{s}anm", "{s}anklemed", "{s}anklemedial", "{s}mmal", "{s}tam", "{s}ma", "{s}mank"),
    "heel": ("{s}hee", "{s}heel", "{s}cal", "{s}calc", "{s}fcc"),
    "toe": ("{s}toe", "{s}toetip", "{s}mt2", "{s}rmt2", "{s}fm2"),
    "first metatarsal": ("{s}mt1", "{s}fm1", "{s}toemed", "{s}footmedial"),
    "fifth metatarsal": ("{s}mt5", "{s}fm5", "{s}met", "{s}toelat", "{s}footlateral"),
    "acromion": ("{s}sho", "{s}shoulder", "{s}acr", "{s}acromium", "{s}acromion", "{s}saj", "{s}should", "{s}ac",
                 "{s}s", "acromion{s}"),
    "lateral elbow": ("{s}elb", "{s}elbow", "{s}elblat", "{s}lel", "{s}hle", "{s}le", "{s}elbowlateral"),
    "medial elbow": ("{s}elm", "{s}elbmed", "{s}mel", "{s}hme", "{s}me", "{s}elbowmedial"),
    "wrist": ("{s}wri", "{s}wrist"),
    "radial wrist": ("{s}wra", "{s}rsp", "{s}faradius", "{s}wristlat", "{s}lw", "{s}wristradial"),
    "ulnar wrist": ("{s}wrb", "{s}usp", "{s}uhe", "{s}faulna", "{s}wristmed", "{s}wristulnar"),
    "front head": ("{s}fhd", "{s}hdf", "{s}temple", "temple{s}"),
    "back head": ("{s}bhd", "{s}hdb", "ear{s}"),
}  # fmt: skip
_MIDDLE_LABELS: dict[str, tuple[str, ...]] = {
    "sacrum": ("sacr", "vsac", "vsacral", "sacrum", "sac"),
    "c7": ("c7", "cv7", "t1"),
    "t10": ("t10", "tv8", "t8", "tv10"),
    "clavicles": ("clav", "ij", "snj", "jn", "ster"),
    "sternum": ("strn", "px", "sxs", "xiph", "sternum", "xp"),
    "top of head": ("tophead", "headtop", "vertex"),
    "forehead": ("forehead", "frhd"),
}
_BY_LABEL = {
    label.replace("{s}", side): (landmark, side)
    for landmark, labels in _LABELS.items()
    for label in labels
    for side in ("l", "r")
} | {label: (landmark, "") for landmark, labels in _MIDDLE_LABELS.items() for label in labels}

#: A landmark and its side, "l", "r" or "" in the middle.
Landmark = tuple[str, str]


def subject_of(label: str) -> str:
    """The subject in a label, as in `Derrick:LASI`; "" if there is none."""
    return label.rpartition(":")[0].strip()


def landmarks_of(labels: Sequence[str]) -> dict[Landmark, int]:
    """The place among the labels of each landmark that one of them names; the first of several."""
    found: dict[Landmark, int] = {}
    for place, label in enumerate(labels):
        landmark = landmark_of(label)
        if landmark is not None:
            found.setdefault(landmark, place)
    return found


@lru_cache(maxsize=4096)  # the recordings of a library have the same labels
def landmark_of(label: str) -> Landmark | None:
    """The landmark that a label names; None for a label of no known set."""
    return _BY_LABEL.get(_plain(label))


def _plain(label: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", label.rpartition(":")[2].lower())
    return re.sub(r"^(left|right)", lambda side: side.group()[0], plain)
