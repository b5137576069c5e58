"""Evidence for the axes of a file: which direction is up, and whether the axes are left-handed.

All scores are log-odds, so that those of several clips of one rig can be added. Hips weigh less than on captured clips
alone, because few of these are of bodies with arched backs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import copysign

import numpy as np
from numpy.typing import NDArray

from ..frames import spread_frames
from ..motion import Motion, Rig
from ..rotations import unit_vectors
from ..skeleton import joint
from .body import STANDARD_METRES
from .facing import Facing
from .floor_evidence import BALANCE_LIMIT, Floor

#: The directions that may be up, in the order of all scores.
DIRECTIONS = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
_VECTORS = np.repeat(np.eye(3), 2, axis=0) * np.tile([1.0, -1.0], 3)[:, None]

#: How usual a direction is in formats of rotations, whose convention is Y up, and in tables of positions.
_USUAL = np.array([-5.0, -5.0, 0.0, -2.5, -2.0, -5.0])
_USUAL_OF_POSITIONS = np.array([-0.6, -0.6, 0.0, -0.5, -0.2, -0.6])
#: For the direction along which the rest pose stands, but no more than this lead: it repeats what is usual.
_REST, _REST_LEAD = 4.5, 2.5
#: Against the opposite one: exporters lay rigs down, but do not turn them upside down.
_UPSIDE_DOWN = 3.0
#: By how much a declared direction leads, and the one that is usual in a format of positions.
_DECLARED_LEAD, _USUAL_LEAD = 6.0, 2.5
#: Less than Y leads Z in a format of rotations, and half of what it leads -Y: posture alone never turns such a file.
_POSTURE = 1.0

#: A pelvis that never is farther than this from the origin is held there.
_AT_ORIGIN_M = 1e-3
#: Changes of bones' lengths in metres, by which positions are known to be estimates, that halve what the floor shows.
_ESTIMATED_M = 0.007
_FRAMES, _STEP_S = 64, 0.1

#: Before any data; of feet that are one shank behind the ankle; of knees and hips that bend backwards at right angles.
_LEFT_HANDED, _FEET, _KNEES, _HIPS = -2.5, 30.0, 30.0, 10.0
#: The most that feet and knees show, and that hips do: an arched back alone mirrors nothing.
_LEGS_LIMIT, _HIPS_LIMIT = 5.0, 1.5
#: Feet this little before or behind the ankle, in lengths of the shank, are pointed. Shorter feet may be heels.
_POINTED, _FOOT = 0.05, 0.33
#: Hips that bend this little may belong to anyone who stands.
_STRAIGHT = 0.1
#: Leads below which other files of the rig are looked at: of a direction, and of a hand, for right hands over no data.
_CLEAR_LEAD, _CLEAR_HAND = 3.5, 1.0
#: A rest pose stands if legs hang opposite to the back, along an axis, within this cosine.
_STANDING_COSINE = 0.9


@dataclass(frozen=True, eq=False)
class AxesEvidence:
    """What a motion shows of the axes of its file, as log-odds.

    Attributes:
        usual: (6,) of DIRECTIONS, by the file's declaration or else the format's convention.
        rest: (6,) by the rig's rest pose; zeros if that shows nothing.
        floor: (6,) by the lowest joints, which are near zero, level and still if the direction is up, and by balance. A
            body that travels along a direction is not level in it.
        travel: (6,) by the trunk of a body whose joints all move, as on wheels or in a run: it is upright, square to
            its path. It shows nothing of a swimmer, whose path is along the trunk.
        posture: (6,) by the direction in which the body is upright.
        left_handed: of left-handed axes against right-handed ones.
        others: how many other files of the same rig are counted in.
    """

    usual: NDArray[np.float64]
    rest: NDArray[np.float64]
    floor: NDArray[np.float64]
    travel: NDArray[np.float64]
    posture: NDArray[np.float64]
    left_handed: float
    others: int = 0

    @cached_property
    def up(self) -> NDArray[np.float64]:
        """(6,) the sum for each of DIRECTIONS."""
        return self.usual + self.rest + self.floor + self.travel + self.posture

    @property
    def lead(self) -> float:
        """By how much the best direction leads the second."""
        second, first = np.sort(self.up)[-2:]
        return float(first - second)

    @property
    def is_thin(self) -> bool:
        """Whether the best answer leads by little, so that other files of the rig should be looked at."""
        return self.lead < _CLEAR_LEAD or not self.shows_hand

    @property
    def shows_hand(self) -> bool:
        """Whether the body shows the hand of the axes; a straight one with pointed feet or none does not."""
        return not _LEFT_HANDED - _CLEAR_HAND < self.left_handed < _CLEAR_HAND

    def with_others(self, others: Iterable[AxesEvidence]) -> AxesEvidence:
        """This evidence and that of the motions in other files of the same rig, which itself counts once."""
        both = [self, *others]
        return AxesEvidence(
            self.usual,
            self.rest,
            np.sum([each.floor for each in both], axis=0),
            np.sum([each.travel for each in both], axis=0),
            np.sum([each.posture for each in both], axis=0),
            _LEFT_HANDED + sum(each.left_handed - _LEFT_HANDED for each in both),
            len(both) - 1,
        )


def axes_evidence(
    motion: Motion,
    joints: Sequence[int | None],
    positions: NDArray[np.floating],
    mapped: NDArray[np.intp],
    scale: float,
) -> AxesEvidence:
    """What a motion shows of the axes of its file.

    Args:
        motion: as its file has it.
        joints: the joint of its rig that is each of the 22 canonical joints, or None, as in RigMap.
        positions: (T, 22, 3) of these joints in the file's unit and axes, finite.
        mapped: the canonical joints of which there are positions.
        scale: metres per unit.
    """
    usual = _USUAL if motion.has_rotations else _USUAL_OF_POSITIONS
    if motion.declared_up is not None:
        usual = np.where(np.array(DIRECTIONS) == motion.declared_up, _DECLARED_LEAD, usual)
    elif motion.usual_up is not None:
        usual = np.where(np.array(DIRECTIONS) == motion.usual_up, _USUAL_LEAD, usual)
    step = max(1, round(_STEP_S * motion.fps))
    first = spread_frames(max(len(positions) - step, 1), _FRAMES)
    observed, later = positions[first] * scale, positions[np.minimum(first + step, len(positions) - 1)] * scale
    known = frozenset(mapped.tolist())
    facing, rest = Facing(observed, mapped), np.zeros(6)
    feet = facing.feet
    stands, resting_feet = _resting(motion.rig, tuple(joints), known)
    if stands is not None:
        rest[stands] = min(_REST, usual.max() + _REST_LEAD - usual[stands])
        rest[stands ^ 1] = -_UPSIDE_DOWN
        feet = max(feet, resting_feet, key=abs)
    is_foot = min(facing.foot_length / _FOOT, 1.0) ** 2
    left_handed = _LEFT_HANDED - _within(_FEET * is_foot * _beyond(feet, _POINTED), _LEGS_LIMIT)
    left_handed -= _within(_KNEES * facing.knees, _LEGS_LIMIT)
    if _LEFT_HANDED - _CLEAR_HAND - _HIPS_LIMIT < left_handed < _CLEAR_HAND + _HIPS_LIMIT:  # else hips change nothing
        left_handed -= _within(_HIPS * _beyond(facing.hips, _STRAIGHT), _HIPS_LIMIT)
    upright = _VECTORS @ _upright(observed, known)
    if not _has_floor(observed, known):
        return AxesEvidence(usual, rest, np.zeros(6), np.zeros(6), _POSTURE * upright, left_handed)
    floor = Floor(observed, later, mapped, step / motion.fps)
    reliance = 1.0 if motion.has_rotations else _reliance(observed, known)
    carried = reliance * floor.contacts(), reliance * floor.travel(upright)
    evidence = AxesEvidence(usual, rest, *carried, _POSTURE * upright, left_handed)
    if evidence.lead < _CLEAR_LEAD + BALANCE_LIMIT:  # else balance changes nothing
        evidence = replace(evidence, floor=evidence.floor + reliance * floor.balance())
    return evidence


def _beyond(value: float, least: float) -> float:
    """How far a value is from zero beyond `least`, with its sign."""
    return copysign(max(abs(value) - least, 0.0), value)


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _has_floor(positions: NDArray[np.floating], known: frozenset[int]) -> bool:
    """Whether positions (N, 22, 3), in metres, are of a body in the world, with ankles.

    Poses about a pelvis that is held at the origin have no floor.
    """
    if not known & {joint("left_ankle"), joint("right_ankle")}:
        return False
    pelvis = _middle(positions, known, ("pelvis",), ("left_hip", "right_hip"))
    return bool(np.abs(pelvis).max() >= _AT_ORIGIN_M)


def _reliance(positions: NDArray[np.floating], known: frozenset[int]) -> float:
    """How far contacts are relied on, from 0 to 1: less if the limbs of positions (N, 22, 3) change their lengths."""
    limbs = np.array([ends for a, b in STANDARD_METRES if known.issuperset(ends := (joint(a), joint(b)))])
    if not len(limbs):
        return 1.0
    bones = positions[:, limbs[:, 0]] - positions[:, limbs[:, 1]]
    change_m = float(np.sqrt(np.einsum("nbi,nbi->nb", bones, bones)).std(axis=0).mean())
    return 1 / (1 + (change_m / _ESTIMATED_M) ** 2)


def _upright(positions: NDArray[np.floating], known: frozenset[int]) -> NDArray[np.float64]:
    """The mean (3,) of unit vectors from the lower end of the body to the upper one."""
    top = _middle(positions, known, ("neck",), ("head",), ("left_shoulder", "right_shoulder"))
    bottom = _middle(positions, known, ("left_ankle", "right_ankle"), ("left_knee", "right_knee"))
    return np.asarray(unit_vectors(top - bottom).mean(axis=0))


@lru_cache(maxsize=64)  # the takes of a recording share their rig
def _resting(rig: Rig, joints: tuple[int | None, ...], known: frozenset[int]) -> tuple[int | None, float]:
    """Of the rest pose: the index in DIRECTIONS along which it stands, if it does, and how far its feet point."""
    pose = rig.rest_positions[[0 if index is None else index for index in joints]][None]
    return _stands(pose, known), Facing(pose, np.array(sorted(known), np.intp)).feet


def _stands(pose: NDArray[np.floating], known: frozenset[int]) -> int | None:
    """The index in DIRECTIONS along which a pose (1, 22, 3) stands; None if it is not that of a standing human.

    The legs hang opposite to the back, both along one axis: not so in poses with all bones along one axis.
    """
    hips = _middle(pose, known, ("left_hip", "right_hip"), ("pelvis",))
    back = _middle(pose, known, ("neck",), ("head",), ("left_shoulder", "right_shoulder")) - hips
    legs = hips - _middle(pose, known, ("left_ankle", "right_ankle"), ("left_knee", "right_knee"))
    if min(np.linalg.norm(back), np.linalg.norm(legs)) == 0:
        return None
    along = np.minimum(_VECTORS @ unit_vectors(back)[0], _VECTORS @ unit_vectors(legs)[0])
    best = int(np.argmax(along))
    return best if along[best] > _STANDING_COSINE else None


def _middle(positions: NDArray[np.floating], known: frozenset[int], *choices: tuple[str, ...]) -> NDArray[np.floating]:
    """Mean (T, 3) of the joints of the first choice that the rig has; the pelvis if it has none."""
    for names in choices:
        if known.issuperset(chosen := [joint(name) for name in names]):
            return np.asarray(sum(positions[:, index] for index in chosen) / len(chosen))
    return positions[:, joint("pelvis")]
