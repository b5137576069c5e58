"""OpenPose: a JSON file for each frame of a video; those of one video are one recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.joint_sets import JOINT_SETS
from ..motion.keypoints import Keypoints
from .detections import Detections, people_in
from .frame_files import frame_number
from .joint_list import joint_list
from .json_file import has_key, load_json, starts_json
from .reader import MotionFile, Reader, ReadingOptions

_SETS = {25: JOINT_SETS["body-25"], 18: JOINT_SETS["coco-18"]}


def _read(file: MotionFile, options: ReadingOptions) -> list[Keypoints]:
    files = file.frames()
    frames: list[int] = []
    bodies: list[NDArray[np.float32]] = []
    size_bytes = 0
    for number, one in enumerate(files):
        size_bytes += one.size_bytes
        in_frame = _bodies(load_json(one), one.path)
        bodies += in_frame
        frames += [number if len(files) == 1 else frame_number(one.path)] * len(in_frame)
    counts = {len(body) for body in bodies}
    if len(counts) > 1 or not counts <= set(_SETS):
        has = ", ".join(map(str, sorted(counts)))
        raise FormatError(f"{file.path}: bodies of {has} joints; OpenPose's have 25 (BODY_25) or 18 (COCO)")
    joint_set = _SETS[counts.pop() if counts else 25]
    points = np.stack(bodies) if bodies else np.zeros((0, len(joint_set.joints), 3), np.float32)
    found = Detections(joint_set.name, np.array(frames, np.int64), points, ("",) * len(frames))
    return people_in(found, file.path, size_bytes, options.fps)


def _bodies(document: Any, path: Path) -> list[NDArray[np.float32]]:
    """The bodies in a frame's document. Person ids are -1 in all frames; nobody is followed."""
    try:
        bodies = [joint_list(person["pose_keypoints_2d"]) for person in document["people"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        raise FormatError(f"{path}: not a list `people` with `pose_keypoints_2d`; run OpenPose again") from None
    return [body for body in bodies if len(body)]


def _recognises(head: bytes) -> bool:
    """Whether a file is a frame, be it one without people."""
    is_frame = starts_json(head) and has_key(head, "people") and not has_key(head, "frames")
    return is_frame and has_key(head, "version", "pose_keypoints_2d")


OPENPOSE = Reader("openpose", (), lambda head, _: _recognises(head), _read)
