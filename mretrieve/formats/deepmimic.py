"""Motions of DeepMimic (Peng et al., "DeepMimic: Example-guided deep reinforcement learning of physics-based character
skills", SIGGRAPH 2018): JSON with a row of 44 numbers a frame, for the humanoid of 15 bodies in its repository.

A row is the duration of the frame in seconds, the root's position in metres, and for each joint that turns a quaternion
w, x, y, z, or for knees and elbows an angle in radians about z. The body faces +X, and +Y is up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from ..motion.motion import Motion
from .json_file import has_key, load_json, starts_json
from .keyframes import Track, raster_fps
from .reader import MotionFile, Reader
from .scene import Scene

_QUATERNION, _ANGLE, _FIXED = 4, 1, 0
#: Name, parent, offset in metres, numbers in a row (data/characters/humanoid3d.txt).
_JOINTS = (
    ("root", -1, (0.0, 0.0, 0.0), _QUATERNION),
    ("chest", 0, (0.0, 0.236151, 0.0), _QUATERNION),
    ("neck", 1, (0.0, 0.223894, 0.0), _QUATERNION),
    ("right_hip", 0, (0.0, 0.0, 0.084887), _QUATERNION),
    ("right_knee", 3, (0.0, -0.421546, 0.0), _ANGLE),
    ("right_ankle", 4, (0.0, -0.40987, 0.0), _QUATERNION),
    ("right_shoulder", 1, (-0.02405, 0.2435, 0.18311), _QUATERNION),
    ("right_elbow", 6, (0.0, -0.274788, 0.0), _ANGLE),
    ("right_wrist", 7, (0.0, -0.258947, 0.0), _FIXED),
    ("left_hip", 0, (0.0, 0.0, -0.084887), _QUATERNION),
    ("left_knee", 9, (0.0, -0.421546, 0.0), _ANGLE),
    ("left_ankle", 10, (0.0, -0.40987, 0.0), _QUATERNION),
    ("left_shoulder", 1, (-0.02405, 0.2435, -0.18311), _QUATERNION),
    ("left_elbow", 12, (0.0, -0.274788, 0.0), _ANGLE),
    ("left_wrist", 13, (0.0, -0.258947, 0.0), _FIXED),
)
_COLUMNS = 1 + 3 + sum(width for *_, width in _JOINTS)


def read_deepmimic(file: MotionFile) -> list[Motion]:
    """The motion in a file. FormatError: it is not JSON, or a frame has not 44 finite numbers."""
    document = load_json(file)
    frames = document.get("Frames") if isinstance(document, dict) else None
    try:
        rows = np.array(frames, np.float64)
        is_table = rows.ndim == 2 and rows.shape[1] == _COLUMNS and len(rows) > 0
        if not is_table or not np.isfinite(rows).all() or (rows[:-1, 0] <= 0).any():
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise FormatError(f"{file.path}: `Frames` are not rows of {_COLUMNS} numbers, the first above 0") from None
    times_s = np.concatenate([[0.0], np.cumsum(rows[:-1, 0])])
    tracks = [Track(0, "translation", times_s, rows[:, 1:4])]
    column = 4
    for joint, (*_, width) in enumerate(_JOINTS):
        if width:
            tracks.append(Track(joint, "rotation", times_s, _quaternions(rows[:, column : column + width])))
        column += width
    count = len(_JOINTS)
    still = np.tile([0.0, 0.0, 0.0, 1.0], (count, 1))
    scene = Scene(
        file.path,
        tuple(name for name, *_ in _JOINTS),
        np.array([parent for _, parent, *_ in _JOINTS], np.int32),
        np.array([offset for _, _, offset, _ in _JOINTS]),
        still,
        np.ones((count, 3)),
        np.ones(count, np.bool_),
        np.zeros(count, np.bool_),
        declared_up="+Y",
    )
    return list(scene.motions(np.arange(count), tracks, raster_fps(tracks)))


def _quaternions(numbers: NDArray[Any]) -> NDArray[np.float64]:
    """Quaternions x, y, z, w (T, 4) of w, x, y, z (T, 4) or of angles about z (T, 1)."""
    if numbers.shape[1] == _QUATERNION:
        return np.roll(numbers, -1, axis=1)
    none = np.zeros(len(numbers))
    return np.stack([none, none, np.sin(numbers[:, 0] / 2), np.cos(numbers[:, 0] / 2)], axis=1)


DEEPMIMIC = Reader(
    "deepmimic",
    (),
    lambda head, _: starts_json(head) and has_key(head, "Loop") and has_key(head, "Frames"),
    lambda file, _: read_deepmimic(file),
)
