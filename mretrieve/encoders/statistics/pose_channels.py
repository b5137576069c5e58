"""What `pose-statistics` looks at in every frame: joint distances, bone directions, root motion, joint speeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...motion import CANONICAL_FPS, Clip
from ...motion.skeleton import joint
from ...motion.views import body_view

#: The joints that every rig has in the same place: no inner spine joints and no collars, whose place is convention.
USED_JOINTS: tuple[int, ...] = tuple(
    map(
        joint,
        (
            "pelvis", "left_hip", "right_hip", "spine3", "left_knee", "right_knee", "left_ankle", "right_ankle",
            "left_foot", "right_foot", "neck", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
            "left_wrist", "right_wrist",
        ),
    )
)  # fmt: skip
#: Parent of each used joint but the pelvis, as positions in USED_JOINTS.
BONES: tuple[tuple[int, int], ...] = (
    (0, 1), (0, 2), (0, 3), (1, 4), (2, 5), (4, 6), (5, 7), (6, 8), (7, 9), (3, 10), (10, 11), (3, 12), (3, 13),
    (12, 14), (13, 15), (14, 16), (15, 17),
)  # fmt: skip
_JOINT_COUNT = len(USED_JOINTS)
_FIRST, _SECOND = np.triu_indices(_JOINT_COUNT, 1)
_PARENT, _CHILD = np.array(BONES).T

#: Rows of a channel array: 153 distances (m), 17 x 3 bone directions (heading frame), 5 root rates, 17 speeds (m/s).
#: The root's rates are velocity to the left, up and forwards (m/s), turning (rad/s), and up again: height counts twice.
DISTANCES = slice(0, 153)
DIRECTIONS = slice(153, 204)
ROOT = slice(204, 209)
SPEEDS = slice(209, 226)
CHANNEL_COUNT = 226

#: Which used joints each channel is made of, (226, 18).
CHANNEL_JOINTS: NDArray[np.bool_] = np.zeros((CHANNEL_COUNT, _JOINT_COUNT), bool)
CHANNEL_JOINTS[np.arange(153), _FIRST] = CHANNEL_JOINTS[np.arange(153), _SECOND] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_PARENT, 3)] = True
CHANNEL_JOINTS[153 + np.arange(51), np.repeat(_CHILD, 3)] = True
CHANNEL_JOINTS[209 + np.arange(17), 1 + np.arange(17)] = True

_CHUNK_FRAMES = 4096  # bounds the memory that long takes need
_FACING = tuple(map(joint, ("left_hip", "right_hip", "left_shoulder", "right_shoulder")))


def pose_channels(clip: Clip) -> NDArray[np.float32]:
    """Channels (226, T) of a clip; a channel that rests on unobserved joints holds what was filled in there."""
    view = body_view(clip.positions, clip.observed)
    # (18, 3, T): time runs along memory
    joints = np.ascontiguousarray(view.positions[:, USED_JOINTS].transpose(1, 2, 0))
    velocity = view.velocity()
    values = np.empty((CHANNEL_COUNT, clip.frame_count), np.float32)
    for start in range(0, clip.frame_count, _CHUNK_FRAMES):
        frames = slice(start, start + _CHUNK_FRAMES)
        part = joints[..., frames]
        values[DISTANCES, frames] = vector_lengths(part[_FIRST] - part[_SECOND])
        bones = part[_CHILD] - part[_PARENT]
        bones /= np.maximum(vector_lengths(bones), 1e-6)[:, None]
        values[DIRECTIONS, frames] = bones.reshape(51, -1)
    values[ROOT] = np.stack([*velocity.T, view.turning(), velocity[:, 1]])
    values[SPEEDS] = vector_lengths(np.gradient(joints[1:], axis=2)) * CANONICAL_FPS if clip.frame_count > 1 else 0.0
    return values


def vector_lengths(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lengths (N, T) of vectors (N, 3, T)."""
    return np.asarray(np.sqrt(np.einsum("nit,nit->nt", vectors, vectors)))
