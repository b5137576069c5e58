"""Keypoints by frame: MediaPipe, MoveNet, MMPose and alike, a list with what was found in each frame of a video."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.joint_sets import JOINT_SETS
from ..motion.keypoints import Keypoints
from ..motion.motion import Motion
from .detections import Detections, people_in
from .joint_list import bodies_of_one_set, joint_list, named_joint_set
from .joint_motion import motion_of_joints
from .json_file import has_key, load_json, number, starts_json
from .picture_shape import in_one_unit, without_squeeze
from .reader import MotionFile, Reader, ReadingOptions

_FRAMES = ("frames", "instance_info", "poses", "results", "data")
_PEOPLE = ("people", "persons", "instances", "bodies", "predictions", "poses")
_JOINTS = ("keypoints", "landmarks", "pose_landmarks", "poseLandmarks")
_WORLD = ("world_landmarks", "worldLandmarks", "pose_world_landmarks", "poseWorldLandmarks")
_ABOUT = ("meta", "metadata", "info", "video", "video_info", "meta_info")

_UNSEEN = [np.nan] * 3


class _Body(NamedTuple):
    frame: int
    joints: NDArray[np.float32]  # (J, 3)
    person: str
    world: Any  # the same joints in three dimensions, as the file has them; None if it has none


def _read(file: MotionFile, options: ReadingOptions) -> list[Keypoints] | list[Motion]:
    document = load_json(file)
    try:
        frames = _frames(document)
        bodies = [body for at, frame in enumerate(frames) for body in _bodies(at, frame)]
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError):
        raise FormatError(
            f"{file.path}: not a list of frames with `keypoints` or `landmarks` of x, y and confidence"
        ) from None
    if not bodies:
        raise FormatError(f"{file.path}: nobody is found in any of {len(frames)} frames")
    about = [document, *(document.get(name) for name in _ABOUT)] if isinstance(document, dict) else []
    fps = _first(about, "fps", "frame_rate", "frameRate")
    if all(body.world is not None for body in bodies) and len({body.frame for body in bodies}) == len(bodies):
        return [_world_motion(file, bodies, len(frames), options.fps or fps)]
    joint_set, points = bodies_of_one_set([body.joints for body in bodies], _names(about, file.path), file.path)
    width = _first(about, "width", "image_width", "video_width")
    height = _first(about, "height", "image_height", "video_height")
    size = None if width is None or height is None else (width, height)
    points, picture, repairs = in_one_unit(points, joint_set, size)
    if picture is None:
        points, repairs = without_squeeze(points, joint_set)
    named = {(body.person, body.frame) for body in bodies if body.person}
    found = Detections(
        joint_set.name,
        np.array([body.frame for body in bodies], np.int64),
        points,
        tuple(body.person if len(named) == len(bodies) else "" for body in bodies),
        fps,
        picture,
        repairs,
    )
    return people_in(found, file.path, file.size_bytes, options.fps)


def _frames(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    frames = next((document[name] for name in _FRAMES if name in document), [document])
    if not isinstance(frames, list):
        raise TypeError
    return frames


def _bodies(at: int, frame: Any) -> list[_Body]:
    """The bodies in a frame: an object with a list of people, with the joints of one or of several; or those lists."""
    if not frame:
        return []
    if isinstance(frame, list):
        if isinstance(frame[0], dict) and "x" in frame[0]:
            frame = {"keypoints": frame}
        else:
            return [body for person in frame for body in _bodies(at, person)]
    people = next((frame[name] for name in _PEOPLE if name in frame), None)
    if people is not None:
        return [body for person in people for body in _bodies(at, person)]
    joints = next((frame[name] for name in _JOINTS if name in frame), None)
    if not joints:
        return []
    world = next((frame[name] for name in _WORLD if frame.get(name)), None)
    if isinstance(joints[0], list) and joints[0] and isinstance(joints[0][0], dict | list):  # those of several people
        worlds = world if world is not None else [None] * len(joints)
        return [_Body(at, joint_list(each), "", deep) for each, deep in zip(joints, worlds, strict=True) if each]
    person = next((frame[name] for name in ("track_id", "person_id", "id") if name in frame), "")
    return [_Body(at, joint_list(joints, frame.get("keypoint_scores")), str(person), world)]


def _first(about: list[Any], *names: str) -> float | None:
    return next((value for each in about if (value := number(each, *names)) is not None), None)


def _names(about: list[Any], path: Path) -> list[str] | None:
    """Names of the joints: those of a joint set that the file names, a list, or MMPose's object of them by number."""
    for each in about:
        if not isinstance(each, dict):
            continue
        if each.get("joint_set") is not None:
            return list(named_joint_set(each["joint_set"], path).joints)
        names = each.get("keypoint_names", each.get("keypoint_id2name"))
        if isinstance(names, dict):
            names = list(names.values())
        if isinstance(names, list):
            return [str(name) for name in names]
    return None


def _world_motion(file: MotionFile, bodies: list[_Body], frame_count: int, fps: float | None) -> Motion:
    """MediaPipe's world landmarks: metres from the middle of the hips, y down, z away from the camera; null: unseen."""
    positions = np.full((frame_count, len(JOINT_SETS["mediapipe-33"].joints), 3), np.nan, np.float32)
    try:
        for body in bodies:
            positions[body.frame] = [
                _UNSEEN if joint is None else [joint["x"], -joint["y"], -joint["z"]] for joint in body.world
            ]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FormatError(f"{file.path}: world landmarks are not 33 joints of x, y and z") from None
    return motion_of_joints(JOINT_SETS["mediapipe-33"], positions, fps, file.path, up="+Y")


FRAME_KEYPOINTS = Reader("keypoints", (), lambda head, _: starts_json(head) and has_key(head, *_JOINTS, *_WORLD), _read)
