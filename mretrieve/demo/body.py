"""The body that moves: the canonical skeleton's proportions for one performer, standing in T-pose."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..motion import JOINTS, PARENTS
from .curves import Floats

#: Left side and midline of an adult 1.79 m tall: from the parent joint, metres, X to the left, Y up, Z forward. The
#: last three are the ends of head, hand and toes, which the canonical skeleton does not have.
_ADULT = {
    "pelvis": (0.0, 0.0, 0.0),
    "left_hip": (0.09, -0.07, 0.0),
    "left_knee": (0.0, -0.42, 0.0),
    "left_ankle": (0.0, -0.41, 0.0),
    "left_foot": (0.0, -0.065, 0.13),
    "spine1": (0.0, 0.11, -0.01),
    "spine2": (0.0, 0.13, -0.005),
    "spine3": (0.0, 0.08, 0.005),
    "neck": (0.0, 0.20, -0.01),
    "head": (0.0, 0.09, 0.02),
    "left_collar": (0.05, 0.14, -0.005),
    "left_shoulder": (0.125, 0.02, -0.01),
    "left_elbow": (0.285, 0.0, 0.0),
    "left_wrist": (0.255, 0.0, 0.0),
    "head_end": (0.0, 0.19, 0.0),
    "left_hand_end": (0.17, 0.0, 0.0),
    "left_toe_end": (0.0, -0.02, 0.07),
}
_ADULT_HEIGHT_M = 1.79
_ANKLE_HEIGHT_M = 0.09
_LEGS = {"left_knee", "left_ankle"}
_ARMS = {"left_elbow", "left_wrist", "left_hand_end"}
_SHOULDERS = {"left_collar", "left_shoulder"}


@dataclass(frozen=True)
class Body:
    """Size and proportions of a performer; 1.0 is the average adult's."""

    height_m: float = 1.75
    legs: float = 1.0
    arms: float = 1.0
    shoulders: float = 1.0

    @property
    def scale(self) -> float:
        """Size relative to the adult of 1.79 m."""
        return self.height_m / _ADULT_HEIGHT_M

    def offset(self, name: str) -> Floats:
        """From its parent to a canonical joint, or to "head_end", "left_hand_end", ...: (3,) metres in T-pose."""
        left = name.replace("right_", "left_")
        length = self.legs if left in _LEGS else self.arms if left in _ARMS else 1.0
        width = self.shoulders if left in _SHOULDERS else 1.0
        side = -1.0 if name.startswith("right_") else 1.0
        return np.array(_ADULT[left]) * self.scale * length * (side * width, 1.0, 1.0)

    @cached_property
    def offsets(self) -> Floats:
        """Offsets (22, 3) of the canonical joints from their parents, metres."""
        return np.array([self.offset(name) for name in JOINTS])

    @cached_property
    def t_pose(self) -> Floats:
        """Positions (22, 3) of the canonical joints in T-pose, relative to the pelvis, metres."""
        positions = self.offsets.copy()
        for index, parent in enumerate(PARENTS[1:], start=1):
            positions[index] += positions[parent]
        return positions

    @property
    def ankle_height_m(self) -> float:
        """Height of the ankle joint of a foot flat on the floor."""
        return _ANKLE_HEIGHT_M * self.scale

    @property
    def leg_m(self) -> float:
        """Hip to ankle of a straight leg."""
        return -float(self.offset("left_knee")[1] + self.offset("left_ankle")[1])

    @property
    def arm_m(self) -> float:
        """Shoulder to wrist of a straight arm."""
        return float(self.offset("left_elbow")[0] + self.offset("left_wrist")[0])

    @property
    def pelvis_height_m(self) -> float:
        """Height of the pelvis above the floor with straight legs."""
        return self.ankle_height_m + self.leg_m - float(self.offset("left_hip")[1])
