"""Parameters of SMPL bodies in .npz archives (AMASS, Mahmood et al., ICCV 2019): rotation vectors and a path.

The joints are those of the average body, in metres: the body models, which give each performer an own shape, have a
licence of their own and are not part of mretrieve. Sources: Loper et al., "SMPL: A skinned multi-person linear model"
(SIGGRAPH Asia 2015); AMASS has SMPL-H (52 joints) and SMPL-X (55), whose first 22 are the same. Programs that find
bodies in videos have other names for the same arrays, written from their code: ROMP (Sun et al., ICCV 2021), in the
axes of a camera, whose Y points down, and GLAMR (Yuan et al., CVPR 2022). What they pickle is not read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.motion import Motion, Poses, Rig
from ...motion.skeleton import JOINTS, PARENTS
from ..reader import MOST_JOINTS

_FPS = ("mocap_framerate", "mocap_frame_rate", "fps")
_PATH = ("trans", "transl", "root_trans", "root_trans_world", "cam_trans")
_POSES = ("poses", "smpl_thetas")
#: The root and the other joints, as arrays of their own.
_ROOT_AND_OTHERS = (
    ("global_orient", "body_pose"),
    ("root_orient", "pose_body"),
    ("smpl_orient_world", "smpl_pose"),
)
_AVERAGE = "shape: that of the average SMPL body, whose joints are up to a few centimetres off those of the performer"

#: Frames that are computed at a time, so that they fit in the processor's cache.
_BLOCK = 512

#: Rest positions of the 22 joints in metres, left and right alike; X to the left, Y up.
_REST = {
    "pelvis": (0.0, -0.223, 0.028),
    "left_hip": (0.069, -0.314, 0.023),
    "spine1": (0.0, -0.114, 0.002),
    "left_knee": (0.105, -0.693, 0.016),
    "spine2": (0.0, 0.021, 0.003),
    "left_ankle": (0.09, -1.091, -0.027),
    "spine3": (0.0, 0.074, 0.028),
    "left_foot": (0.116, -1.143, 0.094),
    "neck": (0.0, 0.288, -0.015),
    "left_collar": (0.08, 0.194, -0.008),
    "head": (0.0, 0.353, 0.037),
    "left_shoulder": (0.174, 0.226, -0.017),
    "left_elbow": (0.43, 0.213, -0.042),
    "left_wrist": (0.683, 0.221, -0.045),
}


def are_parameters(arrays: dict[str, NDArray[Any]]) -> bool:
    """Whether an archive holds rotation vectors of SMPL joints and the path of the root."""
    poses = _poses(arrays)
    return poses is not None and poses.shape[1] >= 66 and any(name in arrays for name in _PATH)


def _poses(arrays: dict[str, NDArray[Any]]) -> NDArray[Any] | None:
    """Rotation vectors (T, 3 J), root first; None if there are none."""
    for name in _POSES:
        if name in arrays and arrays[name].ndim == 2:
            return arrays[name]
    for names in _ROOT_AND_OTHERS:
        parts = [arrays[name] for name in names if name in arrays and arrays[name].ndim in (2, 3)]
        if len(parts) == 2 and len(parts[0]) == len(parts[1]) > 0 and all(part.dtype.kind in "fiu" for part in parts):
            return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    return None


def motion_of_parameters(arrays: dict[str, NDArray[Any]], path: Path, fps: float | None) -> Motion:
    """The motion of the 22 body joints; hands and faces are left out.

    Args:
        arrays: `poses` (T, 3 J) in radians, root first, and the root's path `trans` (T, 3) in metres, or those of the
            other names.
        path: the file.
        fps: frames per second if the user states them; they precede those of the file.

    Raises:
        FormatError: arrays of other shapes, numbers that are not finite, no rate, or two that differ.
    """
    name = next(name for name in _PATH if name in arrays)
    poses, place = _poses(arrays), arrays[name]
    assert poses is not None, "callers ask are_parameters first"
    if poses.shape[1] % 3 or poses.shape[1] > 3 * MOST_JOINTS or place.shape != (len(poses), 3) or not len(poses):
        raise FormatError(f"{path}: poses of {poses.shape} and {name} of {place.shape}; they are (T, 3 J) and (T, 3)")
    if poses.dtype.kind not in "fiu" or place.dtype.kind not in "fiu":
        raise FormatError(f"{path}: poses and {name} are not numbers; save the archive again")
    vectors = np.ascontiguousarray(poses[:, : 3 * len(JOINTS)].T, np.float64).reshape(len(JOINTS), 3, len(poses))
    if not (np.isfinite(vectors).all() and np.isfinite(place).all()):
        raise FormatError(f"{path}: holds numbers that are not finite; save the archive again")
    rate = fps or _rate(arrays, path)
    rest = np.array([_rest_position(joint) for joint in JOINTS])
    parents = np.array(PARENTS, np.int32)
    offsets = rest - np.where(parents[:, None] < 0, 0.0, rest[parents])
    translations = np.tile(offsets, (len(poses), 1, 1))
    translations[:, 0] += place
    turns, positions = np.empty((len(poses), len(JOINTS), 3, 3)), np.empty((len(poses), len(JOINTS), 3), np.float32)
    for start in range(0, len(poses), _BLOCK):
        frames = slice(start, start + _BLOCK)
        of_block = _rotations(vectors[:, :, frames])
        turns[frames] = of_block.transpose(3, 0, 1, 2)
        positions[frames] = _places(of_block, translations[frames, 0].T, offsets).transpose(2, 0, 1)
    return Motion(
        Rig(JOINTS, parents, offsets),
        positions,
        rate,
        path,
        repairs=(_AVERAGE,),
        local_poses=Poses(turns, translations),
        declared_up=_up(arrays, name),
    )


def _places(turns: NDArray[np.float64], path: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions (J, 3, T) by rotations (J, 3, 3, T), the path (3, T) of the root, and offsets (J, 3)."""
    world, places = turns.copy(), np.empty((len(turns), *path.shape))
    places[0] = path
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            np.einsum("abt,bct->act", world[parent], turns[joint], out=world[joint])
            places[joint] = places[parent] + np.einsum("abt,b->at", world[parent], offsets[joint])
    return places


def _rotations(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotations (J, 3, 3, T) of rotation vectors (J, 3, T) by Rodrigues' formula; rows as long as this are fast."""
    angle = np.sqrt(np.einsum("jit,jit->jt", vectors, vectors))
    sine, cosine = np.sin(angle), np.cos(angle)
    axis = vectors / np.maximum(angle, 1e-12)[:, None]
    rotations = axis[:, :, None] * ((1 - cosine)[:, None] * axis)[:, None]
    for first in range(3):
        second, third = (first + 1) % 3, (first + 2) % 3
        rotations[:, first, first] += cosine
        rotations[:, third, second] += sine * axis[:, first]
        rotations[:, second, third] -= sine * axis[:, first]
    return np.asarray(rotations)


def _up(arrays: dict[str, NDArray[Any]], path_name: str) -> str | None:
    if path_name == "cam_trans":
        return "-Y"
    return "+Z" if "mocap_framerate" in arrays or "mocap_frame_rate" in arrays else None


def _rate(arrays: dict[str, NDArray[Any]], path: Path) -> float:
    found = {}
    for name in _FPS:
        array = arrays.get(name)
        if array is not None and array.size == 1 and array.dtype.kind in "fiu" and 0 < float(array.reshape(())) < 1e5:
            found[name] = float(array.reshape(()))
    if not found:
        raise FormatError(f"{path}: no rate ({' or '.join(_FPS)}); give it with --fps")
    if max(found.values()) > 1.001 * min(found.values()):
        said = " but ".join(f"{name} is {value:g}" for name, value in found.items())
        raise FormatError(f"{path}: {said}; state the right one with --fps")
    return next(iter(found.values()))


def _rest_position(joint: str) -> tuple[float, float, float]:
    if joint in _REST:
        return _REST[joint]
    x, y, z = _REST[joint.replace("right_", "left_")]
    return -x, y, z
