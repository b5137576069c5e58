"""Cameras, and how they see the motion of a clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .clip import Clip
from .skeleton import joint
from .view import View

_PELVIS = joint("pelvis")


@dataclass(frozen=True)
class Camera:
    """A camera that stands still and looks at the middle of a clip.

    Attributes:
        azimuth_deg: where it stands about the vertical, from +Z towards +X. At 0 it sees a body that faces +Z from the
            front, at 90 from the body's left.
        pitch_deg: how far it looks down: 0 is level, 90 from above, negative from below.
        roll_deg: how far it is turned about its axis, clockwise in its own view.
        distance_m: distance from what it looks at; None for an orthographic view.
    """

    azimuth_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    distance_m: float | None = None

    @property
    def axes(self) -> NDArray[np.float32]:
        """(3, 3) rows: to the right of the image, up in it, towards the camera, in the world."""
        return camera_axes(np.array([self.azimuth_deg, self.pitch_deg, self.roll_deg]))


def camera_axes(angles_deg: NDArray[np.floating]) -> NDArray[np.float32]:
    """`Camera.axes` (..., 3, 3) for azimuth, pitch and roll (..., 3)."""
    azimuth, pitch, roll = np.moveaxis(np.deg2rad(angles_deg), -1, 0)[..., None]
    level = np.zeros_like(azimuth)
    right = np.concatenate([np.cos(azimuth), level, -np.sin(azimuth)], axis=-1)
    up = np.concatenate([-np.sin(azimuth) * np.sin(pitch), np.cos(pitch), -np.cos(azimuth) * np.sin(pitch)], axis=-1)
    towards = np.concatenate([np.sin(azimuth) * np.cos(pitch), np.sin(pitch), np.cos(azimuth) * np.cos(pitch)], axis=-1)
    rolled_right = np.cos(roll) * right + np.sin(roll) * up
    rolled_up = np.cos(roll) * up - np.sin(roll) * right
    return np.stack([rolled_right, rolled_up, towards], axis=-2).astype(np.float32)


#: Nearer than this to the camera nothing is projected: a body that walks through it is seen from here.
_NEAREST_M = 0.3


def project(positions: NDArray[np.floating], camera: Camera, target: NDArray[np.floating]) -> NDArray[np.float32]:
    """Positions (..., 3), metres, as (..., 2) in the image: x right, y up, metres at the distance of `target` (3,)."""
    seen = (np.asarray(positions, np.float32) - np.asarray(target, np.float32)) @ camera.axes.T
    if camera.distance_m is None:
        return np.ascontiguousarray(seen[..., :2])
    depth = np.maximum(camera.distance_m - seen[..., 2:], _NEAREST_M)
    return np.asarray(seen[..., :2] * (np.float32(camera.distance_m) / depth), np.float32)


def film(clip: Clip, camera: Camera) -> View:
    """The view of a camera that looks at the mean place of the pelvis; what the clip observes has confidence 1."""
    target = clip.positions[:, _PELVIS].mean(axis=0)
    points = project(clip.positions, camera, target)
    return View(points, clip.observed, clip.observed.astype(np.float32), start_s=clip.start_s)


@dataclass(frozen=True)
class CameraRange:
    """The cameras that are drawn for training and evaluation: all azimuths, and these.

    Attributes:
        lowest_pitch_deg: the smallest pitch.
        highest_pitch_deg: the largest pitch.
        largest_roll_deg: roll lies between minus this and this.
        nearest_m: the smallest distance.
        farthest_m: the largest distance, evenly on a logarithmic scale.
        orthographic_share: part of the cameras that are orthographic.
    """

    lowest_pitch_deg: float = -10.0
    highest_pitch_deg: float = 30.0
    largest_roll_deg: float = 0.0
    nearest_m: float = 3.0
    farthest_m: float = 10.0
    orthographic_share: float = 0.5

    def draw(self, generator: np.random.Generator) -> Camera:
        """A random camera."""
        distance = self.nearest_m * (self.farthest_m / self.nearest_m) ** generator.uniform()
        return Camera(
            azimuth_deg=float(generator.uniform(0, 360)),
            pitch_deg=float(generator.uniform(self.lowest_pitch_deg, self.highest_pitch_deg)),
            roll_deg=float(generator.uniform(-self.largest_roll_deg, self.largest_roll_deg)),
            distance_m=None if generator.random() < self.orthographic_share else float(distance),
        )
