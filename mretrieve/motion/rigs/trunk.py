"""Pelvis, back, neck and head between a pair of legs and a pair of arms, and the ends of the limbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np

from ..rotations import unit_vectors
from .joint_tree import Floats, JointTree
from .limbs import LimbPair
from .name_evidence import NameEvidence
from .names import spine_slots

#: Heights in lengths of a leg (hip to ankle), from the mean body of SMPL: neck above the middle of the shoulders, head
#: above the neck.
_NECK_HEIGHT, _HEAD_HEIGHT = 0.06, 0.10
_HEIGHT, _MOST_HEIGHT_COST = 6.0, 2.0
_NO_HEAD, _NO_NECK, _ON_CHEST = 2.0, 1.2, 0.5
_STEP = 0.08
_FARTHEST_PELVIS, _PELVIS, _ABOVE = 0.5, 3.0, 1.0
_SAME_PLACE = 0.02  # of a leg: joints nearer than this are in one place
_NEAR = 0.1  # of a leg: two necks this near to each other are as good
_FARTHEST_HEAD = 7  # joints above the shoulders' branching
#: From the branching of the legs to that of the arms; shorter by more than the tolerance (logarithm) costs.
_BACK, _BACK_TOLERANCE, _SHORT_BACK = 0.45, 0.7, 2.5
_TOE, _LEAST_TOE = 0.18, 0.06  # of a leg, from the ankle


@dataclass(frozen=True, eq=False)
class Trunk:
    """The midline of a body and what hangs on its limbs.

    Attributes:
        joints: index of each canonical joint that was found.
        score: higher is likelier.
        margin: by how much the score of neck and head exceeds that of the next likely neck in another place.
    """

    joints: dict[str, int] = field(default_factory=dict)
    score: float = 0.0
    margin: float = 0.0


def find_trunk(tree: JointTree, names: NameEvidence, legs: LimbPair, arms: LimbPair) -> Trunk | None:
    """The likeliest pelvis, back, neck and head; None if arms and legs are not parts of one tree."""
    top = int(tree.common_ancestors(np.array([legs.branching]), np.array([arms.branching]))[0])
    if top < 0 or any(tree.is_above[joint, arms.branching] for joint in legs.starts):
        return None
    if any(tree.is_above[joint, legs.branching] for joint in arms.starts):
        return None
    root = top
    while tree.parents[root] >= 0:
        root = int(tree.parents[root])
    from_legs, to_arms = tree.way(top, legs.branching)[::-1], tree.way(top, arms.branching)
    pelvis, pelvis_score = _pelvis(tree, names, legs, [*tree.way(root, top)[:-1], *from_legs], top)
    neck, head, head_score, margin = _neck_and_head(tree, names, legs, arms, to_arms)
    joints = {"pelvis": pelvis}
    if neck is not None:
        joints["neck"] = neck
    if head is not None:
        joints["head"] = head
    back = [*from_legs, *to_arms[1:]]
    if pelvis in back:
        back = back[back.index(pelvis) + 1 :]
    elif tree.is_above[pelvis, top]:
        back = [*tree.way(pelvis, top)[1:], *back[1:]]
    end = neck if neck is not None else head
    if end is not None:
        base = arms.branching if tree.is_above[arms.branching, end] or end == arms.branching else back[-1]
        if end in back:
            back = back[: back.index(end)]
        elif tree.is_above[base, end]:
            back += tree.way(base, end)[1:-1]
    joints |= _spine(tree, names, pelvis, end, back, legs.length)
    length = tree.length(legs.branching, arms.branching) / legs.length
    short = min(max(log(_BACK / max(length, 1e-3)) - _BACK_TOLERANCE, 0.0), 2.0)
    return Trunk(joints, pelvis_score + head_score - _SHORT_BACK * short, margin)


def _pelvis(tree: JointTree, names: NameEvidence, legs: LimbPair, candidates: list[int], top: int) -> tuple[int, float]:
    middle = tree.positions[:, legs.starts].mean(axis=1)
    apart = np.linalg.norm(tree.positions[:, candidates] - middle[:, None], axis=2)
    scores: list[tuple[float, int]] = []
    for order, (index, distance) in enumerate(zip(candidates, np.median(apart, axis=0) / legs.length, strict=True)):
        if distance <= _FARTHEST_PELVIS or index == legs.branching:
            score = names.score(index, "pelvis") - _PELVIS * float(distance)
            score += 0.3 * (index == legs.branching) + 0.7 * (index == top) - _ABOVE * tree.is_above[index, top]
            scores.append((round(score, 3), -order))  # of two joints in one place, rounding errors must not choose
    score, order = max(scores)
    return candidates[-order], score


def _neck_and_head(
    tree: JointTree, names: NameEvidence, legs: LimbPair, arms: LimbPair, to_arms: list[int]
) -> tuple[int | None, int | None, float, float]:
    """Neck and head by names and by their height above the shoulders, along the body; score and margin."""
    chest = arms.branching
    limbs = [tree.towards(chest, joint) for joint in arms.starts]
    below = tree.is_above[chest].copy()
    for limb in limbs:
        below &= ~tree.is_above[limb]
        below[limb] = False
    for hip in legs.starts:
        if tree.is_above[chest, hip]:
            way = tree.towards(chest, hip)
            below &= ~tree.is_above[way]
            below[way] = False
    below &= tree.depth <= tree.depth[chest] + _FARTHEST_HEAD
    height = _heights(tree, legs, arms)
    on_chest = tree.path - tree.path[chest] < _SAME_PLACE * legs.length
    on_chest[chest] = False

    def neck_cost(neck: int) -> float:
        sure = 0.3 if names.score(neck, "neck") >= 2 else 1.0  # then a posture must not decide
        cost = sure * min(_HEIGHT * abs(height[neck] - _NECK_HEIGHT), _MOST_HEIGHT_COST)
        return float(cost + _ON_CHEST * on_chest[neck] + 0.2 * (tree.depth[neck] - tree.depth[chest]))

    found: list[tuple[float, int | None, int | None]] = [(-_NO_HEAD - _NO_NECK, None, None)]
    necks = [chest] if len(to_arms) > 1 else []
    for neck in [*necks, *np.flatnonzero(below).tolist()]:
        score = names.score(neck, "neck") - neck_cost(neck) - _NO_HEAD
        found.append((score, neck, None))
    for head in np.flatnonzero(below).tolist():
        head_score = names.score(head, "head") - _STEP * float(tree.depth[head] - tree.depth[chest])
        cost = min(_HEIGHT * abs(height[head] - _NECK_HEIGHT - _HEAD_HEIGHT), _MOST_HEIGHT_COST)
        found.append((head_score - cost - _NO_NECK, None, head))
        for neck in tree.way(chest, head)[0 if necks else 1 : -1]:
            cost = neck_cost(neck)
            cost += min(_HEIGHT * abs(height[head] - height[neck] - _HEAD_HEIGHT), _MOST_HEIGHT_COST)
            score = head_score + names.score(neck, "neck") - cost
            found.append((score, neck, head))
    score, best_neck, best_head = max(found, key=lambda candidate: candidate[0])
    others = [other for other, neck, _ in found if not _in_one_place(tree, best_neck, neck, legs.length)]
    return best_neck, best_head, score, score - max(others, default=-np.inf)


def _in_one_place(tree: JointTree, first: int | None, second: int | None, leg: float) -> bool:
    if first is None or second is None:
        return first is second
    return tree.length(first, second) < _NEAR * leg


def _heights(tree: JointTree, legs: LimbPair, arms: LimbPair) -> Floats:
    """Heights (J,) above the middle of the shoulders along the line from the hips, in lengths of a leg."""
    hips = tree.positions[:, legs.starts].mean(axis=1)
    shoulders = between_shoulders(tree, legs, arms)
    up = unit_vectors(shoulders - hips)
    above = np.einsum("tji,ti->tj", tree.positions - shoulders[:, None], up)
    return np.asarray(np.median(above, axis=0)) / legs.length


def between_shoulders(tree: JointTree, legs: LimbPair, arms: LimbPair) -> Floats:
    """The middle of the shoulders (T, 3); of a single one, the point beside it on the line from hips to chest."""
    shoulders = np.asarray(tree.positions[:, arms.starts].mean(axis=1))
    if len(arms.starts) > 1:
        return shoulders
    hips = tree.positions[:, legs.starts].mean(axis=1)
    up = unit_vectors(tree.positions[:, arms.branching] - hips)
    return np.asarray(hips + np.einsum("ti,ti->t", shoulders - hips, up)[:, None] * up)


def _spine(
    tree: JointTree, names: NameEvidence, pelvis: int, end: int | None, back: list[int], leg: float
) -> dict[str, int]:
    spine = [index for index in back if not names.readings[index].is_helper]
    while spine and tree.length(pelvis, spine[0]) < _SAME_PLACE * leg:
        moves_legs = tree.is_above[spine[0], pelvis]  # then it is a second pelvis, whatever its name
        if len(spine) <= 2 and names.score(spine[0], "spine") >= 3 and not moves_legs:
            break  # a back of two joints that begins in the pelvis
        spine.pop(0)
    if len(spine) > 3:
        apart = [spine[0]]
        for index in spine[1:]:
            if tree.length(apart[-1], index) > _SAME_PLACE * leg and (
                end is None or tree.length(index, end) > _SAME_PLACE * leg
            ):
                apart.append(index)
        spine = apart if len(apart) >= 3 else spine
    return {f"spine{number}": spine[position] for position, number in spine_slots(len(spine))}


def find_foot(tree: JointTree, names: NameEvidence, ankle: int, leg: float) -> int | None:
    """The ball of the foot below an ankle; None if the rig has none."""
    best: tuple[float, int | None] = (-1.0, None)
    for index in tree.below(ankle):
        steps = float(tree.depth[index] - tree.depth[ankle])
        reach = tree.length(ankle, index) / leg
        if steps <= 3 and reach > _LEAST_TOE and not names.readings[index].is_helper:
            score = names.score(index, "foot") - 0.4 * steps - 2.0 * abs(reach - _TOE)
            best = max(best, (score, index), key=lambda found: found[0])
    return best[1]


def find_collar(tree: JointTree, names: NameEvidence, chest: int, shoulder: int, leg: float) -> int | None:
    """The joint between chest and shoulder that lifts the shoulder; None if the rig has none."""
    best: tuple[float, int | None] = (-0.5, None)
    for steps, index in enumerate(tree.way(chest, shoulder)[1:-1][::-1]):
        score = names.score(index, "collar") - 0.3 * steps
        if names.readings[index].is_helper or tree.length(index, shoulder) < _SAME_PLACE * leg:
            score -= 2.0
        best = max(best, (score, index), key=lambda found: found[0])
    return best[1]
