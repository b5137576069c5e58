"""The HIERARCHY part of a BVH file: its joint trees and channels."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from ..motion.motion import ROTATE_X, Rig
from .motion_text import LARGEST_VALUE, MotionText, decode, number, printable

#: Deeper trees are damage; no body has a chain of this many joints.
DEEPEST_TREE = 1000

_CHANNELS = ("xposition", "yposition", "zposition", "xrotation", "yrotation", "zrotation")  # by their kind
# Quantifiers are possessive (`*+`): a damaged file must not send the expression back over what it has read.
_HEAD = re.compile(rb"\s*+HIERARCHY\b", re.IGNORECASE)
_STATEMENT = re.compile(
    # a joint's name is everything before the brace or the line's end: names may contain blanks
    rb"\s*+(?:(?P<joint>ROOT|JOINT|END\s*+SITE)\b([^{}\r\n]*+)\s*+\{"
    rb"(?:\s*+OFFSET\s++([^\s{}]++)\s++([^\s{}]++)\s++(?!CHANNELS)([^\s{}]++))?+"
    rb"(?:\s*+CHANNELS\s++(\d{1,9}+)((?:\s++[XYZ](?:position|rotation)\b)*+))?+"
    rb"|(?P<closing>\}(?:\s*+\})*+)|(?P<motion>MOTION)\b)",
    re.IGNORECASE,
)
_PLAIN_NUMBERS = re.compile(rb"[-+.\deE ]*+")


@dataclass(frozen=True, eq=False)
class BvhBody:
    """One ROOT of the file: its rig, and which columns of the file's rows are its channels."""

    name: str
    rig: Rig
    columns: slice


@dataclass(eq=False)
class _Joints:
    """The content of the statements of all joints, joint by joint."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)  # of the statement in the text
    offsets: list[bytes] = field(default_factory=list)  # three a joint
    kinds: list[tuple[int, ...]] = field(default_factory=list)
    end_sites: set[int] = field(default_factory=set)


# The takes of a recording share their hierarchy: the same bytes give the same bodies, without reading them again.
_KNOWN: dict[bytes, list[BvhBody]] = {}
_MOST_KNOWN = 64
_LONGEST_KNOWN = 1 << 20  # bytes


def parse_hierarchy(text: MotionText) -> tuple[list[BvhBody], int]:
    """The bodies of a BVH file, one per ROOT, and the position after the word MOTION.

    Files with the same hierarchy share their bodies and rigs, which must not be written to.

    FormatError: the braces, a joint or a channel are not what the format allows; the message names the line.
    """
    behind = text.content.find(b"MOTION") + len(b"MOTION")
    hierarchy = bytes(text.content[: min(behind, _LONGEST_KNOWN)])
    if hierarchy in _KNOWN:
        return _KNOWN[hierarchy], behind
    bodies, position = _parse(text)
    if position == len(hierarchy):  # else the word MOTION that was found is a part of a name
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[hierarchy] = bodies
    return bodies, position


def _parse(text: MotionText) -> tuple[list[BvhBody], int]:
    head = _HEAD.match(text.content)
    if not head:
        first = text.size - len(text.content[: text.size].lstrip())
        raise text.error(
            first, f"a BVH file begins with HIERARCHY, not with {text.line_text(first)!r}; export it again"
        )
    position = head.end()
    joints = _Joints()
    chain: list[int] = []  # joints whose braces are open, outermost first
    while statement := _STATEMENT.match(text.content, position):
        position = statement.end()
        if statement["joint"]:
            chain.append(_add_joint(text, statement, joints, chain))
        elif closing := statement["closing"]:
            if closing.count(b"}") > len(chain):
                place = -1
                for _ in range(len(chain) + 1):
                    place = closing.index(b"}", place + 1)
                raise text.error(statement.start("closing") + place, "one closing brace too many; balance the braces")
            del chain[-closing.count(b"}") :]
        elif chain:
            name = joints.names[chain[-1]]
            raise text.error(
                statement.start("motion"), f"MOTION is inside the braces of {name!r}; close them before it"
            )
        else:
            return _bodies(text, joints, statement.start("motion")), position
    raise _no_statement(text, position, joints.names[chain[-1]] if chain else "")


def _add_joint(text: MotionText, statement: re.Match[bytes], joints: _Joints, chain: list[int]) -> int:
    """Take in one joint, the innermost of `chain` being its parent; its index."""
    word, name, x, y, z, count, kinds = statement.groups()[:7]
    index, position = len(joints.names), statement.start("joint")
    joints.positions.append(position)
    joints.parents.append(chain[-1] if chain else -1)
    if (word[0] in b"rR") == bool(chain):
        raise text.error(
            position, f"{printable(word)} {'inside a' if chain else 'outside any'} joint; check the braces before it"
        )
    if chain and chain[-1] in joints.end_sites:
        raise text.error(position, "a joint inside an End Site; check the braces before it")
    if len(chain) >= DEEPEST_TREE:
        raise text.error(position, f"joints are nested more than {DEEPEST_TREE} deep; check the braces")
    if word[0] in b"eE":
        joints.end_sites.add(index)
        joints.names.append(joints.names[chain[-1]] + "_end")
    else:
        joints.names.append(decode(name.strip()))
    if x is None:
        raise text.error(position, f"joint {joints.names[index]!r} does not begin with OFFSET x y z; add its offset")
    joints.offsets += (x, y, z)
    joints.kinds.append(_kinds(kinds or b""))
    if count is not None:
        _check_channels(text, statement.start(6), joints.names[index], int(count), joints.kinds[index])
        if index in joints.end_sites:
            raise text.error(position, "an End Site with CHANNELS; make it a JOINT or remove them")
    return index


@lru_cache(maxsize=1024)
def _kinds(words: bytes) -> tuple[int, ...]:
    return tuple(_CHANNELS.index(word) for word in words.decode().lower().split())


def _check_channels(text: MotionText, position: int, name: str, count: int, kinds: tuple[int, ...]) -> None:
    if count != len(kinds):
        raise text.error(
            position,
            f"CHANNELS of joint {name!r} says {count} and names {len(kinds)} that are known (Xposition ... Zrotation); "
            "correct the line",
        )
    translations = [kind for kind in kinds if kind < ROTATE_X]
    if len(set(translations)) < len(translations):
        raise text.error(position, f"CHANNELS of joint {name!r} names a position twice; correct the line")


def _no_statement(text: MotionText, position: int, joint: str) -> Exception:
    while position < text.size and text.content[position] <= 32:
        position += 1
    if position >= text.size:
        return text.error(position, "the file ends in the hierarchy, before MOTION; export it again")
    return text.error(
        position,
        f"{text.line_text(position)!r} {f'in joint {joint!r}' if joint else 'in the hierarchy'} is not a ROOT, "
        "JOINT, End Site, brace or MOTION; correct this line",
    )


def _offset_values(text: MotionText, joints: _Joints) -> list[float]:
    """The numbers of all offsets; fast if all are in plain notation."""
    if _PLAIN_NUMBERS.fullmatch(b" ".join(joints.offsets)):
        try:
            values = list(map(float, joints.offsets))
        except ValueError:
            values = [math.inf]
        if max(map(abs, values)) <= LARGEST_VALUE:
            return values
    marks = {mark for token in joints.offsets for mark in b".," if mark in token}
    values = []
    for index, token in enumerate(joints.offsets):
        value = number(token)
        if value is None or abs(value) > LARGEST_VALUE or len(marks) > 1:
            joint = index // 3
            raise text.error(
                text.content.find(token, joints.positions[joint]),
                f"OFFSET of joint {joints.names[joint]!r}: {printable(token)!r} is not a usable number"
                f"{' among others with another decimal mark' if len(marks) > 1 else ''}; correct it",
            )
        values.append(value)
    return values


def _bodies(text: MotionText, joints: _Joints, end: int) -> list[BvhBody]:
    """The joints cut at each ROOT."""
    if not joints.names:
        raise text.error(end, "the hierarchy has no ROOT, so no skeleton is found; export the file again")
    offsets = np.array(_offset_values(text, joints)).reshape(-1, 3)
    starts = [index for index, parent in enumerate(joints.parents) if parent < 0] + [len(joints.names)]
    bodies: list[BvhBody] = []
    column = 0
    for first, last in pairwise(starts):
        kinds = joints.kinds[first:last]
        rig = Rig(
            joint_names=tuple(joints.names[first:last]),
            parents=np.array([-1] + [parent - first for parent in joints.parents[first + 1 : last]], np.int32),
            offsets=offsets[first:last],
            channel_joints=np.repeat(np.arange(last - first, dtype=np.int32), [len(own) for own in kinds]),
            channel_kinds=np.array([kind for own in kinds for kind in own], np.int32),
        )
        bodies.append(BvhBody(joints.names[first], rig, slice(column, column + len(rig.channel_kinds))))
        column += len(rig.channel_kinds)
    return bodies
