"""Lifting: the motion in three dimensions of a body that a camera sees in two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..motion.camera import Camera
from ..motion.clip import Clip
from ..motion.detection import as_detected
from ..motion.skeleton import JOINT_COUNT, joint
from ..motion.view import View
from .body import body_positions
from .input_frames import FRAMES_TOGETHER, input_frames
from .network import LiftingNetwork
from .weights_file import shipped_network

NOTE = "lifted from 2D"
#: Joints that are observed where these others are.
_PLACED = {
    joint("spine3"): [joint("pelvis"), joint("neck")],
    joint("head"): [joint("neck")],
    joint("left_foot"): [joint("left_ankle")],
    joint("right_foot"): [joint("right_ankle")],
}


@dataclass(frozen=True, eq=False)
class Lifted:
    """A lifted clip, and the camera.

    Attributes:
        clip: the motion.
        camera: where the camera stands in the world of the clip: at azimuth 0, at an estimated pitch.
    """

    clip: Clip
    camera: Camera


def lift(view: View) -> Clip:
    """The motion of a view in three dimensions, on a body of standard size.

    Up is +Y, against gravity. The camera stands at azimuth 0: +Z points along the floor towards it, +X to the right of
    the image. So the heading of the lifted body is its true heading less the true azimuth of the camera. The path
    starts at the origin and is the sum of estimated velocities, for a camera that stands still.
    """
    return lift_with_camera(view).clip


def lift_with_camera(view: View, network: LiftingNetwork | None = None) -> Lifted:
    """See `lift`; also the pitch of the camera, and by a network of one's own.

    Raises:
        FormatError: the shipped weights are damaged.
    """
    network = network or shipped_network()
    notes = (*view.notes, NOTE)
    if not view.frame_count:
        nothing = np.zeros((0, JOINT_COUNT, 3), np.float32)
        return Lifted(Clip(nothing, view.observed, start_s=view.start_s, notes=notes), Camera())
    view = as_detected(view)
    estimate = network(input_frames(view))
    directions = at_full_rate(estimate.directions, view.frame_count)
    directions /= np.maximum(np.linalg.norm(directions, axis=2, keepdims=True), 1e-6)
    positions = body_positions(directions, at_full_rate(estimate.velocity, view.frame_count))
    clip = Clip(positions, _observed(view), start_s=view.start_s, notes=notes)
    return Lifted(clip, Camera(pitch_deg=float(np.rad2deg(np.mean(estimate.pitch)))))


def _observed(view: View) -> NDArray[np.bool_]:
    """Which joints (T, 22) of the lifted clip count as observed.

    Those of the view, and the joints that detectors do not look for but the network places (feet, head and spine3),
    where the joints that they are attached to are observed: measured in docs/research/lifting.md.
    """
    observed = view.observed.copy()
    for number, attached in _PLACED.items():
        observed[:, number] = view.observed[:, attached].all(axis=1)
    return observed


def at_full_rate(values: NDArray[np.float32], frame_count: int) -> NDArray[np.float32]:
    """Values (T, ...) at the frames of the view, from values (N, ...) of which each is in the middle of two of them."""
    place = np.clip((np.arange(frame_count) - 0.5 * (FRAMES_TOGETHER - 1)) / FRAMES_TOGETHER, 0, len(values) - 1)
    low = place.astype(int)
    share = (place - low).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[low] + share * (values[np.minimum(low + 1, len(values) - 1)] - values[low]))
