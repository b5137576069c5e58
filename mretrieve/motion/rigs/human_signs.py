"""Whether a rig is a human body: signs that are measured on its rest pose, its proportions and its motion.

Names are not looked at: well-known captures of dogs have a human's. A posture alone is no sign either, as people crawl.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from ...kernels.compiled import distances_between
from ..frames import spread_frames
from ..motion import Rig
from ..rotations import unit_vectors
from ..skeleton import JOINTS
from .branches import Branches
from .rig_map import RigMap

_LOOKED_AT_FRAMES = 16
#: The weight of signs from which a rig is doubtful, and from which it is refused.
_DOUBTFUL, _REFUSED = 3, 5
#: The weight of proportions that no body has, whatever its posture.
_IMPOSSIBLE = 10
#: A limb is square to the trunk up to this cosine, two limbs are parallel from this one, a leg continues the trunk
#: from this one (60, 60 and 37 degrees).
_SQUARE, _PARALLEL, _IN_LINE = 0.5, 0.5, 0.8
#: Proportions: of people arms to legs .6 to 1.15 and shoulders to trunk .5 to 1.1; dogs, cats and horses have .8 to 1.2
#: and .2 to .4.
_LONG_ARMS, _WINGS, _NARROW, _SHORT_LEGS, _STUMPS = 0.85, 1.3, 0.45, 1.15, 0.4
_LEAST_TRUNK = 0.1  # of a leg
_TAIL = 0.3  # of the trunk
_ONE_LENGTH = 0.2
#: A body has more joints than this: hips, knees, and a neck over them.
_TOO_FEW_JOINTS = 5
#: From the hips three ways lead on, into the legs and the trunk; five or more are fingers, feelers or points of a face.
#: Of a body without arms, trunk and legs are of about one length.
_LEAST_WAYS, _MANY_WAYS, _LIKE_A_LEG = 3, 5, 0.5


@dataclass(frozen=True)
class Judgement:
    """What speaks against a human body.

    Attributes:
        signs: what was seen, a phrase each.
        weight: how much it is, less what speaks for a human body.
    """

    signs: tuple[str, ...] = ()
    weight: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether it is no human body: several signs agree, or no rig map can find one."""
        return self.weight >= _REFUSED

    @property
    def is_doubtful(self) -> bool:
        """Whether the body deserves a remark."""
        return self.weight >= _DOUBTFUL

    def __str__(self) -> str:
        return ", ".join(self.signs)


def judge_body(rig: Rig, positions: NDArray[np.floating], rig_map: RigMap) -> Judgement:
    """The signs that a rig with a rig map is an animal, an insect or a vehicle.

    `positions` (T, J, 3) are the motion's own, in any unit and axes. A rig that lacks a leg or both arms is not
    judged.
    """
    limbs = _limbs(rig_map.joints)
    if limbs is None:
        return Judgement()
    chains, distances = limbs
    frames = spread_frames(len(positions), _LOOKED_AT_FRAMES)
    poses = np.ascontiguousarray(positions[frames], np.float32)
    measured = distances_between(poses, distances)
    if not (is_sampled := np.isfinite(measured)).all():
        is_whole = is_sampled.all(axis=1)
        poses, measured = poses[is_whole], measured[is_whole]
    trunk, chest, *bones = measured.mean(axis=0).tolist() if len(measured) else [0.0] * len(distances)
    rest = iter(bones)
    legs, other_legs, arms, other_arms = (sum(islice(rest, len(chain) - 1)) for chain in chains)
    found = _proportion_signs(trunk, chest, max(legs, other_legs), max(arms, other_arms))
    if not found:  # a human's proportions: whatever the posture, this is no animal
        return Judgement()
    ends = np.array([[limb[0] for limb in chains], [limb[-1] for limb in chains]])
    found += _stance_signs(poses[:, ends].astype(np.float64), rig.rest_positions[ends][None])
    if sum(weight for _, weight in found) > 0:
        tree = Branches.moving(rig.parents, positions[frames])
        trunk = {above for limb in chains for above in tree.ancestors(limb[0])}
        taken = {joint for index in rig_map.joints if index is not None for joint in (index, *tree.ancestors(index))}
        found += _free_limb_signs(tree, trunk, taken, ends[0, :2].tolist())
    return Judgement(tuple(phrase for phrase, _ in found if phrase), int(sum(weight for _, weight in found)))


@lru_cache(maxsize=64)  # the takes of a recording share their map
def _limbs(joints: tuple[int | None, ...]) -> tuple[list[list[int]], NDArray[np.int32]] | None:
    """The joints that a rig has of its legs and its arms, left and right, from the trunk outwards.

    And of trunk, chest and then the bones of each limb the ends (D, 4) as `distances_between` takes them. None if the
    rig lacks a leg or both arms; of a single arm the other is taken to be like it.
    """
    chosen = dict(zip(JOINTS, joints, strict=True))
    chains = [
        [index for part in parts if (index := chosen[f"{side}_{part}"]) is not None]
        for parts in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist"))
        for side in ("left", "right")
    ]
    for arm, other in ((2, 3), (3, 2)):
        if len(chains[arm]) < 2:
            chains[arm] = chains[other]
    if min(map(len, chains)) < 2:
        return None
    left_hip, right_hip, left_shoulder, right_shoulder = (chain[0] for chain in chains)
    bones = [(a, a, b, b) for chain in chains for a, b in pairwise(chain)]
    trunk, chest = (left_hip, right_hip, left_shoulder, right_shoulder), (left_shoulder,) * 2 + (right_shoulder,) * 2
    return chains, np.array([trunk, chest, *bones], np.int32)


def judge_unmapped(rig: Rig, positions: NDArray[np.floating]) -> Judgement:
    """The signs that no rig map can make a human body of a rig: a camera, a racket, a hand, a face, a snake, a spider.

    `positions` (T, J, 3) are the motion's own.
    """
    count = len(rig.parents)
    if count <= _TOO_FEW_JOINTS:
        return Judgement((f"only {count} joint{'s' * (count > 1)}",), _REFUSED)
    frames = spread_frames(len(positions), _LOOKED_AT_FRAMES)
    tree = Branches.moving(rig.parents, positions[frames])
    first = next(joint for joint, children in enumerate(tree.children) if len(children) != 1)
    limbs = {joint: len(branches) + (joint != first) for joint, branches in tree.partings.items()}
    most = max(limbs.values(), default=0)
    if not limbs:
        sign = f"one chain of {count} joints without limbs"
    elif most < _LEAST_WAYS:
        sign = "no legs that leave a trunk"
    elif all(ways >= _MANY_WAYS for ways in limbs.values() if ways >= _LEAST_WAYS):
        sign = f"{most} limbs that leave one joint, and no legs below a trunk"
    elif len(limbs) == 1 and _third_longest(tree, *limbs) < _LIKE_A_LEG:
        sign = "one chain with short limbs"
    else:
        return Judgement()
    return Judgement((sign,), _REFUSED)


def _third_longest(tree: Branches, joint: int) -> float:
    """The length of the third longest branch that leaves a joint, as a part of the longest."""
    lengths = [tree.branch_length(branch) for branch in tree.partings[joint]]
    return lengths[2] / lengths[0] if len(lengths) > 2 else 1.0


def _stance_signs(moving: NDArray[np.float64], resting: NDArray[np.float64]) -> list[tuple[str, int]]:
    """Signs in the limbs' first and last joints (T, 2, 4, 3), in motion and in the rest pose.

    An upright rest pose and an upright motion speak for a human: they have no phrase, and a weight below zero.
    """
    found = []
    four_limbs, leg_to_trunk = _stance(resting)
    if four_limbs.any():
        found.append(("a rest pose on four limbs", 2))
    if (leg_to_trunk < -_IN_LINE).any():
        found.append(("", -2))
    four_limbs, leg_to_trunk = _stance(moving)
    if len(four_limbs) and (share := float(four_limbs.mean())) > 0.5:
        found.append((f"a level trunk over four limbs in {share:.0%} of the frames", 1 + (share > 0.9)))
    if len(four_limbs) and (leg_to_trunk < -_IN_LINE).mean() > 0.5:
        found.append(("", -2))
    return found


def _stance(ends: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Of the limbs' ends (T, 2, 4, 3): in which frames the body is on four limbs, and cosines of legs and trunk.

    On four limbs, legs and arms are parallel and square to the trunk. In one place, cosines are zero.
    """
    limbs, trunk = unit_vectors(ends[:, 1] - ends[:, 0]), unit_vectors(_trunk(ends))
    to_trunk = np.einsum("tli,ti->tl", limbs, trunk)
    pairs = unit_vectors(limbs.reshape(-1, 2, 2, 3).sum(axis=2))  # a trot moves left and right in turn
    parallel = np.einsum("tsi,tsi->t", limbs[:, :2], limbs[:, 2:]) / 2
    parallel = np.maximum(parallel, np.einsum("ti,ti->t", pairs[:, 0], pairs[:, 1]))
    square = np.abs(to_trunk.reshape(-1, 2, 2).mean(axis=2)).max(axis=1) < _SQUARE
    return square & (parallel > _PARALLEL), to_trunk[:, :2].mean(axis=1)


def _proportion_signs(trunk: float, chest: float, legs: float, arms: float) -> list[tuple[str, int]]:
    """Signs in the lengths of trunk, legs and arms and the width of the chest."""
    if not min(legs, arms) > 0:
        return []
    if trunk < _LEAST_TRUNK * legs:
        return [("hips and shoulders in one place", _IMPOSSIBLE)]
    found = []
    if arms > _LONG_ARMS * legs:
        found.append((f"front limbs {arms / legs:.2f} times as long as hind limbs", 1 + (arms > _WINGS * legs)))
    if chest < _NARROW * trunk:
        found.append((f"a chest {chest / trunk:.2f} times as wide as the trunk is long", 1))
    if legs < _SHORT_LEGS * trunk:
        weight = _IMPOSSIBLE if legs < _STUMPS * trunk else 1
        found.append((f"legs {legs / trunk:.2f} times as long as the trunk", weight))
    return found


def _trunk(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """From between the hips to between the shoulders, (T, 3)."""
    return np.asarray((ends[:, 0, 2] + ends[:, 0, 3] - (ends[:, 0, 0] + ends[:, 0, 1])) / 2)


def _free_limb_signs(tree: Branches, trunk: set[int], taken: set[int], hips: Sequence[int]) -> list[tuple[str, int]]:
    """A tail, and limbs in addition to four."""
    free = [child for joint in sorted(trunk) for child in tree.children[joint] if child not in taken]
    leg = float(np.mean([tree.reaches[hip] for hip in hips]))
    limbs = [child for child in free if abs(tree.reaches[child] / max(leg, 1e-9) - 1) < _ONE_LENGTH]
    found = []
    if len(limbs) > 1:
        found.append((f"{4 + len(limbs)} limbs of one length", 2))
    below = set(tree.ancestors(hips[0])) & set(tree.ancestors(hips[1]))
    tails = [child for child in free if tree.parents[child] in below and len(tree.chain(child)) > 1]
    tails = [child for child in tails if tree.branch_length(child) > _TAIL * leg]
    if len(tails) == 1:
        found.append((f"a tail of {len(tree.chain(tails[0]))} joints", 1))
    return found
