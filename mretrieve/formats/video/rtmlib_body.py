"""RTMPose by the library rtmlib as a pose detector."""

from __future__ import annotations

import hashlib
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from rtmlib import Body

from ...errors import MRetrieveError


class RtmlibBody:
    """Meets `PoseDetector`. rtmlib downloads its models when it is first used."""

    joint_set = "coco-17"

    def __init__(self) -> None:
        """Load the models. MRetrieveError: rtmlib cannot get them."""
        self.fingerprint = hashlib.sha256(f"rtmlib {version('rtmlib')} balanced 1".encode()).hexdigest()
        try:
            self._body = Body(mode="balanced", backend="onnxruntime", device="cpu")
        except Exception as error:  # whatever its download or onnxruntime raises
            raise MRetrieveError(f"rtmlib cannot load its models ({error}); use a MediaPipe model instead") from None

    def detect(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See PoseDetector."""
        points, scores = self._body(np.ascontiguousarray(image[..., ::-1]))  # it expects BGR
        return np.concatenate([points, np.asarray(scores)[..., None]], axis=2).astype(np.float32)

    def close(self) -> None:
        """See PoseDetector."""
