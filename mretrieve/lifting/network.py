"""The lifting network at query time: dilated convolutions over time as matrix products, in NumPy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..motion.bones import BONES, USED_JOINTS
from ..motion.skeleton import MIRROR
from .input_frames import mirrored_frames

ARCHITECTURE = "lifting"
#: Part of the fingerprint: to be raised whenever the same weights would give other clips.
_PREPROCESSING = 1
_BONE_COUNT = len(BONES)
#: Numbers per frame: bone directions of any length, velocity of the hips (m/s), pitch of the camera (radians).
OUTPUT_COUNT = 3 * _BONE_COUNT + 4
#: Added to the variance under the root, as torch's LayerNorm does.
VARIANCE_FLOOR = 1e-5

_ENDS = [child for _, child in BONES]
#: The bone on the other side of the body, of each of BONES.
SWAPPED_BONES = [_ENDS.index(USED_JOINTS.index(MIRROR[USED_JOINTS[child]])) for child in _ENDS]


@dataclass(frozen=True, eq=False)
class Estimate:
    """What the network says of N frames, 15 a second, in the frame of the camera: see `lift`.

    Attributes:
        directions: (N, 17, 3) unit vectors along BONES.
        velocity: (N, 3) of the middle of the hips, metres a second.
        pitch: (N,) of the camera, radians.
    """

    directions: NDArray[np.float32]
    velocity: NDArray[np.float32]
    pitch: NDArray[np.float32]


class LiftingNetwork:
    """The weights of a trained network; `training/systems/lifting.py` has the same network in torch.

    A frame's channels are mapped to W numbers. Each block adds to them a convolution over three frames, `dilation`
    apart, of the numbers' layer norm, rectified and mapped once more. The output is linear in the last layer norm.
    """

    architecture = ARCHITECTURE
    name = ARCHITECTURE

    def __init__(self, tensors: Mapping[str, NDArray[Any]], dilations: Sequence[int]) -> None:
        """
        Args:
            tensors: weights by name, as torch names and shapes them.
            dilations: frames between the three that a block looks at, one a block.
        """
        self._tensors = {name: np.asarray(value, np.float32) for name, value in tensors.items()}
        self.dilations = tuple(dilations)
        digest = hashlib.sha256(repr((self.architecture, self.settings(), _PREPROCESSING)).encode())
        for key, value in sorted(self.to_tensors().items()):
            digest.update(key.encode() + value.tobytes())
        self.fingerprint = digest.hexdigest()

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name, in half precision, which is what a weights file holds."""
        return {name: value.astype(np.float16) for name, value in self._tensors.items()}

    def settings(self) -> dict[str, Any]:
        """The rest of the network, as JSON holds it."""
        return {"dilations": list(self.dilations)}

    def __call__(self, frames: NDArray[np.float32]) -> Estimate:
        """The estimate for frames of `input_frames` (N, 39): the mean of that for the view and that for its mirror."""
        values = self.forward(frames)
        mirrored = self.forward(mirrored_frames(frames))
        vectors = values[:, :-1].reshape(len(frames), -1, 3)
        others = mirrored[:, :-1].reshape(len(frames), -1, 3)[:, [*SWAPPED_BONES, _BONE_COUNT]]
        mean = 0.5 * (_unit_bones(vectors) + _unit_bones(others) * np.array([-1, 1, 1], np.float32))
        return Estimate(
            _unit_bones(mean)[:, :_BONE_COUNT], mean[:, _BONE_COUNT], 0.5 * (values[:, -1] + mirrored[:, -1])
        )

    def forward(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's numbers (N, 55) for frames (N, 39)."""
        hidden = self._linear("enter", frames)
        for number, dilation in enumerate(self.dilations):
            block = f"blocks.{number}"
            seen = _neighbours(self._normalised(f"{block}.norm", hidden), dilation)
            hidden += self._linear(f"{block}.back", np.maximum(self._linear(f"{block}.mix", seen), 0.0))
        return self._linear("leave", self._normalised("norm", hidden))

    def _linear(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(values @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"])

    def _normalised(self, name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        centred = values - values.mean(axis=1, keepdims=True)
        variance = np.einsum("nc,nc->n", centred, centred)[:, None] / np.float32(values.shape[1])
        centred *= 1 / np.sqrt(variance + np.float32(VARIANCE_FLOOR))
        return np.asarray(centred * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"])


def _neighbours(values: NDArray[np.float32], dilation: int) -> NDArray[np.float32]:
    """The numbers (N, 3 C) of three frames of values (N, C), `dilation` apart, about each frame; 0 outside."""
    count = len(values)
    seen = np.zeros((count, 3, values.shape[1]), np.float32)
    seen[dilation:, 0] = values[: max(count - dilation, 0)]
    seen[:, 1] = values
    seen[: max(count - dilation, 0), 2] = values[dilation:]
    return seen.reshape(count, -1)


def _unit_bones(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors (N, 18, 3) of which those of bones, all but the last, are brought to length 1."""
    unit = vectors.copy()
    bones = unit[:, :_BONE_COUNT]
    bones /= np.maximum(np.sqrt((bones**2).sum(axis=2, keepdims=True)), 1e-6)
    return unit
