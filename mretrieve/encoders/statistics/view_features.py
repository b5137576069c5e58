"""What `view-statistics` keeps of a view: statistics over time of its poses in the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...motion import CANONICAL_FPS
from ...motion.skeleton import PARENTS, joint
from ...motion.view import View
from ..view_poses import VIEW_JOINTS, view_poses, view_size
from .pose_features import FOURIER_BINS, QUANTILE_COUNT, signed_root, window_statistics

_COUNT = len(VIEW_JOINTS)
_PELVIS = VIEW_JOINTS.index(joint("pelvis"))


def _bones() -> list[tuple[int, int]]:
    """Parent and child of each bone, by place in VIEW_JOINTS; shoulders hang at the neck, the neck at the pelvis."""
    bones = []
    for child, number in enumerate(VIEW_JOINTS):
        parent = PARENTS[number]
        while parent >= 0 and parent not in VIEW_JOINTS:
            parent = PARENTS[parent]
        if number in (joint("left_shoulder"), joint("right_shoulder")):
            parent = joint("neck")
        if parent >= 0:
            bones.append((VIEW_JOINTS.index(parent), child))
    return bones


_PARENT, _CHILD = np.array(_bones()).T
_FIRST, _SECOND = np.triu_indices(_COUNT, 1)
_OTHERS = np.flatnonzero(np.arange(_COUNT) != _PELVIS)  # joints whose place is told from the pelvis

#: Rows of a channel array: 91 distances, 13 x 2 bone directions, 13 x 2 places and 13 x 2 velocities of joints from the
#: pelvis, and 2 velocities of the pelvis; body sizes, and body sizes a second.
_DISTANCES = slice(0, len(_FIRST))
_DIRECTIONS = slice(_DISTANCES.stop, _DISTANCES.stop + 2 * len(_CHILD))
_PLACES = slice(_DIRECTIONS.stop, _DIRECTIONS.stop + 2 * len(_OTHERS))
_VELOCITIES = slice(_PLACES.stop, _PLACES.stop + 2 * len(_OTHERS))
_PATH = slice(_VELOCITIES.stop, _VELOCITIES.stop + 2)

_COSINES = 3  # of the cosine transform over time, which tells sitting down from standing up

_SWINGS = slice(_DISTANCES.start, _PLACES.stop)  # channels whose Fourier magnitudes and slow changes are kept
_ORDERED = slice(_DISTANCES.start, _VELOCITIES.stop)  # channels whose quantiles are kept


def _channel_joints() -> NDArray[np.bool_]:
    """Which of VIEW_JOINTS each channel is made of, (171, 14)."""
    joints = np.zeros((_PATH.stop, _COUNT), bool)
    joints[np.arange(_DISTANCES.stop), _FIRST] = joints[np.arange(_DISTANCES.stop), _SECOND] = True
    for channels, ends in ((_DIRECTIONS, (_PARENT, _CHILD)), (_PLACES, (_OTHERS,)), (_VELOCITIES, (_OTHERS,))):
        for end in ends:
            joints[np.arange(channels.start, channels.stop), np.repeat(end, 2)] = True
    for channels in (_PLACES, _VELOCITIES, _PATH):
        joints[channels, _PELVIS] = True
    return joints


def _layout() -> tuple[dict[str, slice], NDArray[np.bool_]]:
    """The blocks of a feature vector, and which of VIEW_JOINTS each feature is made of, (2136, 14)."""
    blocks, channels = {}, []
    end = 0
    for kind, names, each in (
        ("Fourier magnitudes of", ("distances", "directions", "places"), FOURIER_BINS),
        ("quantiles of", ("distances", "directions", "places", "velocities"), QUANTILE_COUNT),
        ("slow changes of", ("distances", "directions", "places"), _COSINES),
    ):
        for name in names:
            rows = {"distances": _DISTANCES, "directions": _DIRECTIONS, "places": _PLACES, "velocities": _VELOCITIES}
            part = np.repeat(np.arange(rows[name].start, rows[name].stop), each)
            blocks[f"{kind} {name}"] = slice(end, end + len(part))
            channels.append(part)
            end += len(part)
    path = np.tile(np.arange(_PATH.start, _PATH.stop), 2)
    blocks["path of the pelvis"] = slice(end, end + len(path))
    return blocks, _channel_joints()[np.concatenate([*channels, path])]


#: Rows of a feature vector, one block after the other, and which of VIEW_JOINTS each feature depends on.
BLOCKS, FEATURE_JOINTS = _layout()
FEATURE_COUNT = len(FEATURE_JOINTS)


def view_features(view: View) -> NDArray[np.float32]:
    """Features (F,) of a whole view. The signed root of every statistic is taken, as in `pose_features`."""
    channels = _view_channels(view)
    whole = np.array([[0, view.frame_count]])
    magnitudes, quantiles, means = window_statistics(channels.T, whole, _SWINGS.stop, _ORDERED.stop)
    slow_changes = channels[_SWINGS] @ _slow_waves(view.frame_count).T
    statistics = magnitudes, quantiles, signed_root(slow_changes), signed_root(means)
    return np.concatenate([values.ravel() for values in statistics])


def _view_channels(view: View) -> NDArray[np.float32]:
    """Channels (171, T) of a view."""
    poses = view_poses(view).transpose(1, 2, 0)  # (14, 2, T): time runs along memory
    bones = poses[_CHILD] - poses[_PARENT]
    bones /= np.maximum(np.linalg.norm(bones, axis=1, keepdims=True), 1e-6)
    pelvis = view.points[:, joint("pelvis")].T / view_size(view)
    moving = np.concatenate([poses[_OTHERS].reshape(-1, view.frame_count), pelvis])
    velocities = np.gradient(moving, axis=1) * CANONICAL_FPS if view.frame_count > 1 else np.zeros_like(moving)
    distances = np.linalg.norm(poses[_FIRST] - poses[_SECOND], axis=1)
    return np.concatenate([distances, bones.reshape(-1, view.frame_count), moving[:-2], velocities]).astype(np.float32)


def _slow_waves(frame_count: int) -> NDArray[np.float32]:
    """(3, T) the first waves of the cosine transform of T frames, over T."""
    times = (np.arange(frame_count) + 0.5) / frame_count
    waves = np.cos(np.pi * np.arange(1, _COSINES + 1)[:, None] * times) / frame_count
    return waves.astype(np.float32)
