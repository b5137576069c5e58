"""Forward kinematics: from the channels of a rig to world positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.compiled import forward_kinematics
from .motion import ROTATE_X, Rig


def joint_positions(rig: Rig, channels: NDArray[np.float64]) -> NDArray[np.float32]:
    """World positions (T, J, 3) in the rig's unit, right to about 1e-6 of the largest distance from the origin.

    Args:
        rig: J joints and C channels.
        channels: (T, C): translations in the rig's unit, rotations in radians.
    """
    channels = np.ascontiguousarray(channels, np.float64)
    joint_count = len(rig.parents)
    positions = np.empty((len(channels), joint_count, 3), np.float32)
    turns, offsets, axes = _against_parents(rig)
    is_turned = np.abs(turns - np.eye(3)).max(axis=(1, 2)) > 0
    is_parent = np.zeros(joint_count, np.bool_)
    is_parent[rig.parents[rig.parents >= 0]] = True
    channel_ends = np.searchsorted(rig.channel_joints, np.arange(joint_count), side="right")
    forward_kinematics(
        rig.parents, is_parent, offsets, turns, is_turned, axes, channel_ends, rig.channel_kinds, channels, positions
    )
    return positions


def _against_parents(rig: Rig) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Rest rotations (J, 3, 3), offsets (J, 3) and translation axes (J, 3, 3) in the rest frame of each joint's parent.

    With world rotations carried as `world @ rest`, a joint needs one constant rotation, `rest(parent).T @ rest(joint)`,
    and not two. Components of offsets that a channel drives are zero.
    """
    joint_count = len(rig.parents)
    offsets = rig.offsets.copy()
    translations = rig.channel_kinds < ROTATE_X
    offsets[rig.channel_joints[translations], rig.channel_kinds[translations]] = 0
    if rig.rest_rotations is None:
        identity = np.empty((joint_count, 3, 3), np.float32)
        identity[:] = np.eye(3)
        return identity, offsets.astype(np.float32), identity
    into_parent = rig.rest_rotations[rig.parents].transpose(0, 2, 1).copy()
    into_parent[rig.parents < 0] = np.eye(3)
    turns = into_parent @ rig.rest_rotations
    offsets = (into_parent @ offsets[:, :, None])[..., 0]
    return turns.astype(np.float32), offsets.astype(np.float32), into_parent.astype(np.float32)
