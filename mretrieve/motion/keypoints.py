"""Keypoints: what a pose detector found in the frames of a video, as its file has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: Frames per second of a file that does not say.
ASSUMED_FPS = 30.0


@dataclass(frozen=True, eq=False)
class Keypoints:
    """The keypoints of one person in a video, in the detector's own joint set, at the video's rate.

    Attributes:
        joint_set: name of the joint set, a key of `joint_sets.JOINT_SETS`.
        points: (T, J, 2) float32 in the image: x to the right, y down. Both axes have one unit (pixels, or a fraction
            of one length); NaN where nothing was detected.
        confidence: (T, J) float32 from 0 to 1; 0 where nothing was detected.
        source: the file.
        fps: frames per second; None if the file does not say.
        body: which person of a file that shows several; else "".
        start_frame: frame of the video at which row 0 is.
        image_size: width and height of the image in the unit of `points`; None if the file does not say.
        repairs: what the reader corrected or assumed, one line each.
    """

    joint_set: str
    points: NDArray[np.float32]
    confidence: NDArray[np.float32]
    source: Path
    fps: float | None = None
    body: str = ""
    start_frame: int = 0
    image_size: tuple[float, float] | None = None
    repairs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file and the person in it, as messages name them."""
        return f"{self.source}#{self.body}" if self.body else str(self.source)

    @property
    def frame_count(self) -> int:
        """Number of frames T."""
        return len(self.points)
