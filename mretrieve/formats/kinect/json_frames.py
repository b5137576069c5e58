"""JSON of Kinect recorders: a document a frame, `{"Timestamp": ..., "Bodies": [{"TrackingId": ..., "Joints": [...]}]}`.

A joint is `{"JointType": "Head", "TrackingState": "True", "Position": {"X": ..., "Y": ..., "Z": ...}}`; times count
100 nanoseconds. The files of a recording are `frame_0.json`, `frame_1.json`, ...
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ...errors import FormatError
from ...motion.joint_sets import JOINT_SETS, joint_set_by_names
from ...motion.motion import Motion
from ..json_file import has_key, load_json, starts_json
from ..reader import MotionFile, Reader
from .sensor_bodies import MOST_BODIES, SensorBodies, frames_at, motions_of

_TRACKED = ("true", "tracked", "2", "high", "medium")
_TICKS_PER_SECOND = 1e7
_KINECT = JOINT_SETS["kinect-25"]


def read_frames(file: MotionFile) -> list[Motion]:
    """A motion for each person in the frames of a recording. FormatError: a document is not a frame of bodies."""
    files = file.frames()
    times_s: list[float] = []
    bodies: list[tuple[int, int, np.ndarray]] = []
    people: dict[str, int] = {}
    size_bytes = 0
    for number, one in enumerate(files):
        size_bytes += one.size_bytes
        document = load_json(one)
        try:
            times_s.append(float(document["Timestamp"]) / _TICKS_PER_SECOND)
            of_frame = document["Bodies"]
            for body in of_frame[:MOST_BODIES]:
                person = people.setdefault(str(body["TrackingId"]), len(people))
                bodies.append((number, person, _joints(body["Joints"])))
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise FormatError(f"{one.path}: not a frame of `Bodies` with `Joints`; record again") from None
    if not bodies:
        raise FormatError(f"{file.path}: nobody is in any of {len(files)} frames")
    frames, fps = frames_at(np.array(times_s))
    rows, persons, positions = zip(*bodies, strict=True)
    found = SensorBodies(_KINECT, frames[list(rows)], np.array(persons), np.array(positions), fps)
    return motions_of(found, file.path, size_bytes)


def _joints(joints: list[dict[str, Any]]) -> np.ndarray:
    """Positions (25, 3) of the joints of Kinect v2. ValueError: they are of no known set."""
    known = joint_set_by_names([str(joint["JointType"]) for joint in joints])
    if known is None or known[0] is not _KINECT:
        raise ValueError
    positions = np.full((len(_KINECT.joints), 3), np.nan, np.float32)
    for number, place in enumerate(known[1]):
        if place is not None and str(joints[place].get("TrackingState", "2")).lower() in _TRACKED:
            position = joints[place]["Position"]
            positions[number] = [float(position[axis]) for axis in "XYZ"]
    return positions


def _is_frame(head: bytes) -> bool:
    encoding = json.detect_encoding(head)  # one recorder writes UTF-16 without a mark
    if not starts_json(head[:64].decode(encoding, "replace").encode()):
        return False
    text = head.decode(encoding, "replace").encode()
    return has_key(text, "Bodies") and has_key(text, "JointType", "TrackingId", "Timestamp")


KINECT_JSON = Reader("kinect-json", (), lambda head, _: _is_frame(head), lambda file, _: read_frames(file))
