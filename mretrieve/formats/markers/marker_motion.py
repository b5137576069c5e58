"""From labelled markers to motions of joints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.joint_sets import JointSet
from ...motion.motion import Motion
from ..joint_motion import motion_of_joints
from .joint_centres import JointCentres
from .landmarks import landmarks_of, subject_of

#: Fewer joints are no body.
FEWEST_JOINTS = 8


@dataclass(frozen=True, eq=False)
class Markers:
    """The markers of a recording.

    Attributes:
        labels: M labels, with the subject before a colon if the file has several.
        positions: (T, M, 3); NaN if a marker was not seen.
        fps: frames per second.
        up: the axis that the file declares to be up, "+Z"; None if it declares none.
    """

    labels: tuple[str, ...]
    positions: NDArray[np.float64]
    fps: float
    up: str | None = None


def motions_of_markers(markers: Markers, source: Path) -> list[Motion]:
    """A motion for each subject with markers of a known set, on the joints that these tell.

    Raises:
        FormatError: no subject has enough of them.
    """
    subjects: dict[str, list[int]] = {}
    for place, label in enumerate(markers.labels):
        subjects.setdefault(subject_of(label), []).append(place)
    motions = []
    for subject, places in subjects.items():
        positions = markers.positions[:, places]
        landmarks = landmarks_of([markers.labels[place] for place in places])
        joints = JointCentres({name: positions[:, place] for name, place in landmarks.items()}).joints
        joints = {joint: points for joint, points in joints.items() if np.isfinite(points).any()}
        if len(joints) >= FEWEST_JOINTS:
            joint_set = JointSet("markers", tuple(joints))
            with np.errstate(over="ignore"):  # beyond single precision is damage
                together = np.stack(list(joints.values()), axis=1).astype(np.float32)
            together[~np.isfinite(together).all(axis=2)] = np.nan
            motions.append(motion_of_joints(joint_set, together, markers.fps, source, body=subject, up=markers.up))
    if not motions:
        if not any(markers.labels):
            raise FormatError(f"{source}: its {len(markers.labels)} markers have no labels; label them")
        named = ", ".join(markers.labels[:8]) + (", ..." if len(markers.labels) > 8 else "")
        raise FormatError(
            f"{source}: the labels of its {len(markers.labels)} markers ({named}) are of no known set; label them as "
            "in Plug-in Gait or Helen Hayes, or export the solved skeleton as BVH"
        )
    return motions
