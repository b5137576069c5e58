"""Rig maps without names: a body found by the shape of a joint tree and its motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from math import log

import numpy as np
from numpy.typing import NDArray

from ..canonical.facing import forward_evidence
from ..skeleton import JOINT_COUNT, joint
from .joint_tree import JointTree, LimbPair
from .names import spine_slots

_LOOKED_AT_FRAMES = 64
#: Proportions of the SMPL mean body against the length of a leg from hip to ankle, 0.79 m.
_UPPER_ARM, _FOREARM, _SHOULDER_WIDTH = 0.33, 0.33, 0.45
_NECK_HEIGHT, _HEAD_HEIGHT = 0.06, 0.09  # above the middle of the shoulders, above the neck
_END_PENALTY, _STEP_PENALTY = 0.5, 0.01  # ends of chains are tips of hands; of joints that fit alike the first is meant
#: Three joints are one straight bone while the way over the middle one is longer by less than this.
_STRAIGHT = 1.003
_LEAST_JOINTS = 10  # a back, hips, knees and ankles, and arms
_SAME_PLACE = 0.02  # of a leg: joints nearer than this are in one place


@dataclass(frozen=True)
class ShapeMatch:
    """A body found by geometry.

    Attributes:
        joints: an index or None for each of the 22 canonical joints.
        confidence: in [0, 1].
    """

    joints: tuple[int | None, ...]
    confidence: float


def match_geometry(parents: NDArray[np.int32], positions: NDArray[np.floating]) -> ShapeMatch | None:
    """Find a body in a joint tree: `parents` (J,), `positions` (T, J, 3), any unit, any axes; None if there is none.

    Legs and arms are two pairs of branches that are alike bone by bone; legs are those whose two long bones are longer
    and whose branching joint has no head. Left and right follow from where feet point, knees and elbows bend. World
    axes are taken to be right-handed: no shape can tell a left-handed file from a mirrored body.
    """
    frames = np.unique(np.linspace(0, len(positions) - 1, _LOOKED_AT_FRAMES).astype(int))
    looked_at = np.asarray(positions[frames], np.float64)
    sampled = np.asarray(np.isfinite(looked_at).all(axis=2))
    looked_at = looked_at[sampled[:, sampled.any(axis=0)].all(axis=1)]  # a joint without any sample ends no bone
    if not len(looked_at) or len(parents) < _LEAST_JOINTS:
        return None
    tree = JointTree(parents, looked_at)
    chosen = _legs_and_arms(tree)
    if chosen is None:
        return None
    legs, arms = chosen
    found: list[int | None] = [None] * JOINT_COUNT
    leg = _leg_joints(tree, legs)
    leg_length = _limb_length(tree, legs.first, leg)
    arm = _arm_joints(tree, arms, leg_length)

    sides = [legs.first, legs.second]
    arm_sides = [arms.first, arms.second]
    hips = looked_at[:, sides[0][leg[0]]] - looked_at[:, sides[1][leg[0]]]
    shoulders = looked_at[:, arm_sides[0][arm[0]]] - looked_at[:, arm_sides[1][arm[0]]]
    if np.einsum("ti,ti->", hips, shoulders) < 0:
        arm_sides.reverse()
    for side, leg_chain, arm_chain in zip(("left", "right"), sides, arm_sides, strict=True):
        for part, position in zip(("hip", "knee", "ankle"), leg, strict=True):
            found[joint(f"{side}_{part}")] = leg_chain[position]
        toes = [j for j in leg_chain[leg[2] + 1 :] if tree.length(leg_chain[leg[2]], j) > 3 * _SAME_PLACE * leg_length]
        found[joint(f"{side}_foot")] = toes[0] if toes else None
        for part, position in zip(("shoulder", "elbow", "wrist"), arm, strict=True):
            found[joint(f"{side}_{part}")] = arm_chain[position]
        found[joint(f"{side}_collar")] = arm_chain[arm[0] - 1] if arm[0] else None
    _find_trunk(tree, legs, arms, leg_length, found)

    facing = _facing(looked_at, found)
    if facing < 0:
        for part in ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist"):
            left, right = joint(f"left_{part}"), joint(f"right_{part}")
            found[left], found[right] = found[right], found[left]
    coverage = sum(index is not None for index in found) / JOINT_COUNT
    return ShapeMatch(tuple(found), round(coverage * (0.5 + 0.4 * min(1.0, 2 * abs(facing))), 3))


def _legs_and_arms(tree: JointTree) -> tuple[LimbPair, LimbPair] | None:
    """The two longest pairs of limbs that share no joint, the legs first."""
    for a, b in combinations(tree.limb_pairs(), 2):
        if {a.branching, *a.first, *a.second} & {*b.first, *b.second} or b.branching in {*a.first, *a.second}:
            continue
        a_is_legs = log(_two_bones(tree, a) / _two_bones(tree, b))
        a_is_legs += 0.5 * (_head_reach(tree, b, a) > _head_reach(tree, a, b)) - 0.25
        return (a, b) if a_is_legs > 0 else (b, a)
    return None


def _two_bones(tree: JointTree, limb: LimbPair) -> float:
    return _limb_length(tree, limb.first, _leg_joints(tree, limb))


def _limb_length(tree: JointTree, chain: Sequence[int], joints: tuple[int, int, int]) -> float:
    start, middle, end = (chain[position] for position in joints)
    return max(tree.length(start, middle) + tree.length(middle, end), 1e-9)


def _head_branch(tree: JointTree, limbs: LimbPair, others: LimbPair) -> int | None:
    """The longest branch at the joint of `limbs` that is none of the limbs nor the way to the other pair."""
    way = tree.path(limbs.branching, others.branching)
    taken = {limbs.first[0], limbs.second[0], others.first[0], others.second[0], *way}
    free = [far for far in tree.neighbours[limbs.branching] if far not in taken]
    return max(free, key=lambda far: tree.reach(limbs.branching, far), default=None)


def _head_reach(tree: JointTree, limbs: LimbPair, others: LimbPair) -> float:
    branch = _head_branch(tree, limbs, others)
    return 0.0 if branch is None else tree.reach(limbs.branching, branch)


def _bone_triples(tree: JointTree, chain: Sequence[int]) -> list[tuple[int, int, int]]:
    """Positions i < j < k in a chain such that i to j and j to k are each one straight bone."""
    steps = [tree.length(a, b) for a, b in pairwise(chain)]
    way = [0.0, *accumulate(steps)]
    straight = {
        (i, j)
        for i, j in combinations(range(len(chain)), 2)
        if way[j] - way[i] <= _STRAIGHT * tree.length(chain[i], chain[j])
    }
    return [(i, j, k) for i, j in straight for k in range(j + 1, len(chain)) if (j, k) in straight]


def _leg_joints(tree: JointTree, legs: LimbPair) -> tuple[int, int, int]:
    """Positions of hip, knee and ankle in the chains: the two bones in a row of which the shorter is longest."""
    shared = legs.first[: min(len(legs.first), len(legs.second))]
    triples = _bone_triples(tree, shared)
    if not triples:
        return (0, len(shared) // 2, len(shared) - 1)

    def shorter_bone(triple: tuple[int, int, int]) -> tuple[float, int]:
        start, middle, end = (shared[position] for position in triple)
        # of joints in one place the first: a limb begins there
        return round(min(tree.length(start, middle), tree.length(middle, end)), 6), -sum(triple)

    return max(triples, key=shorter_bone)


def _arm_joints(tree: JointTree, arms: LimbPair, leg_length: float) -> tuple[int, int, int]:
    """Positions of shoulder, elbow and wrist in the chains: those nearest to an adult's width and arm lengths."""
    count = min(len(arms.first), len(arms.second))
    triples = _bone_triples(tree, arms.first[:count])
    if not triples:
        return (0, count // 2, count - 1)

    def unlikeness(triple: tuple[int, int, int]) -> tuple[float, int]:
        width = tree.length(arms.first[triple[0]], arms.second[triple[0]])
        misfit = _END_PENALTY * (triple[2] == count - 1)
        for chain in (arms.first, arms.second):
            shoulder, elbow, wrist = (chain[position] for position in triple)
            misfit += _misfit(tree.length(shoulder, elbow), _UPPER_ARM * leg_length)
            misfit += _misfit(tree.length(elbow, wrist), _FOREARM * leg_length)
        return round(misfit + _misfit(width, _SHOULDER_WIDTH * leg_length), 6), sum(triple)

    return min(triples, key=unlikeness)


def _misfit(measured: float, expected: float) -> float:
    return abs(log(max(measured, 1e-3 * expected) / expected))


def _find_trunk(tree: JointTree, legs: LimbPair, arms: LimbPair, leg_length: float, found: list[int | None]) -> None:
    """Pelvis, neck, head and spine: the path from the branching of the legs to that of the arms, and on to the head."""
    back = tree.path(legs.branching, arms.branching)
    branch = _head_branch(tree, arms, legs)
    head_chain = list(tree.chain(arms.branching, branch)) if branch is not None else []

    def middle(part: str) -> NDArray[np.float64]:
        ends = [index for side in ("left", "right") if (index := found[joint(f"{side}_{part}")]) is not None]
        return np.asarray(tree.positions[:, ends].mean(axis=1))

    hips, shoulders = middle("hip"), middle("shoulder")
    up = (shoulders - hips) / np.maximum(np.linalg.norm(shoulders - hips, axis=1, keepdims=True), 1e-9)

    def height(index: int) -> float:
        above = np.einsum("ti,ti->t", tree.positions[:, index] - shoulders, up)
        return float(np.median(above)) / leg_length

    candidates = [back[-1], *head_chain]
    heights = [height(index) for index in candidates]

    def misfit(pair: tuple[int, int]) -> float:
        neck, head = pair
        rise = abs(heights[head] - heights[neck] - _HEAD_HEIGHT)
        return abs(heights[neck] - _NECK_HEIGHT) + rise + _STEP_PENALTY * (neck + head)

    neck, head = min(combinations(range(len(candidates)), 2), key=misfit, default=(0, None))
    found[joint("pelvis")] = back[0]
    found[joint("neck")] = candidates[neck]
    found[joint("head")] = None if head is None else candidates[head]
    spine: list[int] = []
    for index in [*back[1:], *head_chain][: len(back) - 1 + neck]:
        before = spine[-1] if spine else back[0]
        far_enough = min(tree.length(index, before), tree.length(index, candidates[neck])) > _SAME_PLACE * leg_length
        if far_enough and index != candidates[neck]:
            spine.append(index)
    for position, number in spine_slots(len(spine)):
        found[joint(f"spine{number}")] = spine[position]


def _facing(positions: NDArray[np.float64], found: Sequence[int | None]) -> float:
    """Positive if feet, knees and elbows agree with the left side of `found`."""
    mapped = np.array([j for j, index in enumerate(found) if index is not None])
    body = np.zeros((len(positions), JOINT_COUNT, 3))
    body[:, mapped] = positions[:, [index for index in found if index is not None]]
    return forward_evidence(body, mapped)
