"""Examples of `normalized-pose`: views, and the poses that they show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...evaluation.lifting import bones_of
from ...lifting.body import LENGTHS_M
from ...lifting.input_frames import FRAMES_TOGETHER, NETWORK_FPS, input_frames, mirrored_frames
from ...lifting.network import SWAPPED_BONES
from ...motion.bones import USED_JOINTS
from ...motion.skeleton import MIRROR, joint
from ..filmed_pieces import FilmedPiece

#: Joints that may stand on the floor.
FEET = tuple(joint(f"{side}_{name}") for name in ("ankle", "foot") for side in ("left", "right"))
_PELVIS, _HIPS = joint("pelvis"), [joint("left_hip"), joint("right_hip")]
_SWAPPED_JOINTS = [USED_JOINTS.index(MIRROR[number]) for number in USED_JOINTS]
_OTHER_FEET = [1, 0, 3, 2]
#: A foot that is slower than this stands on the floor, metres a second.
_STANDING_M_S = 0.25


@dataclass(frozen=True, eq=False)
class PoseBatch:
    """Padded views, and what they show. All lengths are those of the body at standard size.

    Attributes:
        frames: (B, N, 39) what E_Q looks at.
        valid: (B, N, 1) frames that are not padding.
        directions: (B, N, 17, 3) of the true bones.
        has: (B, 18) joints that the clip has.
        lengths: (B, 17) of the true bones, metres: the source skeletons.
        path: (B, N, 3) of the middle of the hips, from what the camera looks at.
        axes: (B, 3, 3) of the camera.
        nearness: (B,) one over the distance of the camera.
        standing: (B, N, 4) whether an ankle or a foot stands still until the next frame.
        triplets: (B, K, 3) anchor, positive and negative frames.
    """

    frames: Tensor
    valid: Tensor
    directions: Tensor
    has: Tensor
    lengths: Tensor
    path: Tensor
    axes: Tensor
    nearness: Tensor
    standing: Tensor
    triplets: Tensor


@dataclass(frozen=True, eq=False)
class Example:
    """One view: the fields of PoseBatch without padding."""

    frames: NDArray[np.float32]
    directions: NDArray[np.float32]
    has: NDArray[np.bool_]
    lengths: NDArray[np.float32]
    path: NDArray[np.float32]
    axes: NDArray[np.float32]
    nearness: float
    standing: NDArray[np.float32]
    triplets: NDArray[np.int64]

    @classmethod
    def of(cls, piece: FilmedPiece, triplets: NDArray[np.int64] | None = None) -> Example:
        """The example of a piece of a clip and its view."""
        clip, camera = piece.clip, piece.camera
        left = -clip.frame_count % FRAMES_TOGETHER
        positions = np.concatenate([clip.positions, np.repeat(clip.positions[-1:], left, axis=0)])
        positions = positions.reshape(-1, FRAMES_TOGETHER, *positions.shape[1:]).mean(axis=1)
        directions, lengths = bones_of(positions)
        size = np.float32(LENGTHS_M.sum() / max(float(lengths.mean(axis=0).sum()), 1e-6))
        path = positions[:, _HIPS].mean(axis=1) - clip.positions[:, _PELVIS].mean(axis=0)
        speed = np.linalg.norm(np.diff(positions[:, FEET], axis=0), axis=2) * NETWORK_FPS
        standing = np.concatenate([speed < _STANDING_M_S, np.zeros((1, len(FEET)), bool)])
        return cls(
            frames=input_frames(piece.view),
            directions=directions,
            has=clip.seen_joints[list(USED_JOINTS)],
            lengths=size * lengths.mean(axis=0),
            path=size * path,
            axes=camera.axes,
            nearness=0.0 if camera.distance_m is None else 1 / float(size * camera.distance_m),
            standing=standing.astype(np.float32),
            triplets=np.zeros((0, 3), np.int64) if triplets is None else triplets,
        )

    def mirrored(self) -> Example:
        """The example in a mirror."""
        flip = np.array([-1, 1, 1], np.float32)
        return Example(
            mirrored_frames(self.frames),
            self.directions[:, SWAPPED_BONES] * flip,
            self.has[_SWAPPED_JOINTS],
            self.lengths[SWAPPED_BONES],
            self.path * flip,
            self.axes * flip * flip[:, None],
            self.nearness,
            self.standing[:, _OTHER_FEET],
            self.triplets,
        )
