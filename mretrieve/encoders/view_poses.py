"""Poses of a view as encoders of views see them: the joints that every detector finds, in units of the body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..motion.detection import DETECTED, MIDDLES
from ..motion.skeleton import MIRROR, joint
from ..motion.view import View

#: The joints, by their numbers: those that detectors look for, and the middles of hips and shoulders.
VIEW_JOINTS: tuple[int, ...] = (*MIDDLES, *DETECTED)
#: The joint on the other side of the body, as a position in VIEW_JOINTS.
VIEW_MIRROR: tuple[int, ...] = tuple(VIEW_JOINTS.index(MIRROR[number]) for number in VIEW_JOINTS)
_PELVIS = joint("pelvis")


def view_poses(view: View) -> NDArray[np.float32]:
    """Poses (T, 14, 2) in units of `view_size` with the pelvis at the origin of each frame, x right and y up.

    Neither the size of the body in the image nor its path counts. Joints that are not observed stand where the view
    has them.
    """
    return _about_pelvis(view) / view_size(view)


def view_size(view: View) -> np.float32:
    """The size of the body in the image: root mean square distance of the joints from the pelvis, over all frames."""
    squares = np.square(_about_pelvis(view)).sum(axis=2)
    return np.float32(max(np.sqrt(squares.mean(dtype=np.float64)), 1e-6))


def _about_pelvis(view: View) -> NDArray[np.float32]:
    return view.points[:, VIEW_JOINTS] - view.points[:, None, _PELVIS]


def view_masks(view: View) -> NDArray[np.bool_]:
    """(T, 14) which of VIEW_JOINTS are observed."""
    return view.observed[:, VIEW_JOINTS]


def masked_poses(view: View) -> NDArray[np.float32]:
    """Poses (T, 28) in which the coordinates of joints that are not observed are 0."""
    masked: NDArray[np.float32] = view_poses(view) * view_masks(view)[..., None]
    return np.asarray(masked.reshape(view.frame_count, -1), np.float32)


def windows_around(frames: NDArray[np.float32], length: int, apart: int = 1) -> NDArray[np.float32]:
    """(T, length, D) frames around each frame (T, D), one in `apart`; at the ends the first and last are repeated."""
    around = np.arange(len(frames))[:, None] + apart * np.arange(length) - apart * (length - 1) // 2
    return np.asarray(frames[np.clip(around, 0, len(frames) - 1)], np.float32)
