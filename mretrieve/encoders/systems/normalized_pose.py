"""`normalized-pose`: poses free of body and camera, and features of them (Liu et al., ICCV 2021).

In two dimensions a network, the paper's E_Q, gives unit quaternions, which turn the condition skeleton. In three
dimensions the same poses follow from the bones' directions, without a network. A second network, E_P, maps a normalised
pose to 64 numbers. NumPy only; `training/systems/normalized_pose.py` trains both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...lifting.body import joint_places
from ...lifting.input_frames import input_frames, mirrored_frames
from ...lifting.lifted import at_full_rate
from ...lifting.network import SWAPPED_BONES, LiftingNetwork
from ...motion import Clip
from ...motion.bones import USED_JOINTS
from ...motion.detection import as_detected
from ...motion.lifted_clip import LiftedClip
from ...motion.quaternion_pose import QUATERNION_COUNT, bone_directions_of, pose_quaternions
from ...motion.skeleton import JOINT_COUNT
from ...motion.view import View
from ..body_sequence import body_sequence, normalised_positions
from ..encoder import (
    StoredContent,
    WindowEncoder,
    checked_windows,
    fingerprint_of,
    numbers_of,
    query_vectors,
    stored_vectors,
)
from ..rank_pooling import rank_pooled

ARCHITECTURE = "normalized-pose"
#: Numbers of a frame's features.
FEATURE_COUNT = 64
#: Coordinates of a normalised pose.
POSE_COUNT = 3 * len(USED_JOINTS)
#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
#: What the weights of E_Q and of E_P are named after.
ROTATIONS, FEATURES = "rotations.", "features."


class NormalizedPose(WindowEncoder):
    """Trained networks. It encodes clips and views; both are described in the same space.

    Attributes:
        name: see WindowEncoder.
        fingerprint: see WindowEncoder.
        dimension: see WindowEncoder.
    """

    architecture = ARCHITECTURE

    def __init__(
        self,
        tensors: Mapping[str, NDArray[Any]],
        dilations: Sequence[int],
        typical_distance: float = 1.0,
        name: str | None = None,
    ) -> None:
        """
        Args:
            tensors: weights by name, as torch names and shapes them; kept in half precision.
            dilations: frames between the three that a block of E_Q looks at, one a block.
            typical_distance: mean squared distance of the pooled features of unrelated clips.
            name: its name; else the architecture's.
        """
        self.name = name or ARCHITECTURE
        self.dimension = FEATURE_COUNT + 2
        self._tensors = {key: np.asarray(value, np.float16) for key, value in tensors.items()}
        self._weights = {key: value.astype(np.float32) for key, value in self._tensors.items()}
        own = {key.removeprefix(ROTATIONS): value for key, value in tensors.items() if key.startswith(ROTATIONS)}
        self._rotations = LiftingNetwork({key: np.asarray(value, np.float16) for key, value in own.items()}, dilations)
        self._typical_distance = typical_distance
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> NormalizedPose:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        dilations, typical_distance = content.settings["dilations"], content.settings["typical_distance"]
        if not all(isinstance(dilation, int) and 0 < dilation < 1000 for dilation in dilations):
            raise FormatError("its dilations are not small whole numbers; the file is damaged")
        if not (isinstance(typical_distance, float) and 0 < typical_distance < np.inf):
            raise FormatError("its typical distance is not a positive number; the file is damaged")
        if not all(np.isfinite(value).all() for value in content.tensors.values()):
            raise FormatError("its weights are not all finite; the file is damaged")
        encoder = cls(content.tensors, dilations, typical_distance, content.name)
        encoder.normalised(_STILL)  # weights of other shapes are found here, not in the middle of an answer
        encoder.frame_features(_STILL)
        return encoder

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name, in half precision."""
        return dict(self._tensors)

    def settings(self) -> dict[str, Any]:
        """What besides the weights decides its vectors, as JSON holds it."""
        return {"dilations": list(self._rotations.dilations), "typical_distance": self._typical_distance}

    def quaternions(self, view: View) -> NDArray[np.float32]:
        """Unit quaternions (N, 18, 4) at 15 frames a second: see `quaternion_pose.bone_directions_of`."""
        return self._quaternions(input_frames(as_detected(view)))

    def directions(self, view: View) -> NDArray[np.float32]:
        """Directions (T, 17, 3) of the bones as the camera sees them, at azimuth 0 and gravity-up.

        The mean of those for the view and those for its mirror image.
        """
        if not view.frame_count:
            return np.zeros((0, QUATERNION_COUNT - 1, 3), np.float32)
        frames = input_frames(as_detected(view))
        seen = bone_directions_of(self._quaternions(frames))
        mirrored = bone_directions_of(self._quaternions(mirrored_frames(frames)))[:, SWAPPED_BONES]
        mean = seen + mirrored * np.array([-1, 1, 1], np.float32)
        between = at_full_rate(mean, view.frame_count)
        return np.asarray(between / np.maximum(np.linalg.norm(between, axis=2, keepdims=True), 1e-6))

    def normalised(self, motion: Clip | View) -> NDArray[np.float32]:
        """Normalised poses (T, 18, 3), metres: on the condition skeleton, pelvis at the origin, facing +Z.

        From a clip they are exact, and a joint that is not observed stands at its parent; from a view, or that of a
        `LiftedClip`, they are estimated, all joints.
        """
        if isinstance(motion, LiftedClip):
            motion = motion.view
        if isinstance(motion, View):
            positions = np.zeros((motion.frame_count, JOINT_COUNT, 3), np.float32)
            positions[:, USED_JOINTS] = joint_places(self.directions(motion))
            motion = Clip(positions, np.ones(positions.shape[:2], bool))
        return normalised_positions(body_sequence(motion))

    def frame_features(self, clip: Clip | View) -> NDArray[np.float32]:
        """See FrameEncoder: the features (T, 64), of length 1, of the frames of a clip or a view."""
        return self.features_of(self.normalised(clip))

    def features_of(self, poses: NDArray[np.floating]) -> NDArray[np.float32]:
        """The paper's E_P: features (T, 64), of length 1, of normalised poses (T, 18, 3)."""
        hidden = np.maximum(self._linear("enter", poses.reshape(-1, POSE_COUNT).astype(np.float32)), 0)
        for block in count():
            if f"{FEATURES}blocks.{block}.first.weight" not in self._weights:
                break
            inner = np.maximum(self._linear(f"blocks.{block}.first", hidden), 0)
            hidden = hidden + np.maximum(self._linear(f"blocks.{block}.second", inner), 0)
        values = self._linear("leave", hidden)
        return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6))

    def encode_windows(self, clip: Clip | View, windows: NDArray[np.integer]) -> NDArray[np.float32]:
        """See WindowEncoder: the rank-pooled features of the windows of a clip or a view."""
        features = self.frame_features(clip)
        pooled = [rank_pooled(features[start:end]) for start, end in checked_windows(clip, windows).tolist()]
        return self._stored(np.stack(pooled) if pooled else np.empty((0, FEATURE_COUNT), np.float32))

    def as_queries(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        return query_vectors(vectors)

    def blend(self, vectors: NDArray[np.float32], weights: NDArray[np.floating]) -> NDArray[np.float32]:
        """See WindowEncoder."""
        shares = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        mean = np.einsum("nk,nkd->nd", shares, numbers_of(vectors))
        return self._stored(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12))

    def _stored(self, pooled: NDArray[np.float32]) -> NDArray[np.float32]:
        return stored_vectors(pooled / np.float32(self._typical_distance**0.5))

    def _quaternions(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        return pose_quaternions(self._rotations.forward(frames))

    def _linear(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        weight, bias = self._weights[f"{FEATURES}{name}.weight"], self._weights[f"{FEATURES}{name}.bias"]
        return np.asarray(values @ weight.T + bias)


_STILL = View(np.zeros((2, 22, 2), np.float32), np.zeros((2, 22), bool), np.zeros((2, 22), np.float32))
