"""Views: one body's motion as a camera sees it, in two dimensions, on the joints of the canonical skeleton."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .clip import CanonicalFrames
from .skeleton import JOINT_COUNT, MIRROR


@dataclass(frozen=True, eq=False)
class View(CanonicalFrames):
    """One body's motion in the image of a camera, at 30 fps.

    Frame t is at `start_s + t / CANONICAL_FPS` seconds of the file.

    Attributes:
        points: (T, 22, 2) float32, x to the right of the image and y up, finite everywhere. The unit is about a metre
            at the body's distance; the origin is anywhere.
        observed: (T, 22); False if the point is not in the image, not trusted or not among the detector's joints. The
            point is then filled in and must not be trusted.
        confidence: (T, 22) float32, the detector's, from 0 to 1; 0 where nothing was detected.
        start_s: file time of frame 0.
        notes: findings and corrections, one line each.
    """

    points: NDArray[np.float32]
    observed: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    start_s: float = 0.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        joints = (len(self.observed), JOINT_COUNT)
        if self.points.shape != (*joints, 2) or self.observed.shape != joints or self.confidence.shape != joints:
            raise ValueError(
                f"points are {self.points.shape}, observed is {self.observed.shape}, confidence {self.confidence.shape}"
            )


@dataclass(frozen=True, eq=False)
class LabelledView:
    """A view for training and evaluation; the fields are those of `LabelledClip`.

    Attributes:
        view: the motion.
        label: its class; "" if unknown.
        group: performer, style or recording. Views of one group are not independent of each other.
        path: its file, relative to the folder that was read; breaks ties.
    """

    view: View
    label: str
    group: str
    path: str


def mirror_view(view: View) -> View:
    """The view in a mirror: x negated, left and right joints exchanged."""
    order = list(MIRROR)
    flipped = view.points[:, order] * np.array([-1, 1], np.float32)
    return replace(view, points=flipped, observed=view.observed[:, order], confidence=view.confidence[:, order])
