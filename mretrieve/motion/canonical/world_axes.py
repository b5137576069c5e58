"""The up axis of a file, and whether its axes are left-handed: found from the body, never from the format."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..skeleton import joint

#: Scores of an axis before any data: Y up, then Z up, then Y down (image coordinates).
_PRIOR = {(1, 1): 0.35, (2, 1): 0.30, (1, -1): 0.10}
_FLOOR_AT_ZERO, _FLOOR_IS_LEVEL = 0.5, 0.2


@dataclass(frozen=True, eq=False)
class WorldAxes:
    """The axes of a file.

    Attributes:
        canonical_from_file: (3, 3) rotates (and, if left-handed, mirrors) them to Y up.
        up: the file's up axis: "+Y", "-Z" ...
        left_handed: whether they are left-handed.
    """

    canonical_from_file: NDArray[np.float64]
    up: str
    left_handed: bool


def find_world_axes(positions: NDArray[np.floating], mapped: NDArray[np.intp], size: float) -> WorldAxes:
    """The axes of positions (T, 22, 3), of which the joints `mapped` are known; `size` is an adult's height in them.

    Up is the axis along which the body stands, and on which the lowest joint is level and near zero.
    Axes are left-handed if feet point and knees bend backwards, given the names of left and right.
    """
    axis, sign = _up_axis(positions, mapped, size)
    basis = np.zeros((3, 3))
    basis[1, axis] = sign
    basis[0, 2 if axis == 0 else 0] = 1.0
    basis[2] = np.cross(basis[0], basis[1])
    left_handed = forward_evidence(positions @ basis.T, mapped) < -0.25
    if left_handed:
        basis[0] = -basis[0]
    return WorldAxes(basis, "+-"[sign < 0] + "XYZ"[axis], left_handed)


def forward_evidence(positions: NDArray[np.floating], mapped: NDArray[np.intp]) -> float:
    """How clearly a body faces forwards: near 1 if left and right are as the joints say, near -1 if they are swapped.

    `positions` are (T, 22, 3) in any axes, of which the joints `mapped` are known. Forwards is square to the hips, the
    shoulders and the back, by the right hand. Feet point there, knees bend there, elbows the other way. 0 if the rig
    lacks the joints for it.
    """
    body = _MappedJoints(positions, {int(index) for index in mapped})
    forward, offsets = _forward(body), _offsets_forwards(body)
    shins = [
        np.sqrt(((body.at(f"{side}_ankle") - body.at(f"{side}_knee")) ** 2).sum(axis=1)).mean()
        for side in ("left", "right")
        if body.has(f"{side}_knee", f"{side}_ankle")
    ]
    if forward is None or not shins or not offsets:
        return 0.0
    forwards = np.einsum("oti,ti->ot", np.stack(offsets), forward).mean() / (0.3 * max(float(np.mean(shins)), 1e-9))
    return float(np.clip(forwards, -1, 1))


@dataclass(frozen=True, eq=False)
class _MappedJoints:
    positions: NDArray[np.floating]  # (T, 22, 3)
    mapped: set[int]

    def has(self, *names: str) -> bool:
        return self.mapped.issuperset(joint(name) for name in names)

    def at(self, name: str) -> NDArray[np.floating]:
        return self.positions[:, joint(name)]


def _forward(body: _MappedJoints) -> NDArray[np.floating] | None:
    """Unit vectors (T, 3) square to hips, shoulders and back; None if the rig lacks these."""
    pairs = [part for part in ("hip", "shoulder") if body.has(f"left_{part}", f"right_{part}")]
    bottom = next((part for part in ("hip", "knee", "ankle") if body.has(f"left_{part}", f"right_{part}")), None)
    top = next((name for name in ("neck", "head", "left_shoulder") if body.has(name)), None)
    if not pairs or bottom is None or top is None:
        return None
    left = sum((body.at(f"left_{part}") - body.at(f"right_{part}") for part in pairs), np.zeros(3))
    forward = np.cross(left, body.at(top) - (body.at(f"left_{bottom}") + body.at(f"right_{bottom}")) / 2)
    return np.asarray(forward / np.maximum(np.sqrt(np.einsum("ti,ti->t", forward, forward)), 1e-9)[:, None])


def _offsets_forwards(body: _MappedJoints) -> list[NDArray[np.floating]]:
    """Vectors (T, 3) that point forwards: ankle to foot, straight leg to knee, elbow to straight arm."""
    offsets = []
    for side in ("left", "right"):
        hip, knee, ankle, foot = (f"{side}_{part}" for part in ("hip", "knee", "ankle", "foot"))
        shoulder, elbow, wrist = (f"{side}_{part}" for part in ("shoulder", "elbow", "wrist"))
        if body.has(ankle, foot):
            offsets.append(body.at(foot) - body.at(ankle))
        if body.has(hip, knee, ankle):
            offsets.append(body.at(knee) - (body.at(hip) + body.at(ankle)) / 2)
        if body.has(shoulder, elbow, wrist):  # half as sure: elbows of raised arms bend forwards
            offsets.append(((body.at(shoulder) + body.at(wrist)) / 2 - body.at(elbow)) / 2)
    return offsets


def _up_axis(positions: NDArray[np.floating], mapped: NDArray[np.intp], size: float) -> tuple[int, int]:
    """Axis and sign of up, from the direction of the body, the floor if it is known, and the prior."""
    has = {int(index) for index in mapped}

    def middle(*choices: tuple[str, ...]) -> NDArray[np.floating]:
        """Mean over the joints of the first choice of which the rig has any; the pelvis if it has none."""
        for names in choices:
            known = [joint(name) for name in names if joint(name) in has]
            if known:
                return np.asarray(positions[:, known].mean(axis=1))
        return positions[:, joint("pelvis")]

    top = middle(("neck",), ("head",), ("left_shoulder", "right_shoulder"))
    upright = top - middle(("left_ankle", "right_ankle"), ("left_knee", "right_knee"))
    upright /= np.maximum(np.sqrt(np.einsum("ti,ti->t", upright, upright)), 1e-9)[:, None]
    stance = upright.mean(axis=0)
    floor_is_known = (
        np.abs(middle(("left_hip", "right_hip"))).max() > 0.1 * size
    )  # else the file holds poses about the root, and no floor
    scores = {}
    for axis in range(3):
        coordinates = positions[:, mapped, axis] / size
        for sign, floor in ((1, coordinates.min(axis=1)), (-1, -coordinates.max(axis=1))):
            score = sign * float(stance[axis]) + _PRIOR.get((axis, sign), 0.0)
            if floor_is_known:
                score += _FLOOR_AT_ZERO * max(0.0, 1 - abs(float(np.median(floor))) / 0.15)
                score += _FLOOR_IS_LEVEL * max(0.0, 1 - float(np.ptp(floor)) / 0.3)
            scores[axis, sign] = score
    return max(scores, key=lambda candidate: scores[candidate])
