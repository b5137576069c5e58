"""People by arithmetic: places of joints in T-pose, and how segments carry them. X is left, Y up, Z forward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mretrieve.demo import Body
from mretrieve.motion import JOINTS, PARENTS

Floats = NDArray[np.float64]
SIDES = ("left", "right")

#: Points that are not canonical joints, by the segment that carries them: metres of an adult, on the left.
_ENDS = {
    "head_end": ("head", (0.0, 0.19, 0.0)),
    "hand_end": ("wrist", (0.17, 0.0, 0.0)),
    "toe_end": ("foot", (0.0, -0.02, 0.07)),
    "heel": ("ankle", (0.0, -0.09, -0.05)),
}
#: How far the skin is below a point when it lies on the floor, metres of an adult.
_FLESH_M = {
    "pelvis": 0.11, "hip": 0.09, "knee": 0.06, "ankle": 0.05, "foot": 0.025, "spine1": 0.10, "spine2": 0.11,
    "spine3": 0.11, "neck": 0.06, "head": 0.09, "collar": 0.08, "shoulder": 0.06, "elbow": 0.045, "wrist": 0.03,
    "head_end": 0.02, "hand_end": 0.01, "toe_end": 0.005, "heel": 0.0,
}  # fmt: skip


def part_of(point: str) -> str:
    """The name of a point without its side."""
    return point.removeprefix("left_").removeprefix("right_")


def side_of(point: str) -> str:
    """The side that a point is on: "left", "right", or "" on the midline."""
    return next((side for side in SIDES if point.startswith(side)), "")


def outward(side: str) -> float:
    """1 on the left, where X grows, -1 on the right."""
    return -1.0 if side == "right" else 1.0


def places(body: Body) -> dict[str, Floats]:
    """Of the canonical joints and the ends of head, hands, toes and heels: (3,) metres from the pelvis in T-pose."""
    found = {name: body.t_pose[number] for number, name in enumerate(JOINTS)}
    for part, (holder, shift) in _ENDS.items():
        for side in ("",) if part == "head_end" else ("left_", "right_"):
            mirrored = np.array(shift) * (outward(side.rstrip("_")), 1.0, 1.0) * body.scale
            found[side + part] = found[side + holder] + mirrored
    return found


def segment_of(point: str) -> str:
    """The canonical joint that carries a point: itself, or for ends the joint before."""
    if point in JOINTS:
        return point
    side, part = side_of(point), part_of(point)
    return f"{side}_{_ENDS[part][0]}" if side else _ENDS[part][0]


def flesh_m(body: Body, point: str) -> float:
    """Distance from a point to the floor when the body lies on it."""
    return _FLESH_M[part_of(point)] * body.scale


@dataclass(frozen=True, eq=False)
class Movement:
    """What a person does.

    Attributes:
        kind: the name of it.
        body: whose body it is.
        fps: frames a second.
        rotations: (T, 22, 3, 3) of each canonical joint in the world, against T-pose facing +Z.
        root: (T, 3) of the pelvis, metres; the floor is at 0.
    """

    kind: str
    body: Body
    fps: float
    rotations: Floats
    root: Floats

    def turned(self, yaw: float) -> Movement:
        """The same with another heading, `yaw` radians to the left."""
        cosine, sine = np.cos(yaw), np.sin(yaw)
        turn = np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])
        return Movement(self.kind, self.body, self.fps, turn @ self.rotations, self.root @ turn.T)

    def moved(self, place: tuple[float, float, float]) -> Movement:
        """The same elsewhere."""
        return Movement(self.kind, self.body, self.fps, self.rotations, self.root + place)

    def cut(self, first: int, last: int) -> Movement:
        """Frames `first` to `last`, exclusive."""
        return Movement(self.kind, self.body, self.fps, self.rotations[first:last], self.root[first:last])


def carried(body: Body, rotations: Floats, points: tuple[str, ...]) -> Floats:
    """Positions (T, K, 3) of `points` against the pelvis, metres, from rotations (T, 22, 3, 3)."""
    at = places(body)
    joints = np.zeros((len(rotations), len(JOINTS), 3))
    for number, parent in enumerate(PARENTS[1:], start=1):
        offset = at[JOINTS[number]] - at[JOINTS[parent]]
        joints[:, number] = joints[:, parent] + rotations[:, parent] @ offset
    found = np.empty((len(rotations), len(points), 3))
    for column, point in enumerate(points):
        holder = segment_of(point)
        found[:, column] = joints[:, JOINTS.index(holder)]
        if holder != point:
            found[:, column] += rotations[:, JOINTS.index(holder)] @ (at[point] - at[holder])
    return found
