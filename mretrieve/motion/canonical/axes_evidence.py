"""Evidence for the axes of a file: which direction is up, and whether the axes are left-handed.

All scores are log-odds, so that those of several clips of one rig can be added. The weights of the floor are those of a
logistic regression over the six directions on 6,645 clips: 5,000 of generated floor work, 900 of generated upright
movement, 745 captured; the three kinds count 2 : 1 : 1. That of travel is two thirds of its own there, and that of hips
less than on the captured clips alone, because few of these clips are of bodies on wheels or with arched backs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import copysign

import numpy as np
from numpy.typing import NDArray

from ..motion import Motion, Rig
from ..rotations import unit_vectors
from ..skeleton import JOINTS, joint
from .facing import Facing

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
#: By how much a declared direction leads.
_DECLARED_LEAD = 6.0
#: Less than Y leads Z in a format of rotations, and half of what it leads -Y: posture alone never turns such a file.
_POSTURE = 1.0

#: Of the floor: the lowest joint is near zero, keeps its level and stands still; joints support the body, on any floor
#: and on one at zero.
_AT_ZERO, _LEVEL, _STILL, _SUPPORT, _SUPPORT_AT_ZERO = 3.5, 1.2, 2.6, 1.1, 1.2
#: Metres from a joint to the skin, on which the body rests, of an adult.
_FLESH_M = {
    "pelvis": 0.11, "hip": 0.09, "knee": 0.06, "ankle": 0.07, "foot": 0.025, "spine1": 0.10, "spine2": 0.11,
    "spine3": 0.11, "neck": 0.06, "head": 0.09, "collar": 0.08, "shoulder": 0.06, "elbow": 0.045, "wrist": 0.03,
}  # fmt: skip
_FLESH = np.array([_FLESH_M[name.removeprefix("left_").removeprefix("right_")] for name in JOINTS])
#: Skin at this height is on the floor; a joint below this speed stands still.
_ON_FLOOR_M, _STANDING_M_PER_S = 0.05, 0.2
#: A pelvis that never is farther than this from the origin is held there.
_AT_ORIGIN_M = 1e-3
#: Movements of the lowest joint that are noise, and those beyond which nothing more is shown.
_LEVEL_M, _STILL_M_PER_S = (0.03, 1.0), (0.02, 1.5)
#: Of a trunk that is upright, square to the path of a body without a joint at rest. It is not posture alone: whoever is
#: upside down has hands on the floor, or does not go on a level.
_TRAVEL = 4.0
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
        floor: (6,) by the lowest joints, which are near zero, level and still if the direction is up. A body that
            travels along a direction is not level in it.
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
    def is_thin(self) -> bool:
        """Whether the best answer leads by little, so that other files of the rig should be looked at."""
        second, first = np.sort(self.up)[-2:]
        return bool(first - second < _CLEAR_LEAD) or not self.shows_hand

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
    step = max(1, round(_STEP_S * motion.fps))
    last = len(positions) - 1
    first = np.linspace(0, max(last - step, 0), min(_FRAMES, len(positions))).astype(int)
    second = np.minimum(first + step, last)
    observed, later = positions[first] * scale, positions[second] * scale
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
    floor, travel = _floor_and_travel(observed, later, known, step / motion.fps, upright)
    return AxesEvidence(
        usual,
        rest,
        floor,
        travel,
        _POSTURE * upright,
        left_handed,
    )


def _beyond(value: float, least: float) -> float:
    """How far a value is from zero beyond `least`, with its sign."""
    return copysign(max(abs(value) - least, 0.0), value)


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _floor_and_travel(
    positions: NDArray[np.floating],
    later: NDArray[np.floating],
    known: frozenset[int],
    step_s: float,
    upright: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-odds (6,) by the lowest joint in each direction, and by the trunk if the body travels.

    Positions (N, 22, 3) are in metres, and those a step later; `upright` (6,) is the cosine of the trunk with each
    direction. Zeros for poses about a pelvis that is held at the origin, which have no floor, and for a body without
    ankles.
    """
    if not known & {joint("left_ankle"), joint("right_ankle")}:
        return np.zeros(6), np.zeros(6)
    if np.abs(_middle(positions, known, ("pelvis",), ("left_hip", "right_hip"))).max() < _AT_ORIGIN_M:
        return np.zeros(6), np.zeros(6)
    mapped = np.array(sorted(known))
    here, there = (each.take(mapped, axis=1).transpose(1, 2, 0).copy() for each in (positions, later))  # (J, 3, N)
    heights = np.empty((len(mapped), 6, len(positions)))  # of the skin
    heights[:, ::2], heights[:, 1::2] = here, -here
    heights -= _FLESH[mapped, None, None]
    moved = there - here
    speeds = np.sqrt(np.einsum("jin,jin->jn", moved, moved)) / step_s
    lowest, floor = heights.argmin(axis=0), heights.min(axis=0)  # (6, N)
    levels = np.sort(floor, axis=1)
    low, high = levels[:, levels.shape[1] // 20], levels[:, -1 - levels.shape[1] // 20]
    noise, fast = _STILL_M_PER_S
    moving = np.log(np.minimum(speeds[lowest, np.arange(len(positions))], fast) + noise).mean(axis=1)
    rests = (heights < floor + _ON_FLOOR_M) & (speeds < _STANDING_M_PER_S)[:, None]
    supporting = rests.sum(axis=0)  # (6, N)
    score = (
        _AT_ZERO / (1 + (low / _ON_FLOOR_M) ** 2)
        - _LEVEL * np.log(np.minimum(high - low, _LEVEL_M[1]) + _LEVEL_M[0])
        - _STILL * moving
        + _SUPPORT * np.log1p(supporting.mean(axis=1))
        + _SUPPORT_AT_ZERO * np.log1p((supporting * (np.abs(floor) < _ON_FLOOR_M)).mean(axis=1))
    )
    return score - score.mean(), _TRAVEL * _carried(moved, speeds) * upright


def _carried(moved: NDArray[np.floating], speeds: NDArray[np.floating]) -> NDArray[np.float64]:
    """How clearly all joints move, and square to each direction: (6,) from 0 to 1.

    `moved` (J, 3, N) are their steps, `speeds` (J, N) in metres a second.
    """
    share = float((speeds.min(axis=0) > _STANDING_M_PER_S).mean())
    if share <= 0.5:
        return np.zeros(6)
    path = unit_vectors(moved.mean(axis=0).T)
    across = 1 - (path**2).mean(axis=0)
    return np.asarray((2 * share - 1) * np.repeat(across, 2))


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
