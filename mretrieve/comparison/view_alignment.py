"""Alignment of motions of which a camera saw one or both in two dimensions, by normalised poses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..alignment.alignment import Alignment, align
from ..encoders.registry import load_encoder
from ..encoders.systems.normalized_pose import ARCHITECTURE, NormalizedPose
from ..lifting import lift
from ..motion import Clip
from ..motion.body_parts import PartWeights
from ..motion.bones import USED_JOINTS
from ..motion.view import View

_JOINTS = list(USED_JOINTS)


def align_motions(first: Clip | View, second: Clip | View, weights: PartWeights | None = None) -> Alignment:
    """Align two motions; if one is a view, by the poses of `normalized-pose`, which do not depend on the camera.

    The distances along the path are those of the lifted clips.

    Raises:
        QueryError: one has no frames.
        MRetrieveError: one is a view, and a library is missing that reads the weights.
    """
    clips = [lift(motion) if isinstance(motion, View) else motion for motion in (first, second)]
    features = None
    if isinstance(first, View) or isinstance(second, View):
        features = normalised_features(first, second, weights or PartWeights())
    return align(*clips, weights, features)


def normalised_features(
    first: Clip | View, second: Clip | View, weights: PartWeights
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Normalised poses (T, 3 J) of two motions, weighted, of the joints that count and that no clip lacks.

    Of a view all joints are estimated. If no joint is left, all joints.
    """
    encoder = load_encoder(ARCHITECTURE)
    assert isinstance(encoder, NormalizedPose)
    joint_weights = weights.of_joints()[_JOINTS]
    counts = joint_weights > 0
    for motion in (first, second):
        if isinstance(motion, Clip):
            counts = counts & motion.seen_joints[_JOINTS]
    chosen = counts if counts.any() else np.ones_like(counts)
    scale = np.sqrt(np.where(counts.any(), joint_weights, 1.0))[chosen, None].astype(np.float32)
    poses = [encoder.normalised(motion)[:, chosen] * scale for motion in (first, second)]
    return poses[0].reshape(len(poses[0]), -1), poses[1].reshape(len(poses[1]), -1)
