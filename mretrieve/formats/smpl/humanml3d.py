"""HumanML3D (Guo et al., "Generating diverse and natural 3D human motions from text", CVPR 2022): 263 numbers a frame.

They are the root's turn about Y and its step in its own axes to the next frame, its height, the positions of the 21
other joints in the root's axes, and rotations, velocities and contacts, which are not needed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion, Rig
from ...motion.skeleton import JOINTS, PARENTS

FEATURES = 263
FPS = 20.0


def motion_of_features(features: NDArray[np.floating], path: Path, fps: float | None) -> Motion:
    """The motion of features (T, 263), at 20 frames per second unless the user states another rate.

    Raises:
        FormatError: numbers that are not finite.
    """
    features = np.asarray(features, np.float64)
    if not len(features) or not np.isfinite(features).all():
        raise FormatError(f"{path}: holds no frames, or numbers that are not finite; save the array again")
    half_turns = np.concatenate([[0.0], np.cumsum(features[:-1, 0])])  # of the angle, as a quaternion has it
    steps = np.zeros((len(features), 3))
    steps[1:, [0, 2]] = features[:-1, 1:3]
    root = np.cumsum(_turned(steps, half_turns), axis=0)
    root[:, 1] = features[:, 3]
    others = _turned(features[:, 4:67].reshape(len(features), 21, 3), half_turns[:, None])
    others[..., [0, 2]] += root[:, None, [0, 2]]
    positions = np.concatenate([root[:, None], others], axis=1).astype(np.float32)
    rig = Rig(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3)))
    return Motion(rig, positions, fps or FPS, path, declared_up="+Y")


def _turned(vectors: NDArray[np.floating], half_turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors (..., 3) turned about Y by minus twice the half turns (...): from the root's axes into the world."""
    cosine, sine = np.cos(2 * half_turns), np.sin(2 * half_turns)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([cosine * x - sine * z, y, sine * x + cosine * z], axis=-1)
