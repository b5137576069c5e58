"""What the learned encoders look at: poses as the body sees them, on bones of one length, and the root's motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..motion import Clip
from ..motion.body_view import body_view
from ..motion.bones import BONES, USED_JOINTS
from ..motion.lifted_clip import LiftedClip

_COUNT = len(USED_JOINTS)
#: Typical lengths of the bones of an adult, metres, in the order of BONES: hips, trunk, legs, feet, neck, head, arms.
BONE_LENGTHS_M = np.array(
    [0.10, 0.10, 0.37, 0.40, 0.40, 0.41, 0.41, 0.14, 0.14, 0.15, 0.17, 0.20, 0.20, 0.27, 0.27, 0.25, 0.25], np.float32
)


@dataclass(frozen=True, eq=False)
class BodySequence:
    """One motion or a padded batch of them, seen by its own body; leading axes `...` are those of the batch.

    Attributes:
        positions: (..., T, 22, 3) metres, hips at the origin: left, up, forwards; of a view right, up and 0.
        rates: (..., T, 4) root velocity left, up, forwards (m/s) and turning (rad/s, to the left).
        observed: (..., 22) joints that are used.
    """

    positions: NDArray[np.float32]
    rates: NDArray[np.float32]
    observed: NDArray[np.bool_]


def body_sequence(clip: Clip, as_filmed: bool = False) -> BodySequence:
    """A clip as its body sees it, or `as_filmed` what the camera saw of it, without rates.

    Raises:
        QueryError: no camera saw the clip: it was not lifted from two dimensions.
    """
    if as_filmed:
        if not isinstance(clip, LiftedClip):
            raise QueryError("this encoder has learned what cameras see, and the motion was not lifted from a video")
        points = np.pad(clip.view.points, ((0, 0), (0, 0), (0, 1)))
        return BodySequence(points, np.zeros((clip.frame_count, 4), np.float32), clip.view.seen_joints)
    view = body_view(clip.positions, clip.observed)
    rates = np.concatenate([view.velocity(), view.turning()[:, None]], axis=1)
    return BodySequence(view.positions, rates.astype(np.float32), clip.seen_joints)


def bone_directions(sequence: BodySequence) -> NDArray[np.float32]:
    """Directions (..., T, 17, 3) of the bones between the joints that every rig has.

    A joint that is not observed stands at its nearest observed ancestor: the bone that ends there is zero, the bone
    that begins there is seen from the ancestor.
    """
    joints = sequence.positions[..., USED_JOINTS, :]
    seen = sequence.observed[..., USED_JOINTS]
    if not seen.all():
        joints[~seen[..., 0], :, 0] = 0.0  # the pelvis: the origin
        for parent, child in BONES:
            lost = ~seen[..., child]
            joints[lost, :, child] = joints[lost, :, parent]
    parents, children = np.array(BONES).T
    bones = joints[..., children, :] - joints[..., parents, :]
    length = np.sqrt(np.einsum("...i,...i->...", bones, bones))[..., None]
    bones /= np.maximum(length, 1e-6)
    return bones


def normalised_positions(sequence: BodySequence) -> NDArray[np.float32]:
    """Positions (..., T, 18, 3) of the joints that every rig has, on bones of BONE_LENGTHS_M: free of the performer.

    A joint that is not observed stands at its parent.
    """
    bones = bone_directions(sequence) * BONE_LENGTHS_M[:, None]
    positions = np.zeros((*bones.shape[:-2], _COUNT, 3), np.float32)
    for bone, (parent, child) in enumerate(BONES):
        positions[..., child, :] = positions[..., parent, :] + bones[..., bone, :]
    return positions


def motion_field(positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Displacement (..., T, J, 3) of each joint to the next frame (deephums.md, eq. 3); zero in the last frame."""
    field = np.zeros_like(positions)
    np.subtract(positions[..., 1:, :, :], positions[..., :-1, :, :], out=field[..., :-1, :, :])
    return field
