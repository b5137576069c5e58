"""Alignment of motions of which a camera saw one or both in two dimensions, by normalised poses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment, align
from ..encoders.body_sequence import body_sequence, normalised_positions
from ..encoders.moving_poses import FOUND_JOINTS, moving_poses
from ..encoders.registry import load_encoder
from ..encoders.systems.normalized_pose import ARCHITECTURE, NormalizedPose
from ..lifting import lift
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.bones import USED_JOINTS
from ..motion.lifted_clip import LiftedClip
from ..motion.view import View

_JOINTS = list(USED_JOINTS)


def align_motions(first: Clip | View, second: Clip | View, weights: PartWeights | None = None) -> Alignment:
    """Align two motions; if one is a view, or was lifted from one, by normalised poses and the velocities of joints.

    These depend on neither camera nor body. The path of the body counts nothing, because a camera may move. The
    distances along the warping path are those of the lifted clips.

    Raises:
        QueryError: one has no frames.
    """
    weights = weights or PartWeights()
    a, b = (LiftedClip.of(lift(each), each) if isinstance(each, View) else each for each in (first, second))
    in_space = not (isinstance(a, LiftedClip) or isinstance(b, LiftedClip))
    return align(a, b, weights, None if in_space else normalised_features(a, b, weights))


def normalised_features(
    first: Clip, second: Clip, weights: PartWeights
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalised poses and velocities (T, 6 J) of two clips, weighted, of the J joints that both have and that count.

    Of a lifted clip heads and feet are left out. If no joint is left, all joints are compared.
    """
    joint_weights = weights.of_joints()[_JOINTS]
    found = np.isin(np.arange(len(_JOINTS)), FOUND_JOINTS)
    counts = joint_weights > 0
    for clip in (first, second):
        counts = counts & clip.seen_joints[_JOINTS]
        if isinstance(clip, LiftedClip):
            counts = counts & found
    if not counts.any():
        joint_weights, counts = np.ones_like(joint_weights), np.ones_like(counts)
    scale = np.sqrt(joint_weights[counts])[:, None]
    poses = [moving_poses(_poses(clip)[:, counts]) * scale for clip in (first, second)]
    a, b = (each.reshape(len(each), 6 * int(counts.sum())) for each in poses)
    return a, b


def _poses(clip: Clip) -> NDArray[np.float32]:
    """The normalised poses (T, 18, 3) of a clip; of a lifted one all joints, as `normalized-pose` estimates them."""
    if isinstance(clip, LiftedClip):
        encoder = load_encoder(ARCHITECTURE)
        assert isinstance(encoder, NormalizedPose)
        return encoder.normalised(clip)
    return normalised_positions(body_sequence(clip))
