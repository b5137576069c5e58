"""Candidates for a pair of legs or arms: three joints a side, two bones alike on both sides, by names and lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .joint_tree import Floats, Indices, JointTree
from .name_evidence import NameEvidence
from .vocabulary import PARTS

#: Joints of a limb, and the relation of its two long bones in the mean body of SMPL.
LEG, ARM = ("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")
_UPPER_TO_LOWER = {LEG: 0.93, ARM: 1.0}
#: Bones of people differ by this factor from the mean (its logarithm) before it counts.
_RATIO_TOLERANCE = {LEG: 0.3, ARM: 0.15}
_MOST_STEPS = 5  # from one joint of a limb to the next: helpers and twists between them
_LEAST_BONE = 0.02  # of the longest way
_CANDIDATES = 48

_BENT, _UNLIKE_SIDES, _UNLIKE_RATIO, _SMALL = 25.0, 5.0, 4.0, 2.0
#: A hand or foot is shorter than the bone before it; both sides of hips and shoulders are this far from each other.
_LONG_END = 2.0
_WIDTH = {LEG: 0.2, ARM: 0.65}
_ONE_SIDED, _LOST = 8, 1.0
_FAR_START = {LEG: 0.6, ARM: 1.2}  # from the branching, in lengths of the upper bone
_LEAST_BRANCH = 0.15  # of a limb: what parts from it and is shorter is a helper
_SIDES_DIFFER, _SAME_WORDS, _ONE_SIDE = 1.0, 0.7, 8.0


@dataclass(frozen=True, eq=False)
class LimbPair:
    """A leg or arm on each side.

    Attributes:
        joints: (2, 3) hips, knees, ankles or shoulders, elbows, wrists; the first side is left if names say so. -1 for
            those that one side lacks.
        branching: where the two sides part.
        length: of both bones of a side, the mean of the sides.
        score: higher is likelier.
    """

    joints: Indices
    branching: int
    length: float
    score: float

    @property
    def starts(self) -> list[int]:
        """Hips or shoulders that the rig has."""
        return [index for index in self.joints[:, 0].tolist() if index >= 0]


def limb_pairs(
    tree: JointTree, names: NameEvidence, limb: tuple[str, str, str], excluded: NDArray[np.bool_], count: int
) -> list[LimbPair]:
    """The best `count` pairs of legs (LEG) or arms (ARM) whose joints are not `excluded` (J,), best first.

    Of pairs that leave the tree through the same branches only the best is returned.
    """
    limbs = _limbs(tree, names, limb, excluded)
    if not len(limbs.joints):
        return []
    pairs = _whole_pairs(tree, names, limb, limbs, count) + _one_sided_pairs(tree, names, limb, limbs, excluded)
    return sorted(pairs, key=lambda pair: -pair.score)[:count]


def _whole_pairs(
    tree: JointTree, names: NameEvidence, limb: tuple[str, str, str], limbs: _Limbs, count: int
) -> list[LimbPair]:
    """Pairs of limbs alike bone by bone."""
    first, second = np.triu_indices(len(limbs.joints), 1)
    starts = limbs.joints[:, 0]
    top = tree.common_ancestors(starts[first], starts[second])
    apart = (top >= 0) & (top != starts[first]) & (top != starts[second])
    first, second, top = first[apart], second[apart], top[apart]
    if not len(first):
        return []
    score = limbs.scores[first] + limbs.scores[second]
    for bone in (0, 1):
        lengths = np.log(limbs.bones[:, bone])
        score -= np.minimum(_UNLIKE_SIDES * np.abs(lengths[first] - lengths[second]), 4.0)
    to_start = tree.path[starts]
    ways = [to_start[one] - tree.path[top] for one in (first, second)]
    longer, shorter = np.maximum(*ways), np.minimum(*ways)
    score -= np.minimum(4.0 * (longer - shorter) / limbs.bones[first, 0], 3.0)
    score -= 2.0 * np.clip(longer / limbs.bones[first, 0] - _FAR_START[limb], 0.0, 2.0)
    steps = [tree.depth[starts[one]] - tree.depth[top] for one in (first, second)]
    score -= 0.3 * np.abs(steps[0] - steps[1]) + 0.1 * np.maximum(*steps)
    sides = names.sides[limbs.joints]
    same_words = (names.stems[limbs.joints[first]] == names.stems[limbs.joints[second]]) & (sides[first] != 0)
    score += _SAME_WORDS * (same_words & (sides[first] != sides[second])).sum(axis=1)
    side = np.sign(sides.sum(axis=1))
    score += np.where(side[first] * side[second] < 0, _SIDES_DIFFER, 0.0)
    score -= np.where(side[first] * side[second] > 0, _ONE_SIDE, 0.0)

    likely = np.argsort(-score, kind="stable")[: 40 * count]
    first, second, top, score = (array[likely] for array in (first, second, top, score))
    width = tree.distances(starts[first], starts[second]) / limbs.bones[first].sum(axis=1)
    score = score - np.clip(3.0 * (np.log(_WIDTH[limb] / np.maximum(width, 1e-3)) - 0.6), 0.0, 4.0)

    found: list[LimbPair] = []
    seen: set[tuple[int, ...]] = set()
    for number in np.argsort(-score, kind="stable").tolist():
        one, other = int(first[number]), int(second[number])
        branches = tuple(sorted(int(limbs.joints[index, 1]) for index in (one, other)))
        branching = int(top[number])
        key = tuple(sorted(tree.towards(branching, joint) for joint in branches))
        if key in seen:
            continue
        seen.add(key)
        if side[one] < 0 or side[other] > 0:
            one, other = other, one
        joints = limbs.joints[[one, other]]
        found.append(LimbPair(joints, branching, float(limbs.bones[[one, other]].sum() / 2), float(score[number])))
        if len(found) == count:
            break
    return found


def _one_sided_pairs(
    tree: JointTree, names: NameEvidence, limb: tuple[str, str, str], limbs: _Limbs, excluded: NDArray[np.bool_]
) -> list[LimbPair]:
    """Limbs whose names have sides and whose other side lacks joints, as people and rigs may."""
    columns = [PARTS.index(part) for part in limb]
    pairs = []
    for joints, bones, score in zip(limbs.joints[:_ONE_SIDED], limbs.bones, limbs.scores.tolist(), strict=False):
        sides = names.sides[joints]
        branching = int(tree.parents[joints[0]])
        while branching >= 0 and names.sides[branching] != 0:
            branching = int(tree.parents[branching])
        if branching < 0 or not sides.all():
            continue
        partners = names.partners(joints, excluded | ~tree.is_above[branching])
        if (partners >= 0).all():
            continue
        has = partners >= 0
        score += float(names.scores[partners, columns][has].sum()) + _SAME_WORDS * has.sum() - _LOST * (~has).sum()
        both = np.stack([joints, partners] if sides[0] > 0 else [partners, joints])
        pairs.append(LimbPair(both, branching, float(bones.sum()), score))
    return pairs


def single_limbs(
    tree: JointTree, names: NameEvidence, limb: tuple[str, str, str], excluded: NDArray[np.bool_], count: int
) -> list[LimbPair]:
    """The best `count` limbs of one side, best first, if the other side may lack its own; see `limb_pairs`.

    Names need not have sides. A limb begins where the tree last parts before it.
    """
    limbs = _limbs(tree, names, limb, excluded)
    found: dict[tuple[int, int], LimbPair] = {}
    for joints, bones, score in zip(limbs.joints, limbs.bones, limbs.scores.tolist(), strict=True):
        start, length = int(joints[0]), float(bones.sum())
        branching = _last_parting(tree, start, excluded, _LEAST_BRANCH * length)
        if branching is None:
            continue
        way = (tree.path[start] - tree.path[branching]) / bones[0]
        score -= 2.0 * min(max(float(way) - _FAR_START[limb], 0.0), 2.0)
        both = np.stack([joints, np.full(3, -1, np.intp)])
        key = branching, tree.towards(branching, start)
        if key not in found or found[key].score < score:
            found[key] = LimbPair(both, branching, length, score)
    return sorted(found.values(), key=lambda pair: -pair.score)[:count]


def _last_parting(tree: JointTree, start: int, excluded: NDArray[np.bool_], least: float) -> int | None:
    """The deepest joint above `start` from which another branch of at least this length leaves; None without one."""
    below, above = start, int(tree.parents[start])
    while above >= 0:
        others = (tree.parents == above) & ~excluded
        others[below] = False
        if (tree.reach[others] + tree.path[others] - tree.path[above] >= least).any():
            return above
        below, above = above, int(tree.parents[above])
    return None


@dataclass(frozen=True, eq=False)
class _Limbs:
    joints: Indices  # (K, 3)
    bones: Floats  # (K, 2) lengths
    scores: Floats  # (K,)


def _limbs(tree: JointTree, names: NameEvidence, limb: tuple[str, str, str], excluded: NDArray[np.bool_]) -> _Limbs:
    """The likeliest limbs of one side: all triples of joints below each other, by their names and bones."""
    upper, lower, lengths, costs = _bones(tree, names, excluded)
    order = np.argsort(upper, kind="stable")
    upper, lower, lengths, costs = upper[order], lower[order], lengths[order], costs[order]
    begin, end = np.searchsorted(upper, lower, "left"), np.searchsorted(upper, lower, "right")
    counts = end - begin
    above = np.repeat(np.arange(len(upper)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(begin, counts)
    joints = np.stack([upper[above], lower[above], lower[below]], axis=1)
    bones = np.stack([lengths[above], lengths[below]], axis=1)
    columns = [PARTS.index(part) for part in limb]
    scores = names.scores[joints, columns].sum(axis=1) - costs[above] - costs[below]
    unlike = np.abs(np.log(bones[:, 0] / bones[:, 1] / _UPPER_TO_LOWER[limb]))
    scores -= np.clip(_UNLIKE_RATIO * (unlike - _RATIO_TOLERANCE[limb]), 0.0, 4.0)
    shorter = bones.min(axis=1)
    if len(shorter):
        scores += np.maximum(_SMALL * np.log(shorter / shorter.max()), -4.0)
    scores -= np.clip(_LONG_END * (tree.reach[joints[:, 2]] / bones[:, 1] - 0.9), 0.0, 2.0)
    sides = names.sides[joints]
    scores -= 4.0 * ((sides > 0).any(axis=1) & (sides < 0).any(axis=1))
    best = np.argsort(-scores, kind="stable")[:_CANDIDATES]
    return _Limbs(joints[best], bones[best], scores[best])


def _bones(
    tree: JointTree, names: NameEvidence, excluded: NDArray[np.bool_]
) -> tuple[Indices, Indices, Floats, Floats]:
    """Upper and lower joint of everything that may be a long bone, its length, and the cost of what it passes over."""
    steps = tree.depth[None, :] - tree.depth[:, None]
    allowed = ~excluded & tree.is_sampled
    is_bone = tree.is_above & (steps <= _MOST_STEPS) & allowed[:, None] & allowed[None, :]
    way = tree.path[None, :] - tree.path[:, None]
    least = _LEAST_BONE * max(float(tree.path.max()), 1e-9)
    is_known = names.scores.max(axis=1) >= 2.5
    is_bone &= (way > least) | ((steps == 1) & is_known[:, None] & is_known[None, :])
    upper, lower = np.nonzero(is_bone)
    lengths = np.maximum(way[upper, lower], least)
    costs = np.zeros(len(upper))
    indirect = np.flatnonzero(steps[upper, lower] > 1)
    if len(indirect):
        ends = upper[indirect], lower[indirect]
        straight = np.minimum(tree.moving_distances(*ends) / lengths[indirect], 1.0)
        costs[indirect] = names.skipping[tree.parents[ends[1]]] - names.skipping[ends[0]]
        costs[indirect] += np.minimum(_BENT * (1 - straight), 5.0)
    return upper, lower, lengths, costs


def sides_of(tree: JointTree, names: NameEvidence, pair: LimbPair) -> float:
    """How clearly names call the first side of a pair left: 1 all of them, 0 none, -1 all call it right."""
    votes = 0.0
    counted = 0
    for sign, row in zip((1, -1), pair.joints, strict=True):
        if row[0] < 0:
            continue
        top = tree.towards(pair.branching, int(row[0]))
        joints = [top, *tree.below(top)]
        sides = names.sides[joints]
        votes += sign * float(sides.sum())
        counted += int((sides != 0).sum())
    return votes / counted if counted else 0.0
