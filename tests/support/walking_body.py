"""A walking body made by arithmetic: 22 joints in metres, Y up, left is +X, walking along +Z."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mretrieve.motion import JOINTS, PARENTS, Motion, Rig

Floats = NDArray[np.float64]

#: From the parent, standing with hanging arms, of the left side and the midline: (left, up, forwards), metres.
OFFSETS = {
    "pelvis": (0, 0.95, 0), "hip": (0.07, -0.09, 0), "knee": (0.02, -0.38, 0.005), "ankle": (0, -0.41, -0.01),
    "foot": (0.02, -0.06, 0.13), "spine1": (0, 0.11, -0.02), "spine2": (0, 0.135, 0), "spine3": (0, 0.055, 0.02),
    "neck": (0, 0.21, -0.03), "head": (0, 0.085, 0.04), "collar": (0.08, 0.11, -0.02), "shoulder": (0.1, 0.04, -0.01),
    "elbow": (0.03, -0.26, 0), "wrist": (0.02, -0.26, 0.01),
}  # fmt: skip


def walking(frame_count: int = 90, fps: float = 30.0, speed: float = 1.2) -> Floats:
    """Positions (T, 22, 3) of a walk at 1 step cycle a second."""
    phase = 2 * np.pi * np.arange(frame_count) / fps
    positions = np.zeros((frame_count, len(JOINTS), 3))
    pitch = np.zeros((frame_count, len(JOINTS)))  # of the joint's bone about +X, radians, forwards is negative
    for j, name in enumerate(JOINTS):
        side = -1.0 if name.startswith("right") else 1.0
        part = name.removeprefix("left_").removeprefix("right_")
        inherited = pitch[:, PARENTS[j]] if PARENTS[j] >= 0 else np.zeros(frame_count)
        swing = {
            "hip": -0.45 * side * np.sin(phase) - 0.1,
            "knee": 0.35 + 0.3 * np.cos(phase * 1 + (side < 0) * np.pi),
            "ankle": -0.2 + 0 * phase,
            "shoulder": 0.5 * side * np.sin(phase),
            "elbow": -0.4 - 0.1 * np.sin(phase),
        }.get(part, 0 * phase)
        pitch[:, j] = inherited + swing
        left, up, forwards = OFFSETS[part]
        cosine, sine = np.cos(inherited), np.sin(inherited)
        offset = np.stack(
            [np.full(frame_count, side * left), up * cosine - forwards * sine, up * sine + forwards * cosine]
        )
        positions[:, j] = offset.T + (positions[:, PARENTS[j]] if PARENTS[j] >= 0 else 0)
    positions[:, :, 2] += (speed * np.arange(frame_count) / fps)[:, None]
    return positions


def t_pose() -> Floats:
    """One frame (1, 22, 3) with straight limbs and arms held out."""
    pose = np.zeros((1, len(JOINTS), 3))
    for j, name in enumerate(JOINTS):
        side = -1.0 if name.startswith("right") else 1.0
        part = name.removeprefix("left_").removeprefix("right_")
        left, up, forwards = OFFSETS[part]
        if part in ("elbow", "wrist"):
            left, up, forwards = 0.26, 0.0, 0.0
        if part in ("knee", "ankle"):
            left, forwards = 0.0, 0.0
        pose[0, j] = (side * left, up, forwards)
        pose[0, j] += pose[0, PARENTS[j]] if PARENTS[j] >= 0 else 0
    return pose


def motion_of(
    positions: Floats,
    names: tuple[str, ...] = JOINTS,
    parents: tuple[int, ...] = PARENTS,
    fps: float = 30.0,
    source: str = "walk.bvh",
) -> Motion:
    """Positions (T, J, 3) as a motion that a reader might have given."""
    rig = Rig(tuple(names), np.array(parents, np.int32), np.zeros((len(names), 3)))
    return Motion(rig, np.asarray(positions, np.float32), fps, Path(source))


def without(positions: Floats, names: tuple[str, ...]) -> tuple[Floats, tuple[str, ...], tuple[int, ...]]:
    """The body without some joints, whose children hang from the nearest parent that is left."""
    kept = [j for j, name in enumerate(JOINTS) if name not in names]
    parents = []
    for j in kept:
        parent = PARENTS[j]
        while parent >= 0 and parent not in kept:
            parent = PARENTS[parent]
        parents.append(kept.index(parent) if parent >= 0 else -1)
    return positions[:, kept], tuple(JOINTS[j] for j in kept), tuple(parents)
