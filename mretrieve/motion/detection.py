"""What pose detectors find of a body: which joints, with which errors; and stand-ins for the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .skeleton import JOINT_COUNT, JOINTS, PARENTS, joint
from .view import View

#: The joints that every detector looks for, in the order of JOINTS. Noses, eyes and ears are no joints of the skeleton.
DETECTED = tuple(
    number
    for number, name in enumerate(JOINTS)
    if name.partition("_")[2] in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
)
#: Joints halfway between two detected ones: pelvis and neck.
MIDDLES = {
    joint("pelvis"): (joint("left_hip"), joint("right_hip")),
    joint("neck"): (joint("left_shoulder"), joint("right_shoulder")),
}
#: Joints on the line between two others, and how far along it they are.
_BETWEEN = {
    joint("spine1"): (joint("pelvis"), joint("neck"), 0.25),
    joint("spine2"): (joint("pelvis"), joint("neck"), 0.5),
    joint("spine3"): (joint("pelvis"), joint("neck"), 0.6),
    joint("left_collar"): (joint("neck"), joint("left_shoulder"), 0.4),
    joint("right_collar"): (joint("neck"), joint("right_shoulder"), 0.4),
    joint("head"): (joint("pelvis"), joint("neck"), 1.4),
}
#: Shoulders hang at the neck, because collars are placed between the two.
_ATTACHED = {joint("left_shoulder"): joint("neck"), joint("right_shoulder"): joint("neck")}
LEGS = tuple(number for number in DETECTED if JOINTS[number].partition("_")[2] in ("knee", "ankle"))


def as_detected(view: View) -> View:
    """The view with the joints of DETECTED and the middles between them only, and stand-ins for the rest."""
    observed = np.zeros_like(view.observed)
    observed[:, list(DETECTED)] = view.observed[:, list(DETECTED)]
    return with_stand_ins(replace(view, observed=observed))


def with_stand_ins(view: View) -> View:
    """The view with a point for every joint, from the points that are observed.

    Pelvis and neck are the middles of their pairs wherever both are observed. Points that a joint lacks at times are
    interpolated in time; joints that are never observed stand in line with others of the body, or at their parent.
    Confidence is 0 where nothing was observed.
    """
    points, observed, confidence = view.points.copy(), view.observed.copy(), view.confidence.copy()
    for middle, (left, right) in MIDDLES.items():
        both = observed[:, left] & observed[:, right] & ~observed[:, middle]
        points[both, middle] = 0.5 * (points[both, left] + points[both, right])
        observed[both, middle] = True
        confidence[both, middle] = np.minimum(confidence[both, left], confidence[both, right])
    frames = np.arange(len(points))
    known = np.asarray(observed.any(axis=0))
    for number in np.flatnonzero(known & ~observed.all(axis=0)).tolist():
        seen = observed[:, number]
        for axis in range(2):
            points[~seen, number, axis] = np.interp(frames[~seen], frames[seen], points[seen, number, axis])
    if known.any():
        _stand_in(points, known)
    else:
        points[:] = 0.0
    confidence[~observed] = 0.0
    return replace(view, points=points, observed=observed, confidence=confidence)


def _stand_in(points: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
    """Points for the joints that are not known, in place."""
    for middle, pair in MIDDLES.items():
        if not known[middle]:
            sides = [side for side in pair if known[side]]
            points[:, middle] = points[:, sides or np.flatnonzero(known)].mean(axis=1)
    for number in range(JOINT_COUNT):  # a parent precedes its children
        if not (known[number] or number in MIDDLES or number in _BETWEEN):
            points[:, number] = points[:, _ATTACHED.get(number, PARENTS[number])]
    for number, (start, end, share) in _BETWEEN.items():
        if not known[number]:
            points[:, number] = points[:, start] + np.float32(share) * (points[:, end] - points[:, start])


@dataclass(frozen=True)
class DetectionErrors:
    """How far what a detector finds is from an exact projection; each view has its own part of every error.

    Attributes:
        lost_share: part of the views in which joints are never found.
        lost_joints: number of joints that these lack, of DETECTED.
        legless_share: part of the views that end above the knees.
        lost_samples: largest part of single points that are not found.
        bias_m: largest root mean square of a fixed displacement of each joint.
        noise_m: largest root mean square of the noise of every point.
    """

    lost_share: float = 0.5
    lost_joints: int = 3
    legless_share: float = 0.1
    lost_samples: float = 0.2
    bias_m: float = 0.03
    noise_m: float = 0.03

    def draw(self, view: View, generator: np.random.Generator) -> View:
        """One random detection of a view: the joints of DETECTED, with errors, and stand-ins for the rest."""
        observed = np.zeros_like(view.observed)
        observed[:, list(DETECTED)] = view.observed[:, list(DETECTED)]
        if generator.random() < self.lost_share:
            observed[:, generator.choice(DETECTED, self.lost_joints, replace=False)] = False
        if generator.random() < self.legless_share:
            observed[:, list(LEGS)] = False
        observed &= generator.random(observed.shape) >= self.lost_samples * generator.uniform()
        bias = self.bias_m * generator.uniform() * generator.standard_normal((1, JOINT_COUNT, 2))
        noise = self.noise_m * generator.uniform() * generator.standard_normal(view.points.shape)
        points = view.points + ((bias + noise) / np.sqrt(2)).astype(np.float32)
        confidence = np.where(observed, view.confidence, 0.0).astype(np.float32)
        return with_stand_ins(replace(view, points=points, observed=observed, confidence=confidence))
