"""JHMDB: 2D poses of short videos in 14 classes of whole bodies, with three official splits (Jhuang et al. 2013)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from ..motion.detection import with_stand_ins
from ..motion.skeleton import JOINT_COUNT, joint
from ..motion.view import LabelledView, View

SPLITS = (1, 2, 3)
#: Its joints in their order, as joints of the canonical skeleton: spine2 is its belly, head its face.
_JOINTS = (
    "neck", "spine2", "head", "right_shoulder", "left_shoulder", "right_hip", "left_hip", "right_elbow", "left_elbow",
    "right_knee", "left_knee", "right_wrist", "left_wrist", "right_ankle", "left_ankle",
)  # fmt: skip
#: Metres in its unit: about right for a standing adult.
_METRES = 1.6


def jhmdb_views(data: Path, split: int, part: str) -> list[LabelledView]:
    """The views of a split's "train" or "test" part in `data`/jhmdb, each a group of its own.

    Its archives hold `pose` (sum of lengths, 15, 2) with y down, `length` and `label` of each video.

    Raises:
        QueryError: the archive is not there.
    """
    file = data / "jhmdb" / f"split{split}_{part}.npz"
    if not file.is_file():
        raise QueryError(f"{data}: no jhmdb/{file.name} in it; give the folder that holds jhmdb/")
    with np.load(file, allow_pickle=False) as arrays:
        ends = np.cumsum(arrays["length"])
        videos = np.split(arrays["pose"], ends[:-1])
        labels = arrays["label"].tolist()
    names = [f"{part}{number:03}" for number in range(len(videos))]
    return [
        LabelledView(_view(poses), str(label), name, name)
        for poses, label, name in zip(videos, labels, names, strict=True)
    ]


def _view(poses: NDArray[np.float32]) -> View:
    """The view of poses (T, 15, 2)."""
    points = np.zeros((len(poses), JOINT_COUNT, 2), np.float32)
    observed = np.zeros((len(poses), JOINT_COUNT), bool)
    known = [joint(name) for name in _JOINTS]
    points[:, known] = poses * np.array([_METRES, -_METRES], np.float32)
    observed[:, known] = True
    return with_stand_ins(View(points, observed, observed.astype(np.float32)))
