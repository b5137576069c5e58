"""How far lifted clips are from the motion that was filmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..lifting import Lifted
from ..lifting.body import joint_places
from ..motion import Clip
from ..motion.augmentation import turn
from ..motion.body_view import body_view
from ..motion.bones import BONES, USED_JOINTS
from ..motion.camera import CameraRange, film
from ..motion.detection import DetectionErrors, as_detected
from ..motion.view import View

_PARENTS, _CHILDREN = np.array(BONES).T


@dataclass(frozen=True)
class LiftingErrors:
    """Means over clips, each seen by one random camera.

    Attributes:
        bone_deg: angle between a lifted bone and the true one.
        joint_mm: distance of a joint from the true one, from the middle of the hips, on the true body's bone lengths.
        heading_deg: size of the error of the heading, which is that of the camera's azimuth from the body.
        pitch_deg: size of the error of the camera's pitch.
        clips: number of clips.
    """

    bone_deg: float
    joint_mm: float
    heading_deg: float
    pitch_deg: float
    clips: int


def lifting_errors(
    clips: Sequence[Clip],
    lift: Callable[[View], Lifted],
    cameras: CameraRange,
    errors: DetectionErrors | None = None,
    seed: int = 0,
) -> LiftingErrors:
    """Film each clip by a random camera, with a detector's errors or without any, and lift what is seen."""
    generator = np.random.default_rng(seed)
    rows = []
    for clip in clips:
        camera = cameras.draw(generator)
        turned = turn(clip, -camera.azimuth_deg)
        seen = film(turned, replace(camera, azimuth_deg=0.0))
        view = as_detected(seen) if errors is None else errors.draw(seen, generator)
        lifted = lift(view)
        rows.append([*_clip_errors(turned, lifted.clip), abs(lifted.camera.pitch_deg - camera.pitch_deg)])
    bone, joint, heading, pitch = np.mean(rows, axis=0).tolist()
    return LiftingErrors(bone, joint, heading, pitch, len(rows))


def bones_of(positions: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Directions (T, 17, 3) and lengths (T, 17) of BONES, from positions (T, 22, 3)."""
    joints = np.asarray(positions, np.float32)[:, USED_JOINTS]
    bones = joints[:, _CHILDREN] - joints[:, _PARENTS]
    lengths = np.sqrt((bones**2).sum(axis=2))
    return bones / np.maximum(lengths, 1e-6)[..., None], lengths


def _clip_errors(true: Clip, lifted: Clip) -> tuple[float, float, float]:
    directions, lengths = bones_of(true.positions)
    found, _ = bones_of(lifted.positions)
    angles = np.rad2deg(np.arccos(np.clip((directions * found).sum(axis=2), -1, 1)))
    distances = np.linalg.norm(joint_places(directions, lengths) - joint_places(found, lengths), axis=2)
    turned = body_view(true.positions).heading - body_view(lifted.positions).heading
    heading = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    return float(angles.mean()), 1000 * float(distances.mean()), float(np.rad2deg(heading.mean()))
