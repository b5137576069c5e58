"""Pose detectors: what they give, and which one is used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import MRetrieveError
from ...version import install_hint

#: Names a pose model, if `--pose-model` does not.
POSE_MODEL_VARIABLE = "MRETRIEVE_POSE_MODEL"
#: In place of a file: the detector of the library rtmlib, which loads its own models.
RTMLIB = "rtmlib"
_BESIDE = Path(__file__).parent
_MODEL_SUFFIX = ".task"


class PoseDetector(Protocol):
    """Finds people in single images.

    Attributes:
        joint_set: name of the joint set of its points, a key of `JOINT_SETS`.
        fingerprint: of the model and the version of the code that runs it: images give the same points if it is equal.
    """

    joint_set: str
    fingerprint: str

    def detect(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """People (P, J, 3) in an RGB image (H, W, 3): x to the right and y down in pixels, confidence from 0 to 1."""
        ...

    def close(self) -> None:
        """Free what the detector holds."""
        ...


def open_detector(model: Path | str | None = None) -> PoseDetector:
    """The detector of a pose model: a MediaPipe bundle (`.task`), or "rtmlib".

    Without `model` it is the one that $MRETRIEVE_POSE_MODEL names, else a bundle next to this module.

    Raises:
        MRetrieveError: there is no model, it cannot be used, or its library is not installed.
    """
    beside = sorted(_BESIDE.glob(f"*{_MODEL_SUFFIX}"))
    chosen = str(model or os.environ.get(POSE_MODEL_VARIABLE) or (beside[0] if beside else ""))
    if not chosen:
        raise MRetrieveError(
            f"no pose model: download a MediaPipe Pose Landmarker bundle (pose_landmarker_full.task) and name it with "
            f"--pose-model FILE or ${POSE_MODEL_VARIABLE}"
        )
    try:
        if chosen == RTMLIB:
            from .rtmlib_body import RtmlibBody

            return RtmlibBody()
        from .pose_landmarker import PoseLandmarker

        return PoseLandmarker(Path(chosen))
    except ImportError as error:
        hint = f"install it with: pip install {RTMLIB}" if chosen == RTMLIB else install_hint("video")
        raise MRetrieveError(f"finding poses in a video needs {error.name}; {hint}") from None
