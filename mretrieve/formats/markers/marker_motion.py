"""From labelled markers to motions of joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...motion.joint_sets import JointSet
from ...motion.motion import Motion
from ...motion.rigs.rig_map import missing_groups
from ..joint_motion import motion_of_joints
from .joint_centres import JointCentres
from .landmarks import landmarks_of, subject_of

#: Fewer joints are no body.
FEWEST_JOINTS = 8
#: Markers of fewer places may have these labels by chance.
_FEWEST_LANDMARKS = 5


@dataclass(frozen=True, eq=False)
class Markers:
    """The markers of a recording.

    Attributes:
        labels: M labels, with the subject before a colon if the file has several.
        positions: (T, M, 3); NaN if a marker was not seen.
        fps: frames per second.
        up: the axis that the file declares to be up, "+Z"; None if it declares none.
        other_labels: those of further markers, which are of no known set and have no positions here.
    """

    labels: tuple[str, ...]
    positions: NDArray[np.float64]
    fps: float
    up: str | None = None
    other_labels: tuple[str, ...] = ()


def motions_of_markers(markers: Markers, source: Path) -> list[Motion]:
    """A motion for each subject with markers of a known set, on the joints that these tell.

    Raises:
        FormatError: no subject has enough of them for a body.
    """
    subjects: dict[str, list[int]] = {}
    for place, label in enumerate(markers.labels):
        subjects.setdefault(subject_of(label), []).append(place)
    motions: list[Motion] = []
    reasons: list[str] = []
    for subject, places in subjects.items():
        positions = markers.positions[:, places]
        landmarks = landmarks_of([markers.labels[place] for place in places])
        joints = JointCentres({name: positions[:, place] for name, place in landmarks.items()}).joints
        joints = {joint: points for joint, points in joints.items() if np.isfinite(points).any()}
        lacking = missing_groups(joints)
        if lacking or len(joints) < FEWEST_JOINTS:
            if len(landmarks) >= _FEWEST_LANDMARKS:
                reasons.append(f"do not tell {'; '.join(lacking)}" if lacking else f"tell only {', '.join(joints)}")
            continue
        joint_set = JointSet("markers", tuple(joints))
        with np.errstate(over="ignore"):  # beyond single precision is damage
            together = np.stack(list(joints.values()), axis=1).astype(np.float32)
        together[~np.isfinite(together).all(axis=2)] = np.nan
        motions.append(motion_of_joints(joint_set, together, markers.fps, source, body=subject, up=markers.up))
    if not motions:
        raise FormatError(f"{source}: {_refusal(markers.labels + markers.other_labels, reasons)}")
    return motions


def _refusal(labels: Sequence[str], reasons: Sequence[str]) -> str:
    """Why markers are not read; `reasons` are those of the subjects with markers of a known set."""
    if not any(labels):
        return f"its {len(labels)} markers have no labels; label them"
    if reasons:
        return f"its markers {reasons[0]}; export the solved skeleton as BVH"
    named = ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
    return (
        f"the labels of its {len(labels)} markers ({named}) are of no known set; label them as in Plug-in Gait or "
        "Helen Hayes, or export the solved skeleton as BVH"
    )
