"""Evidence for the axes of a file: which direction is up, and whether the axes are left-handed.

All scores are log-odds, so that those of several clips of one rig can be added. The weights of the floor are those of a
logistic regression over the six directions on 1,400 clips: 600 of generated floor work, 450 of generated upright
movement, 350 captured. The floor alone is right for 88 % of the first and 99.7 % of the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion import Motion
from ..rotations import unit_vectors
from ..skeleton import joint
from .facing import feet_forward, knees_forward

#: The directions that may be up, in the order of all scores.
DIRECTIONS = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
_VECTORS = np.repeat(np.eye(3), 2, axis=0) * np.tile([1.0, -1.0], 3)[:, None]

#: How usual a direction is in formats of rotations, whose convention is Y up, and in tables of positions.
_USUAL = np.array([-5.0, -5.0, 0.0, -2.5, -2.0, -5.0])
_USUAL_OF_POSITIONS = np.array([-0.6, -0.6, 0.0, -0.5, -0.2, -0.6])
#: For the direction along which the rest pose stands, but no more than this lead: it repeats what is usual.
_REST, _REST_LEAD = 4.0, 2.0
#: By how much a declared direction leads.
_DECLARED_LEAD = 6.0
#: Less than Y leads Z in a format of rotations, and half of what it leads -Y: posture alone never turns such a file.
_POSTURE = 1.0

_AT_ZERO, _LEVEL, _STILL = 3.8, 1.3, 2.1
#: Metres from a floor at zero in which the lowest joint of a body is, and how soft these limits are.
_LOWEST_M, _HIGHEST_M, _SOFT_M = -0.02, 0.12, 0.08
#: A pelvis that never is farther than this from the origin is held there.
_AT_ORIGIN_M = 1e-3
#: Movements of the lowest joint that are noise, and those beyond which nothing more is shown.
_LEVEL_M, _STILL_M_PER_S = (0.03, 1.0), (0.1, 1.5)
_FRAMES, _STEP_S = 64, 0.1

#: Before any data; of feet that are one shank behind the ankle; of knees that bend backwards at right angles.
_LEFT_HANDED, _FEET, _KNEES = -2.5, 15.0, 12.0
_LEGS_LIMIT = 5.0
#: Leads below which other files of the rig are looked at: of a direction, and of a hand.
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
        posture: (6,) by the direction in which the body is upright.
        left_handed: of left-handed axes against right-handed ones.
        others: how many other files of the same rig are counted in.
    """

    usual: NDArray[np.float64]
    rest: NDArray[np.float64]
    floor: NDArray[np.float64]
    posture: NDArray[np.float64]
    left_handed: float
    others: int = 0

    @property
    def up(self) -> NDArray[np.float64]:
        """(6,) the sum for each of DIRECTIONS."""
        return self.usual + self.rest + self.floor + self.posture

    @property
    def is_thin(self) -> bool:
        """Whether the best answer leads by little, so that other files of the rig should be looked at."""
        second, first = np.sort(self.up)[-2:]
        return bool(first - second < _CLEAR_LEAD) or abs(self.left_handed) < _CLEAR_HAND

    def with_others(self, others: Iterable[AxesEvidence]) -> AxesEvidence:
        """This evidence and that of the motions in other files of the same rig, which itself counts once."""
        both = [self, *others]
        return AxesEvidence(
            self.usual,
            self.rest,
            np.sum([each.floor for each in both], axis=0),
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
    feet, rest = feet_forward(observed, mapped), np.zeros(6)
    pose = motion.rig.rest_positions[[0 if index is None else index for index in joints]][None]
    stands = _stands(pose, known)
    if stands is not None:
        rest[stands] = min(_REST, usual.max() + _REST_LEAD - usual[stands])
        feet = max(feet, feet_forward(pose, mapped), key=abs)
    legs = (_FEET * feet, _KNEES * knees_forward(observed, mapped))
    return AxesEvidence(
        usual,
        rest,
        _floor(observed, later, known, step / motion.fps),
        _POSTURE * _VECTORS @ _upright(observed, known),
        _LEFT_HANDED - sum(min(max(evidence, -_LEGS_LIMIT), _LEGS_LIMIT) for evidence in legs),
    )


def _floor(
    positions: NDArray[np.floating], later: NDArray[np.floating], known: frozenset[int], step_s: float
) -> NDArray[np.float64]:
    """Log-odds (6,) by the lowest joint in each direction; positions (N, 22, 3) in metres, and those a step later.

    Zeros for poses about a pelvis that is held at the origin, which have no floor, and for a body without ankles.
    """
    if not known & {joint("left_ankle"), joint("right_ankle")}:
        return np.zeros(6)
    if np.abs(_middle(positions, known, ("pelvis",), ("left_hip", "right_hip"))).max() < _AT_ORIGIN_M:
        return np.zeros(6)
    mapped = np.array(sorted(known))
    heights = positions[:, mapped] @ _VECTORS.T  # (N, J, 6)
    lowest = heights.argmin(axis=1)  # (N, 6)
    frames = np.arange(len(positions))[:, None]
    floor = np.sort(heights[frames, lowest, np.arange(6)], axis=0)
    low, high = floor[len(floor) // 20], floor[-1 - len(floor) // 20]
    score = -_LEVEL * np.log(np.minimum(high - low, _LEVEL_M[1]) + _LEVEL_M[0])

    moved = later[frames, mapped[lowest]] - positions[frames, mapped[lowest]]  # (N, 6, 3)
    speed = np.sort(np.sqrt((moved**2).sum(axis=2)) / step_s, axis=0)[len(frames) // 2]
    score -= _STILL * np.log(np.minimum(speed, _STILL_M_PER_S[1]) + _STILL_M_PER_S[0])

    outside = np.maximum(_LOWEST_M - low, low - _HIGHEST_M)
    score += _AT_ZERO * np.minimum(np.maximum(1 - outside / _SOFT_M, 0), 1)
    return np.asarray(score - score.mean())


def _upright(positions: NDArray[np.floating], known: frozenset[int]) -> NDArray[np.float64]:
    """The mean (3,) of unit vectors from the lower end of the body to the upper one."""
    top = _middle(positions, known, ("neck",), ("head",), ("left_shoulder", "right_shoulder"))
    bottom = _middle(positions, known, ("left_ankle", "right_ankle"), ("left_knee", "right_knee"))
    return np.asarray(unit_vectors(top - bottom).mean(axis=0))


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
            return np.asarray(positions[:, chosen].mean(axis=1))
    return positions[:, joint("pelvis")]
