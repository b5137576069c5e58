"""Joint names as evidence: which part of a body, and which side, the words of many tools and languages stand for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from .vocabulary import (
    CENTRAL,
    GLUED_SIDES,
    HELPER_STEMS,
    HELPERS,
    LOWER,
    NOISE,
    RIGIFY,
    SIDE_OF,
    UPPER,
    lexicon,
)  # fmt: skip

_HELPER_SCORE, _PARTIAL = -3.0, 0.5
_GLUED_PREFIX = re.compile(r"^mixamorig\d*(?=[A-Za-z])", re.IGNORECASE)
#: Marks a helper before the joint of the same name: "__UpLeg_L".
_MARK = re.compile("__")
_SEPARATORS = re.compile(r"[\s:|._\-/]+")
_TOKENS = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+(?![a-z])|\d+")
#: Names end with the numbers of their joints if so many of them end with one and no two are equal.
_COUNTED = 0.9
_VERTEBRA = re.compile(r"[lt]\d{1,2}|c7", re.IGNORECASE)


_LEXICON = lexicon()
_LONGEST_FIRST = sorted((word for word in _LEXICON if len(word) >= 3 or word[0] > "ÿ"), key=len, reverse=True)


@dataclass(frozen=True)
class NameReading:
    """The meaning of one joint's name.

    Attributes:
        side: LEFT, RIGHT or "".
        parts: the score of each of PARTS that it may mean, up to 3; absent is 0, unknown.
        stem: the name without its side, for comparison with the joint on the other side.
        is_helper: whether it names a twist, finger, target, piece of clothing or the like.
    """

    side: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    stem: str = ""
    is_helper: bool = False

    def score(self, part: str) -> float:
        """How well the name fits a part: up to 3, 0 if it says nothing, negative if it says that it is none."""
        return self.parts.get(part, 0.0) + (_HELPER_SCORE if self.is_helper else 0.0)


@lru_cache(maxsize=256)
def read_names(joint_names: tuple[str, ...]) -> tuple[NameReading, ...]:
    """The reading of each name, without words that all names of the rig share."""
    marked = [bool(_MARK.search(name)) for name in joint_names]
    mark_is_usual = sum(marked) > len(marked) / 2
    return tuple(
        replace(reading, is_helper=True) if is_marked and not mark_is_usual else reading
        for is_marked, reading in zip(marked, map(_reading, _without_shared(joint_names)), strict=True)
    )


def side_readings(joint_names: tuple[str, ...]) -> list[set[tuple[str, str]]]:
    """The (LEFT or RIGHT, rest of the name) that each joint's name means; empty for a name without a side."""
    return [{(reading.side, reading.stem)} if reading.side else set() for reading in read_names(joint_names)]


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


def _without_shared(joint_names: Sequence[str]) -> list[list[str]]:
    """Words of each name, without leading and trailing words that most names share ("mixamorig:", "Bip01 ", "_jnt").

    Numbers that only count the joints are left out as well.
    """
    words = [[word for word in _SEPARATORS.split(_GLUED_PREFIX.sub("", name)) if word] for name in joint_names]
    words = _without_counts(words)
    for end in (0, -1):
        while True:
            at_end = Counter(name[end] for name in words if len(name) > 1)
            if not at_end:
                break
            shared, count = at_end.most_common(1)[0]
            if shared.lower() in SIDE_OF or count < 3 or count < 0.6 * len(words):
                break
            words = [
                (name[1:] if end == 0 else name[:-1]) if len(name) > 1 and name[end] == shared else name
                for name in words
            ]
    return words


def _without_counts(words: list[list[str]]) -> list[list[str]]:
    """Words of each name without its last number if numbers count the joints ("thigh_l_02", "calf_l_03")."""
    joints = [name for name in words if name[-1:] != ["end"]]
    counts = [int(name[-1]) for name in joints if len(name) > 1 and name[-1].isdecimal()]
    if len(counts) < max(_COUNTED * len(joints), 3) or len(set(counts)) < len(counts):
        return words
    places = [len(name) - 1 - (name[-1:] == ["end"]) for name in words]  # "hand_l_22_end" ends the bone of hand_l_22
    return [
        name[:place] + name[place + 1 :] if place > 0 and name[place].isdecimal() else name
        for name, place in zip(words, places, strict=True)
    ]


def _reading(words: list[str]) -> NameReading:
    plain = [word for word in words if word.lower() not in NOISE and not word.isdigit()]
    if len(plain) == 1 and _VERTEBRA.fullmatch(plain[0]):
        return NameReading("", {"spine": 3.0}, plain[0].lower(), is_helper=False)
    cased = [token for word in words for token in _TOKENS.findall(word)]
    tokens = [token.lower() for token in cased]
    side, tokens = _side(tokens)
    letters = [token for token in tokens if not token.isdigit() and token not in NOISE]
    joined = "".join(letters)
    if not side and joined[:1] in ("l", "r") and joined not in _LEXICON and joined[1:] in _LEXICON:
        side, joined = SIDE_OF[joined[0]], joined[1:]
        letters = [joined]
    stem = "".join(tokens) if letters != [joined] or len(tokens) != 1 else joined
    parts, is_helper = _parts(letters, joined)
    for number, meant in RIGIFY.items():
        if number in words and "spine" in letters and not side:
            parts = {**parts, **meant}
    if side:
        parts = {part: score for part, score in parts.items() if part not in CENTRAL or "spine" in part}
        parts.pop("spine", None)
    else:
        parts = {part: score * (1.0 if part in CENTRAL else 0.7) for part, score in parts.items()}
    return NameReading(side, parts, stem, is_helper)


def _side(tokens: list[str]) -> tuple[str, list[str]]:
    """The side that the words of a name state, and the other words."""
    for position, token in enumerate(tokens):
        if token in SIDE_OF:
            return SIDE_OF[token], tokens[:position] + tokens[position + 1 :]
    for position, token in enumerate(tokens):
        for word, side in GLUED_SIDES.items():
            rest = token.removeprefix(word) if token.startswith(word) else token.removesuffix(word)
            if rest != token and rest:
                return side, [*tokens[:position], rest, *tokens[position + 1 :]]
    return "", tokens


def _parts(letters: list[str], joined: str) -> tuple[dict[str, float], bool]:
    """Scores of parts, and whether the words are those of a helper."""
    if joined in _LEXICON:
        return dict(_LEXICON[joined]), False
    is_helper = not HELPERS.isdisjoint(letters) or HELPER_STEMS.search(joined) is not None
    for count in range(len(letters), 0, -1):
        for first in range(len(letters) - count + 1):
            some = letters[first : first + count]
            if known := _LEXICON.get("".join(some)) or _compound(some):
                whole = count == len(letters) and not is_helper
                return {part: score if whole else _PARTIAL * score for part, score in known.items()}, is_helper
    word = next((w for w in _LONGEST_FIRST if joined.startswith(w) or joined.endswith(w)), "")
    rest = joined.removeprefix(word) if joined.startswith(word) else joined.removesuffix(word)
    is_helper = is_helper or rest in HELPERS  # "claviclehelper"
    return {part: _PARTIAL * score for part, score in _LEXICON.get(word, {}).items()}, is_helper


def _compound(words: list[str]) -> dict[str, float]:
    """Upper and lower arms and legs, in any order of the two words."""
    for limb, (upper, lower) in {"arm": ("shoulder", "elbow"), "leg": ("hip", "knee")}.items():
        if len(words) == 2 and limb in words:
            other = words[0] if words[1] == limb else words[1]
            if other in UPPER | LOWER:
                return {upper if other in UPPER else lower: 3.0}
    return {}
