"""Evidence for the direction that is up, by what carries the body: the floor below its lowest joints, or wheels.

The weights are those of a logistic regression over the six directions on 4,928 clips: 4,000 of generated floor work,
500 of generated upright movement, 428 captured; the three kinds count 2 : 1 : 1. Those of a floor at zero, of which
more captured clips show more, are a third larger, and that of balance is a third smaller: nobody in these clips sits on
a chair.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...kernels.compiled import floor_signs
from ..frames import spread_frames
from ..rotations import unit_vectors
from ..skeleton import JOINTS

#: Log-odds: the lowest joint is near zero, keeps its level and stands still; so does the stillest one near the floor;
#: joints are at rest on a floor at zero; head or neck is lowest.
_AT_ZERO, _LEVEL, _STILL, _STILLEST, _SUPPORT_AT_ZERO, _ON_HEAD = 3.5, 1.0, 2.8, 2.0, 1.2, -2.5
#: Metres from a joint to the skin, on which the body rests, of an adult.
_FLESH_M = {
    "pelvis": 0.11, "hip": 0.09, "knee": 0.06, "ankle": 0.07, "foot": 0.025, "spine1": 0.10, "spine2": 0.11,
    "spine3": 0.11, "neck": 0.06, "head": 0.09, "collar": 0.08, "shoulder": 0.06, "elbow": 0.045, "wrist": 0.03,
}  # fmt: skip
#: Share of the body's mass: segments of Winter (2009, table 4.1), each divided between the joints at its ends by where
#: its centre of mass is; the trunk's between hips and neck.
_MASS = {
    "pelvis": 0.142, "hip": 0.057, "knee": 0.070, "ankle": 0.020, "foot": 0.014, "spine1": 0.050, "spine2": 0.100,
    "spine3": 0.205, "neck": 0.020, "head": 0.061, "collar": 0.0, "shoulder": 0.016, "elbow": 0.019, "wrist": 0.015,
}  # fmt: skip
_FLESH, _MASSES = (
    np.array([table[name.removeprefix("left_").removeprefix("right_")] for name in JOINTS], np.float32)
    for table in (_FLESH_M, _MASS)
)
_HEAD = np.isin(JOINTS, ("neck", "head"))
#: Skin at this height is on the floor, and at that one may carry weight; a joint below this speed is at rest.
_ON_FLOOR_M, _CARRYING_M, _AT_REST_M_PER_S = 0.05, 0.03, 0.2
#: Movements of the lowest joint that are noise, and those beyond which nothing more is shown.
_LEVEL_M, _STILL_M_PER_S = (0.03, 1.0), (0.02, 1.5)
#: As `floor_signs` takes them.
_LIMITS = np.array([_ON_FLOOR_M, _CARRYING_M, _AT_REST_M_PER_S, *_STILL_M_PER_S], np.float32)
#: Of a trunk that is upright, square to the path of a body without a joint at rest. It is not posture alone: whoever is
#: upside down has hands on the floor, or does not go on a level.
_TRAVEL = 4.0
#: Of a body out of balance that holds still: per unit of log(1 + sink / _SINK_M[0]), of metres up to _SINK_M[1]. Joints
#: that are this fast on average are half as much held still. Balance is measured in a few frames.
_BALANCE, _SINK_M, _HELD_M_PER_S, _BALANCE_FRAMES = 1.0, (0.05, 0.3), 0.25, 12
#: The most that balance changes.
BALANCE_LIMIT = _BALANCE * float(np.log1p(_SINK_M[1] / _SINK_M[0]))
_TURNS = np.arange(8) * np.pi / 4
#: Slopes (2, S) in eight directions to which a floor is tilted.
_SLOPES = np.concatenate([steep * np.array([np.cos(_TURNS), np.sin(_TURNS)]) for steep in (0.2, 0.5, 1.0, 2.5)], axis=1)


class Floor:
    """What carries a body if a direction is up, for each of the six that `axes_evidence.DIRECTIONS` names."""

    def __init__(
        self,
        positions: NDArray[np.floating],
        later: NDArray[np.floating],
        mapped: NDArray[np.intp],
        step_s: float,
    ) -> None:
        """`positions` (N, 22, 3) and those a step `later` are in metres; the joints `mapped` are known."""
        self._here, self._later = (np.ascontiguousarray(each, np.float32) for each in (positions, later))
        self._mapped, self._step_s = mapped, step_s
        joints = mapped.astype(np.int32), _FLESH[mapped], _HEAD[mapped]
        self._levels, self._slowest, self._signs = floor_signs(self._here, self._later, *joints, step_s, _LIMITS)

    def contacts(self) -> NDArray[np.float64]:
        """Log-odds (6,) by the lowest joints."""
        levels = np.sort(self._levels, axis=1)
        low, high = levels[:, levels.shape[1] // 20], levels[:, -1 - levels.shape[1] // 20]
        still, stillest, at_zero, on_head = self._signs.T
        score = (
            _AT_ZERO / (1 + (low / _ON_FLOOR_M) ** 2)
            - _LEVEL * np.log(np.minimum(high - low, _LEVEL_M[1]) + _LEVEL_M[0])
            - _STILL * still
            - _STILLEST * stillest
            + _SUPPORT_AT_ZERO * np.log1p(at_zero)
            + _ON_HEAD * on_head
        )
        return np.asarray(score - score.mean())

    def balance(self) -> NDArray[np.float64]:
        """Log-odds (6,) by the balance of a body that holds still, 0 if it is in balance.

        A body at rest is in balance if its centre of mass is above what it stands on. If not, it topples: there is a
        tilted floor through the point below the centre of mass that is nearer to every joint than the level one. `sink`
        is the height that it gains. Seats and walls, which carry people too, are the reason for a limit.
        """
        frames = spread_frames(len(self._here), _BALANCE_FRAMES)
        here, later = (each[frames[:, None], self._mapped].transpose(1, 2, 0) for each in (self._here, self._later))
        speeds = np.linalg.norm(later - here, axis=1) / self._step_s
        heights = np.stack([here, -here], axis=2).reshape(len(here), 6, -1) - _FLESH[self._mapped, None, None]
        levels = self._levels[:, frames]
        masses = _MASSES[self._mapped]
        from_centre = here - np.einsum("j,jin->in", masses / masses.sum(), here)
        sink = np.empty_like(levels)
        for axis in range(3):
            level = [each for each in range(3) if each != axis]
            rise = np.einsum("jin,is->jsn", from_centre[:, level], _SLOPES)
            for direction in (2 * axis, 2 * axis + 1):
                sink[direction] = (heights[:, direction, None] + rise).min(axis=0).max(axis=0) - levels[direction]
        held = 1 / (1 + (speeds.mean(axis=0) / _HELD_M_PER_S) ** 2)
        return np.asarray(-_BALANCE * (held * np.log1p(sink.clip(0, _SINK_M[1]) / _SINK_M[0])).mean(axis=1))

    def travel(self, upright: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds (6,) by the trunk, whose cosines with the directions are `upright` (6,), if all joints move."""
        share = float((self._slowest > _AT_REST_M_PER_S).mean())
        if share <= 0.5:
            return np.zeros(6)
        path = unit_vectors((self._later - self._here)[:, self._mapped].mean(axis=1))
        across = 1 - (path**2).mean(axis=0)
        return np.asarray(_TRAVEL * (2 * share - 1) * np.repeat(across, 2) * upright)
