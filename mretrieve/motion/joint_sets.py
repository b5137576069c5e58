"""The joint sets of pose detectors and of data sets in two dimensions, and the canonical joints among them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .skeleton import JOINTS

#: Other names of canonical joints. Noses, eyes, ears, head tops, faces and bellies are hints, not the head or a spine.
_CANONICAL = {
    "mid_hip": "pelvis",
    "hip": "pelvis",
    "thorax": "neck",
    "left_big_toe": "left_foot",
    "right_big_toe": "right_foot",
    "left_foot_index": "left_foot",
    "right_foot_index": "right_foot",
    "spine_base": "pelvis",
    "spine_shoulder": "spine3",
    "hip_center": "pelvis",
    "shoulder_center": "neck",
}


@dataclass(frozen=True)
class JointSet:
    """The joints that a detector finds.

    Attributes:
        name: how messages and files name the set.
        joints: their names, in the order of the detector's output.
        up: the axis of positions in space that is up, if that is agreed: "+Y".
    """

    name: str
    joints: tuple[str, ...]
    up: str | None = None

    @cached_property
    def canonical(self) -> tuple[int | None, ...]:
        """For each of the 22 canonical joints its index in the set; None if the set lacks it."""
        names = [_CANONICAL.get(name, name) for name in self.joints]
        return tuple(names.index(name) if name in names else None for name in JOINTS)


def _sides(*names: str) -> tuple[str, ...]:
    """Left and right of each joint, in turn."""
    return tuple(f"{side}_{name}" for name in names for side in ("left", "right"))


def _side(side: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{side}_{name}" for name in names)


_ARM, _LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
_COCO = ("nose", *_sides("eye", "ear", *_ARM, *_LEG))

#: By name. Sources: OpenPose's doc/02_output.md, cocodataset.org, AlphaPose's docs/output.md, MediaPipe's
#: PoseLandmark, VideoPose3D (Human3.6M), JHMDB's README, PoseTrack's and MPII's annotation formats, JointType of
#: the Kinect SDK 1.8 and 2.0.
JOINT_SETS: dict[str, JointSet] = {
    each.name: each
    for each in (
        JointSet(
            "body-25",
            (
                "nose", "neck", *_side("right", *_ARM), *_side("left", *_ARM), "mid_hip", *_side("right", *_LEG),
                *_side("left", *_LEG), "right_eye", "left_eye", "right_ear", "left_ear",
                *_side("left", "big_toe", "small_toe", "heel"), *_side("right", "big_toe", "small_toe", "heel"),
            ),
        ),
        JointSet(
            "coco-18",
            (
                "nose", "neck", *_side("right", *_ARM), *_side("left", *_ARM), *_side("right", *_LEG),
                *_side("left", *_LEG), "right_eye", "left_eye", "right_ear", "left_ear",
            ),
        ),
        JointSet("coco-17", _COCO),
        JointSet("halpe-26", (*_COCO, "head_top", "neck", "hip", *_sides("big_toe", "small_toe", "heel"))),
        JointSet(
            "mediapipe-33",
            (
                "nose", *_side("left", "eye_inner", "eye", "eye_outer"),
                *_side("right", "eye_inner", "eye", "eye_outer"), *_sides("ear"), "mouth_left", "mouth_right",
                *_sides(*_ARM, "pinky", "index", "thumb"), *_sides(*_LEG, "heel", "foot_index"),
            ),
        ),
        JointSet(
            "human36m-17",
            (
                "mid_hip", *_side("right", *_LEG), *_side("left", *_LEG), "spine", "thorax", "nose", "head_top",
                *_side("left", *_ARM), *_side("right", *_ARM),
            ),
        ),
        JointSet(
            "jhmdb-15",
            (
                "neck", "belly", "face", "right_shoulder", "left_shoulder", "right_hip", "left_hip", "right_elbow",
                "left_elbow", "right_knee", "left_knee", "right_wrist", "left_wrist", "right_ankle", "left_ankle",
            ),
        ),
        JointSet("posetrack-17", ("nose", "head_bottom", "head_top", *_sides("ear", *_ARM, *_LEG))),
        JointSet(
            "mpii-16",
            (
                "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "mid_hip", "thorax",
                "upper_neck", "head_top", "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow",
                "left_wrist",
            ),
        ),
        JointSet(
            "kinect-25",
            (
                "spine_base", "spine_mid", "neck", "head", *_side("left", *_ARM, "hand"),
                *_side("right", *_ARM, "hand"), *_side("left", *_LEG, "foot"), *_side("right", *_LEG, "foot"),
                "spine_shoulder", *_side("left", "hand_tip", "thumb"), *_side("right", "hand_tip", "thumb"),
            ),
            up="+Y",
        ),
        JointSet(
            "kinect-20",
            (
                "hip_center", "spine", "shoulder_center", "head", *_side("left", *_ARM, "hand"),
                *_side("right", *_ARM, "hand"), *_side("left", *_LEG, "foot"), *_side("right", *_LEG, "foot"),
            ),
            up="+Y",
        ),
        JointSet("canonical-22", JOINTS),
    )
}  # fmt: skip

#: The set of a list of this many joints without names. COCO-WholeBody's 133 begin with COCO's 17, Halpe's 136 with 26,
#: MediaPipe's 543 and 553 with hands and face (FreeMoCap) with its 33 of the body.
_BY_COUNT = {
    15: "jhmdb-15",
    16: "mpii-16",
    17: "coco-17",
    18: "coco-18",
    22: "canonical-22",
    25: "body-25",
    26: "halpe-26",
    33: "mediapipe-33",
    133: "coco-17",
    136: "halpe-26",
    543: "mediapipe-33",
    553: "mediapipe-33",
}


def joint_set_by_count(count: int) -> JointSet | None:
    """The set of a list of joints without names; None if none has as many. Longer lists begin with the set's joints."""
    name = _BY_COUNT.get(count)
    return None if name is None else JOINT_SETS[name]


def joint_set_by_names(names: Sequence[str]) -> tuple[JointSet, tuple[int | None, ...]] | None:
    """The set that most of the names are of, and the place of each of its joints among them.

    None if fewer than eight names are of any set: no body can be made of so few joints.
    """
    written = [_spelled(name) for name in names]
    best = max(JOINT_SETS.values(), key=lambda each: (len(set(each.joints) & set(written)), -len(each.joints)))
    if len(set(best.joints) & set(written)) < 8:
        return None
    return best, tuple(written.index(name) if name in written else None for name in best.joints)


def joints_at(places: Sequence[int | None], values: NDArray[np.floating], missing: float = 0.0) -> NDArray[np.floating]:
    """Values (..., J, D) of the joints at these places among (..., K, D), and `missing` for those that are nowhere."""
    chosen = np.take(values, [0 if place is None else place for place in places], axis=-2)
    chosen[..., [place is None for place in places], :] = missing
    return chosen


def _spelled(name: str) -> str:
    """A name as the sets spell it: `hand_tip_left`, `HandTipLeft` and `Left hand-tip` are `left_hand_tip`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[ -]", "_", name.strip()).lower()
    part, _, side = words.rpartition("_")
    return f"{side}_{part}" if side in ("left", "right") and part != "mouth" else words
