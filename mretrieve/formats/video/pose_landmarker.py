"""MediaPipe's Pose Landmarker as a pose detector."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import PoseLandmarker as Landmarker
from mediapipe.tasks.python.vision import PoseLandmarkerOptions
from numpy.typing import NDArray

from ...errors import MRetrieveError

#: People who are searched for in an image.
_MOST_PEOPLE = 4
_JOINTS = 33
_CONTENT = {"pose_detector.tflite", "pose_landmarks_detector.tflite"}


class PoseLandmarker:
    """Meets `PoseDetector`.

    Each image is looked at by itself. In MediaPipe's mode for videos a person who is not found in the first frames is
    rarely found later, and people are not told apart.
    """

    joint_set = "mediapipe-33"

    def __init__(self, model: Path) -> None:
        """Load a bundle. MRetrieveError: it is missing, or is none."""
        if not model.is_file():
            raise MRetrieveError(f"{model}: no such pose model; give a MediaPipe Pose Landmarker bundle (.task)")
        content = model.read_bytes()
        if not zipfile.is_zipfile(model) or not _CONTENT.issubset(zipfile.ZipFile(model).namelist()):
            raise MRetrieveError(f"{model}: not a MediaPipe Pose Landmarker bundle; download one (.task)")
        self.fingerprint = hashlib.sha256(f"mediapipe {mediapipe.__version__} 1".encode() + content).hexdigest()
        options = PoseLandmarkerOptions(base_options=BaseOptions(model_asset_buffer=content), num_poses=_MOST_PEOPLE)
        try:
            with _no_log():
                self._landmarker = Landmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise MRetrieveError(f"{model}: MediaPipe cannot use this model: {error}") from None

    def detect(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See PoseDetector."""
        with _no_log():
            found = self._landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=image))
        height, width = image.shape[:2]
        people = [
            [(mark.x * width, mark.y * height, mark.visibility) for mark in person] for person in found.pose_landmarks
        ]
        return np.array(people, np.float32).reshape(len(people), _JOINTS, 3)

    def close(self) -> None:
        """See PoseDetector."""
        with _no_log():
            self._landmarker.close()


@contextmanager
def _no_log() -> Iterator[None]:
    """Nothing is written to standard error: MediaPipe's libraries log a hundred lines there, whatever the settings."""
    try:
        kept = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
