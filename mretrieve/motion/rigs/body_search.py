"""The assignment of a rig's joints to a body that agrees best with names, bones and sides together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, product
from math import log

import numpy as np
from numpy.typing import NDArray

from ...kernels.assignment import best_assignment
from ..canonical.facing import forward_evidence
from ..skeleton import JOINT_COUNT, JOINTS, MIRROR, joint
from .joint_tree import Floats, JointTree
from .limbs import ARM, LEG, LimbPair, limb_pairs, sides_of, single_limbs
from .name_evidence import NameEvidence
from .names import NameReading, read_names, spine_slots
from .trunk import Trunk, between_shoulders, find_collar, find_foot, find_trunk
from .vocabulary import PARTS

#: Sides in names count if so many of those that are written agree.
_CLEAR_SIDES = 0.5
#: A rest pose tells left from right if it faces so clearly to one side; otherwise the movement is asked.
_CLEAR_FACING = 0.2
#: If the words are worth nothing, sides count if so many agree in both legs and both arms.
_UNANIMOUS = 0.95
_LEG_PAIRS, _ARM_PAIRS = 4, 5
#: Names are worth nothing if fewer of those that are known fit the best body.
_LEAST_AGREEMENT = 0.6
#: A neck or pelvis is doubtful if another one scores less by no more than this.
_NEAR_TIE = 1.0
#: Names that are understood in part only score less than this.
_READ_WHOLE = 2.0
#: Both bones of an arm against both of a leg, and how far people differ from that (logarithm).
_ARM_TO_LEG, _ARM_TOLERANCE, _ARM_COST = 0.66, 0.35, 3.0
#: A limb without a partner is an arm if it differs less than this from one (logarithm), and if it leaves the trunk so
#: far above the legs, in lengths of a leg.
_SINGLE_ARM_TOLERANCE, _LEAST_BACK = 0.6, 0.25


@dataclass(frozen=True)
class FoundBody:
    """A body in a rig.

    Attributes:
        joints: an index or None for each of the 22 canonical joints.
        by_shape: whether the tree and its bones took part.
        meanings: for each joint that was found, how far its name says that: 1 clearly, .5 unknown, 0 something else.
        sides: how consistently names tell left from right: 1 all agree, 0 they say nothing.
        facing: how clearly the shape agrees with left and right, -1 to 1.
        score: of the search; higher is likelier.
        has_doubts: whether a collar may be a helper in place of one that the rig lacks, another pelvis or neck is about
            as likely, or the body has one arm only.
        by_motion: whether only the movement tells left from right.
    """

    joints: tuple[int | None, ...]
    by_shape: bool
    meanings: tuple[float, ...]
    sides: float
    facing: float = 0.0
    score: float = 0.0
    has_doubts: bool = False
    by_motion: bool = False

    @property
    def origin(self) -> str:
        """The evidence that decided."""
        if not self.by_shape:
            return "names"
        named = sum(meaning == 1 for meaning in self.meanings) >= len(self.meanings) / 2
        return "names and shape" if named else "shape and sides in names" if self.sides >= _CLEAR_SIDES else "shape"

    @property
    def confidence(self) -> float:
        """In [0, 1]; how often maps are wrong at each level is measured: see `RigMap`."""
        if not self.meanings:
            return 0.0
        coverage = len(self.meanings) / JOINT_COUNT
        meaning = sum(self.meanings) / len(self.meanings)
        sides = 1.0 if self.sides >= _CLEAR_SIDES else 0.65 + 0.2 * min(1.0, 2 * max(self.facing, 0.0))
        doubt = 0.89 if self.has_doubts else 1.0
        shape = 1.0 if self.by_shape or self.joints[joint("pelvis")] is not None else 0.9
        return round((0.5 + 0.5 * meaning) * (0.4 + 0.6 * coverage) * sides * doubt * shape, 3)


def search_body(
    joint_names: tuple[str, ...],
    parents: NDArray[np.int32],
    positions: NDArray[np.floating],
    pose: NDArray[np.floating] | None = None,
) -> FoundBody:
    """The likeliest body of a rig.

    Args:
        joint_names: J names.
        parents: (J,), -1 for roots.
        positions: (T, J, 3) in any unit and axes.
        pose: (J, 3) that shows the shape instead; the positions then only show which bones are rigid and straight.
    """
    tree = JointTree(parents, positions, pose)
    readings = read_names(joint_names)
    names = NameEvidence.of(readings, tree)
    blank = NameEvidence.of((NameReading(),) * len(readings), tree)
    by_names = _by_names_alone(names)
    for words, arms_of in product((names, blank), (limb_pairs, single_limbs)) if len(tree.positions) else ():
        if words is blank and _are_chains(tree, by_names):  # the shape is that of handles
            return by_names
        found = _best_body(tree, words, names, arms_of)
        if found is not None and not _contradicted(words, found):
            return found
    return by_names


def _are_chains(tree: JointTree, found: FoundBody) -> bool:
    """Whether names alone find both legs, and the joints of all limbs are below each other as those of a body are."""
    joints = dict(zip(JOINTS, found.joints, strict=True))
    for side in ("left", "right"):
        for limb in (LEG, ARM):
            way = [index for part in limb if (index := joints[f"{side}_{part}"]) is not None]
            if len(way) < (len(LEG) if limb is LEG else 2):
                return False
            if not all(tree.is_above[upper, lower] for upper, lower in pairwise(way)):
                return False
    return True


def _contradicted(names: NameEvidence, found: FoundBody) -> bool:
    """Whether most of the joints whose names are known would have to be something else."""
    readings = names.readings
    known = [
        names.score(index, _part(JOINTS[j])) > 0 for j, index in enumerate(found.joints)
        if index is not None and (max(readings[index].parts.values(), default=0) >= 2 or readings[index].is_helper)
    ]  # fmt: skip
    agreeing = sum(known)
    return agreeing < _LEAST_AGREEMENT * len(known)


def _best_body(
    tree: JointTree, names: NameEvidence, sided: NameEvidence, arms_of: Callable[..., list[LimbPair]]
) -> FoundBody | None:
    """The likeliest body by `names` and bones; `arms_of` finds its arms, `limb_pairs` or `single_limbs`.

    If `sided` is other evidence than `names`, its sides count if they are unanimous: words that nobody knows may well
    end in ".L" and ".R".
    """
    nothing = np.zeros(len(tree.parents), np.bool_)
    best: tuple[float, LimbPair, LimbPair, Trunk] | None = None
    for legs in limb_pairs(tree, names, LEG, nothing, _LEG_PAIRS):
        excluded = nothing.copy()
        for hip in legs.starts:
            top = tree.towards(legs.branching, hip)
            excluded |= tree.is_above[top]
            excluded[top] = True
        for arms in arms_of(tree, names, ARM, excluded, _ARM_PAIRS):
            trunk = find_trunk(tree, names, legs, arms)
            if trunk is None or (arms_of is single_limbs and not _can_have_one_arm(tree, legs, arms, trunk)):
                continue
            unlike = abs(log(arms.length / legs.length / _ARM_TO_LEG))
            score = legs.score + arms.score + trunk.score - _ARM_COST * max(unlike - _ARM_TOLERANCE, 0.0)
            if best is None or score > best[0]:
                best = score, legs, arms, trunk
    return None if best is None else _assembled(tree, names, sided, *best)


def _can_have_one_arm(tree: JointTree, legs: LimbPair, arm: LimbPair, trunk: Trunk) -> bool:
    """Whether a limb without a partner is an arm: as long as one, on a back, beside a head."""
    if trunk.joints.keys().isdisjoint(("neck", "head")):
        return False
    if tree.length(legs.branching, arm.branching) < _LEAST_BACK * legs.length:
        return False
    return abs(log(arm.length / legs.length / _ARM_TO_LEG)) < _SINGLE_ARM_TOLERANCE


def _assembled(
    tree: JointTree,
    names: NameEvidence,
    sided: NameEvidence,
    score: float,
    legs: LimbPair,
    arms: LimbPair,
    trunk: Trunk,
) -> FoundBody:
    found: list[int | None] = [None] * JOINT_COUNT
    for name, index in trunk.joints.items():
        found[joint(name)] = index
    hips, shoulders = _across(tree, legs), _across(tree, arms)
    if arms.joints[1, 0] < 0:
        shoulders = tree.positions[:, arms.joints[0, 0]] - between_shoulders(tree, legs, arms)
    leg_sides, arm_sides = sides_of(tree, sided, legs), sides_of(tree, sided, arms)
    if sided is not names and min(abs(leg_sides), abs(arm_sides)) < _UNANIMOUS:
        leg_sides, arm_sides = sides_of(tree, names, legs), sides_of(tree, names, arms)
    crossed = float(np.einsum("ti,ti->", hips, shoulders)) < 0
    if abs(arm_sides) < 0.5:
        arms_turned = crossed != (leg_sides < -0.5)
        legs_turned = leg_sides < -0.5
    elif abs(leg_sides) < 0.5:
        arms_turned = arm_sides < 0
        legs_turned = crossed != arms_turned
    else:
        arms_turned, legs_turned = arm_sides < 0, leg_sides < 0
    for parts, pair, turned in ((LEG, legs, legs_turned), (ARM, arms, arms_turned)):
        for side, row in zip(("right", "left") if turned else ("left", "right"), pair.joints.tolist(), strict=True):
            for part, index in zip(parts, row, strict=True):
                found[joint(f"{side}_{part}")] = index if index >= 0 else None
            if parts is LEG and row[2] >= 0:
                found[joint(f"{side}_foot")] = find_foot(tree, names, row[2], legs.length)
            elif parts is ARM and row[0] >= 0:
                found[joint(f"{side}_collar")] = find_collar(tree, names, arms.branching, row[0], legs.length)
    _complete(names, found)
    sides = max(abs(leg_sides), abs(arm_sides))
    facing = _facing(tree.positions, found)
    by_motion = sides < _CLEAR_SIDES and abs(facing) < _CLEAR_FACING
    if by_motion:
        facing = _facing(tree.moving, found)
    if sides < _CLEAR_SIDES and facing < 0:
        found = [found[MIRROR[j]] for j in range(JOINT_COUNT)]
        facing = -facing
    helpers = any(
        _may_be_helper(names, found[joint(f"{side}_collar")])
        and not _may_be_helper(names, found[joint(f"{side}_shoulder")])
        for side in ("left", "right")
    )
    one_armed = arms.joints[1, 0] < 0  # the stump of the other arm may have been overlooked
    doubts = trunk.margin < _NEAR_TIE or helpers or bool(one_armed)
    return FoundBody(tuple(found), True, _meanings(names, found), sides, facing, score, doubts, by_motion)


def _across(tree: JointTree, pair: LimbPair) -> Floats:
    """From the second hip or shoulder of a pair to the first (T, 3); zero if one of them is missing."""
    if len(pair.starts) < 2:
        return np.zeros((len(tree.positions), 3))
    return np.asarray(tree.positions[:, pair.joints[0, 0]] - tree.positions[:, pair.joints[1, 0]])


def _complete(names: NameEvidence, found: list[int | None]) -> None:
    """Add joints of one side whose partner by name on the other side was found."""
    taken = np.zeros(len(names.sides), np.bool_)
    taken[[index for index in found if index is not None]] = True
    for j, index in enumerate(found):
        if index is not None and found[MIRROR[j]] is None and MIRROR[j] != j:
            partner = int(names.partners(np.array([index]), taken)[0])
            found[MIRROR[j]] = partner if partner >= 0 else None


def _may_be_helper(names: NameEvidence, index: int | None) -> bool:
    """Whether a name has a number or a part that is not understood, as those of helpers do."""
    if index is None:
        return False
    reading = names.readings[index]
    return reading.stem[-1:].isdigit() or 0 < max(reading.parts.values(), default=0) < _READ_WHOLE


def _meanings(names: NameEvidence, found: list[int | None]) -> tuple[float, ...]:
    """How far the name of each joint that was found agrees with what it is taken for."""
    scores = [names.score(index, _part(JOINTS[j])) for j, index in enumerate(found) if index is not None]
    return tuple(1.0 if score >= 0.9 else 0.5 if score > -1.0 else 0.0 for score in scores)


def _part(name: str) -> str:
    return name.removeprefix("left_").removeprefix("right_").rstrip("123")


def _facing(positions: NDArray[np.floating], found: list[int | None]) -> float:
    """Positive if feet, knees and elbows agree with left and right; positions (T, J, 3) of the rig."""
    mapped = np.array([j for j, index in enumerate(found) if index is not None])
    body = np.zeros((len(positions), JOINT_COUNT, 3))
    body[:, mapped] = positions[:, [index for index in found if index is not None]]
    return forward_evidence(body, mapped)


def _by_names_alone(names: NameEvidence) -> FoundBody:
    """The assignment of highest total score if nothing is known of the tree; the spine in the order of the rig."""
    wanted = [j for j, name in enumerate(JOINTS) if not name.startswith("spine")]
    scores = np.zeros((len(wanted), len(names.readings)))
    for row, j in enumerate(wanted):
        side = {"l": 1, "r": -1}.get(JOINTS[j][0], 0) if "_" in JOINTS[j] else 0
        scores[row] = np.where(names.sides == side, names.scores[:, PARTS.index(_part(JOINTS[j]))], 0.0)
    scores -= 1e-4 * np.arange(len(names.readings)) / max(len(names.readings), 1)  # of equals the first
    found: list[int | None] = [None] * JOINT_COUNT
    for row, column in enumerate(best_assignment(np.maximum(scores, 0.0)).tolist()):
        if column >= 0 and scores[row, column] >= 1.0:
            found[wanted[row]] = column
    taken = set(found)
    spine = [
        index for index in range(len(names.readings))
        if index not in taken and names.score(index, "spine") >= 1.0 and names.sides[index] == 0
    ]  # fmt: skip
    for position, number in spine_slots(len(spine)):
        found[joint(f"spine{number}")] = spine[position]
    sided = any(index is not None and names.sides[index] for index in found)
    return FoundBody(tuple(found), False, _meanings(names, found), float(sided))
