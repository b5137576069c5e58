"""NumPy arrays: joints (T, J, 2) in a picture, with a confidence as third number or apart, joints (T, J, 3) in space,
parameters of SMPL bodies, or features of HumanML3D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.joint_sets import JOINT_SETS, JointSet, joint_set_by_count, joint_set_by_names, joints_at
from ..motion.keypoints import Keypoints
from ..motion.motion import Motion, Rig
from ..motion.rigs.rig_map import find_rig_map
from ..motion.skeleton import JOINTS
from .detections import Detections, people_in
from .joint_list import named_joint_set
from .joint_motion import motion_of_joints
from .numpy_file import load_arrays
from .picture_shape import in_one_unit
from .reader import MotionFile, Reader, ReadingOptions
from .smpl.humanml3d import FEATURES, motion_of_features
from .smpl.parameters import are_parameters, motion_of_parameters

_JOINTS = ("keypoints", "points", "pose", "poses", "pose2d", "positions_2d", "joints", "joints_2d", "")
_NAMES = ("joints", "joint_names", "keypoint_names")
_CONFIDENCE = ("confidence", "scores", "keypoint_scores")
#: Joints 1 to 3 are a leg in Human3.6M, longer than this part of the body, and in COCO's set two eyes and an ear.
_LEAST_LEG = 0.2
#: Joint 0 of Kinect's set is nearer to the middle of the hips than this part of the body.
_NEAR_HIPS = 0.15


def _read(file: MotionFile, options: ReadingOptions) -> list[Keypoints] | list[Motion]:
    arrays = load_arrays(file)
    if are_parameters(arrays):
        return [motion_of_parameters(arrays, file.path, options.fps)]
    name = next((name for name in _JOINTS if name in arrays and arrays[name].dtype.kind not in "US"), None)
    if name is None:
        has = ", ".join(sorted(arrays)[:6])
        raise FormatError(f"{file.path}: no array of joints among {has}; name it keypoints, of shape (T, J, 2)")
    joints = arrays[name]
    if joints.ndim == 2 and joints.shape[1] == FEATURES and joints.dtype.kind == "f":
        return [motion_of_features(joints, file.path, options.fps)]
    if joints.ndim not in (3, 4) or joints.shape[-1] not in (2, 3, 4) or joints.dtype.kind not in "fiu":
        raise FormatError(
            f"{file.path}: joints are numbers of shape (T, J, 2) or (T, J, 3), not {joints.dtype} of {joints.shape}"
        )
    with np.errstate(over="ignore"):
        joints = joints.astype(np.float32)
    confidence = next((arrays[name] for name in _CONFIDENCE if name in arrays), None)
    in_space = confidence is None and joints.shape[-1] == 3 and not _are_confidences(joints[..., 2])
    joint_set, places = _joint_set(arrays, joints, in_space, file)
    joints = joints_at(places, joints)
    fps = options.fps or _one_number(arrays, "fps")
    takes = _takes(arrays, joints, file)
    if in_space:
        if joints.ndim == 4:
            raise FormatError(f"{file.path}: several bodies in space; save each as an array (T, J, 3) of its own")
        ends = np.cumsum(takes)
        bodies = [str(number) if len(takes) > 1 else "" for number in range(1, len(takes) + 1)]
        return [
            motion_of_joints(joint_set, joints[end - length : end], fps, file.path, body=body)
            for body, end, length in zip(bodies, ends.tolist(), takes, strict=True)
        ]
    points = np.ones((*joints.shape[:-1], 3), np.float32)
    points[..., :2] = joints[..., :2]
    if confidence is not None:
        if confidence.shape != arrays[name].shape[:-1] or confidence.dtype.kind not in "fiu":
            raise FormatError(f"{file.path}: confidences are {confidence.shape}, for joints of {arrays[name].shape}")
        points[..., 2] = joints_at(places, confidence[..., None])[..., 0]
    elif joints.shape[-1] > 2:
        points[..., 2] = joints[..., -1]
    width, height = _one_number(arrays, "width"), _one_number(arrays, "height")
    size = None if width is None or height is None else (width, height)
    frames = np.concatenate([np.arange(length) for length in takes])
    people = np.repeat([str(number) for number in range(1, len(takes) + 1)], takes)
    if joints.ndim == 4:
        frames, people = np.repeat(frames, joints.shape[1]), np.full(points.shape[0] * points.shape[1], "")
        points = points.reshape(-1, *points.shape[2:])
    repairs: tuple[str, ...] = ()
    if joint_set.name == "mediapipe-33":
        points, size, repairs = in_one_unit(points, joint_set, size)
    found = Detections(joint_set.name, frames, points, tuple(people.tolist()), fps, size, repairs)
    return people_in(found, file.path, file.size_bytes)


def _joint_set(
    arrays: dict[str, NDArray[Any]], joints: NDArray[np.float32], in_space: bool, file: MotionFile
) -> tuple[JointSet, Sequence[int | None]]:
    """The set of the joints, and the place of each of its joints in the array.

    It is the set that the file names, else that of the names of its joints, else the one with as many; of those with
    17 and 25, by where the first joints are.
    """
    count = joints.shape[-2]
    if "joint_set" in arrays:
        named = named_joint_set(str(arrays["joint_set"]), file.path)
        if count < len(named.joints):
            raise FormatError(f"{file.path}: {count} joints, but {named.name} has {len(named.joints)}")
        return named, range(len(named.joints))
    names = next((arrays[name] for name in _NAMES if name in arrays and arrays[name].dtype.kind in "US"), None)
    if names is not None:
        return _named_joints([str(name) for name in names.astype(np.str_).ravel()], joints, in_space, file)
    known = joint_set_by_count(count)
    if known is None:
        raise FormatError(
            f"{file.path}: {count} joints are of no known set; mretrieve knows {_known_sets()}. Add the names of the "
            f"joints to an .npz file, as an array `joints` of text"
        )
    if count == 17 and _begins_with_a_leg(joints):
        known = JOINT_SETS["human36m-17"]
    elif count == 25 and _begins_between_hips(joints):
        known = JOINT_SETS["kinect-25"]
    return known, range(len(known.joints))


def _named_joints(
    names: list[str], joints: NDArray[np.float32], in_space: bool, file: MotionFile
) -> tuple[JointSet, Sequence[int | None]]:
    """The known set of these names; in space they may also be those of any rig."""
    if len(names) != joints.shape[-2]:
        raise FormatError(f"{file.path}: {len(names)} names of joints, but positions of {joints.shape[-2]}")
    known = joint_set_by_names(names)
    if known is not None:
        return known
    if not in_space or joints.ndim != 3:
        raise FormatError(f"{file.path}: the names of the joints are of no known set; mretrieve knows {_known_sets()}")
    rig = Rig(tuple(names), np.full(len(names), -1, np.int32), np.zeros((len(names), 3)))
    rig_map = find_rig_map(rig, joints, file.path)
    own = list(names)
    for canonical, place in zip(JOINTS, rig_map.joints, strict=True):
        if place is not None:
            own[place] = canonical
    return JointSet("joints of the file", tuple(own)), range(len(own))


def _known_sets() -> str:
    return ", ".join(f"{name} ({len(each.joints)})" for name, each in JOINT_SETS.items())


def _begins_with_a_leg(joints: NDArray[Any]) -> bool:
    """Whether joints 1 to 3 are hip, knee and ankle."""
    places = joints[..., :2].astype(np.float64).reshape(-1, joints.shape[-2], 2)
    lengths = np.linalg.norm(np.diff(places[:, 1:4], axis=1), axis=2).sum(axis=1)
    sizes = np.ptp(places, axis=1).max(axis=1)
    known = np.isfinite(lengths) & np.isfinite(sizes) & (sizes > 0)
    return bool(known.any()) and float(np.median(lengths[known] / sizes[known])) > _LEAST_LEG


def _begins_between_hips(joints: NDArray[np.floating]) -> bool:
    """Whether joint 0 is between joints 12 and 16, as Kinect's hips are; in OpenPose's set it is the nose."""
    places = joints.reshape(-1, *joints.shape[-2:]).astype(np.float64)
    off = np.linalg.norm(places[:, 0] - (places[:, 12] + places[:, 16]) / 2, axis=1)
    sizes = np.ptp(places, axis=1).max(axis=1)
    known = np.isfinite(off) & np.isfinite(sizes) & (sizes > 0)
    return bool(known.any()) and float(np.median(off[known] / sizes[known])) < _NEAR_HIPS


def _are_confidences(numbers: NDArray[Any]) -> bool:
    """Whether third numbers are confidences and not depths."""
    known = numbers[np.isfinite(numbers)]
    return bool(len(known)) and known.min() >= 0 and known.max() <= 1.5


def _takes(arrays: dict[str, NDArray[Any]], joints: NDArray[Any], file: MotionFile) -> list[int]:
    """Frames of each take, as `length` has them if there are several one after another."""
    if "length" not in arrays or joints.ndim != 3:
        return [len(joints)]
    lengths = arrays["length"]
    if (
        lengths.ndim != 1
        or lengths.dtype.kind not in "iu"
        or lengths.min(initial=1) < 1
        or lengths.sum() != len(joints)
    ):
        raise FormatError(f"{file.path}: `length` should hold the frames of takes that sum up to {len(joints)}")
    return [int(length) for length in lengths]


def _one_number(arrays: dict[str, NDArray[Any]], name: str) -> float | None:
    array = arrays.get(name)
    if array is None or array.size != 1 or array.dtype.kind not in "fiu":
        return None
    value = float(array.reshape(()))
    return value if 0 < value < 1e9 else None


JOINT_ARRAYS = Reader(
    "numpy",
    ("npy", "npz"),
    lambda head, _: head.startswith(b"\x93NUMPY") or (head.startswith(b"PK\x03\x04") and b".npy" in head[:300]),
    _read,
)
