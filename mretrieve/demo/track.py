"""What a performance prescribes at each frame, before joints are solved: pelvis, spine, feet and hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .curves import Floats
from .rotations import about, apply

LEFT, RIGHT = 0, 1
#: Share of the upper arm in the length of an arm.
UPPER_ARM = 0.285 / 0.54


@dataclass
class BodyTrack:
    """T frames. Metres and radians, world frame (Y up, X left and Z forward of heading 0); [:, 0] left, [:, 1] right.

    Elbows and wrists are in the frame of the chest with the shoulder as origin, x outward, y up, z forward, in arm
    lengths; an elbow only says on which side of the arm it is.
    """

    pelvis: Floats  # (T, 3)
    heading: Floats  # (T,)
    tilt: Floats  # (T, 3) pitch, yaw, roll of the pelvis beyond the heading
    spine: Floats  # (T, 3) of the chest against the pelvis
    head: Floats  # (T, 3) of the head against the chest
    feet: Floats  # (T, 2, 3) ground point below the ankle of the flat foot; y is how far the foot is lifted
    foot_yaw: Floats  # (T, 2)
    foot_pitch: Floats  # (T, 2) above 0 the heel is up and the foot turns on its ball, below 0 on its heel
    knee_out: Floats  # (T, 2) how far the knee points outward
    elbows: Floats  # (T, 2, 3)
    wrists: Floats  # (T, 2, 3)
    hand_bend: Floats  # (T, 2) of the hand towards its palm
    grip: Floats  # (T, 2) 0: the wrist follows the chest, 1: it goes to its grip point
    grip_points: Floats  # (T, 2, 3) world

    def set_arm(self, side: int, angles: Floats) -> None:
        """Place an arm by its angles (T, 4), see `arm`."""
        self.elbows[:, side], self.wrists[:, side] = arm(angles)


def arm(angles: ArrayLike) -> tuple[Floats, Floats]:
    """Elbow and wrist (T, 3) in arm lengths from the angles (T, 4) of an arm.

    Forward swing of the hanging arm, abduction (out), bend of the elbow, and outward turn of the forearm about the
    upper arm.
    """
    swing, out, bend, twist = np.moveaxis(np.asarray(angles, float), -1, 0)
    shoulder = about("x", -swing) @ about("z", out)
    down = np.array([0.0, -1.0, 0.0])
    elbow = apply(shoulder, down * UPPER_ARM)
    forearm = about("y", twist) @ about("x", -np.maximum(bend, 0.08))  # a dead straight arm has no elbow side
    return elbow, elbow + apply(shoulder @ forearm, down * (1 - UPPER_ARM))
