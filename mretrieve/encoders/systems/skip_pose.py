"""`skip-pose`: a vector for each frame of a view, learned without labels (Shirakawa and Kozakaya, Skip-Pose Vectors).

A recurrent encoder reads T poses, and two decoders have to draw the T poses before and the T poses after them from its
last state, as skip-thought vectors do with sentences. Two views are compared by dynamic time warping of the cosines of
their frames' vectors. What the paper leaves open is in docs/research/encoders/skip-pose.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...kernels.warping import cosine_warping
from ...motion.view import View
from ..embedding_network import NetworkSettings, checked_settings
from ..encoder import StoredContent, fingerprint_of
from ..learned import filled_network, network_arrays
from ..view_poses import VIEW_JOINTS, masked_poses, windows_around

ARCHITECTURE = "skip-pose"
#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1


@dataclass(frozen=True)
class SkipPoseSettings(NetworkSettings):
    """Sizes, and the paper's comparisons.

    Attributes:
        frames: T, the length of what is read and of what is decoded.
        hidden: length of a vector.
        past: whether the past is decoded as well as the future.
        recurrent: whether recurrent networks encode and decode; otherwise fully connected layers over all T poses at
            once, the paper's autoencoder ("AE").
    """

    frames: int = 4
    hidden: int = 64
    past: bool = True
    recurrent: bool = True


class SkipPoseNetwork(nn.Module):
    """The networks of figure 3. FC* and FC** are shared by the encoder and the decoders.

    Attributes:
        mean: (H,) mean of the vectors h_c of the poses trained on.
        spread: (H,) their standard deviation.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, settings: SkipPoseSettings) -> None:
        super().__init__()
        self.settings = settings
        size, hidden = 2 * len(VIEW_JOINTS), settings.hidden
        self.pose_in = nn.Linear(size, hidden)  # FC*
        self.pose_out = nn.Linear(hidden, size)  # FC**
        if settings.recurrent:
            self.forwards = nn.GRU(hidden, hidden, batch_first=True)
            self.backwards = nn.GRU(hidden, hidden, batch_first=True)
        else:
            self.joined = nn.Linear(settings.frames * hidden, hidden)
        self.future = self._decoder()
        self.past = self._decoder() if settings.past else None
        self.register_buffer("mean", torch.zeros(hidden))
        self.register_buffer("spread", torch.ones(hidden))

    def _decoder(self) -> nn.Module:
        hidden = self.settings.hidden
        if self.settings.recurrent:
            return nn.GRU(hidden, hidden, batch_first=True)
        return nn.Linear(hidden, self.settings.frames * hidden)

    def encode(self, poses: Tensor) -> Tensor:
        """Vectors h_c (B, H) of masked poses (B, T, 28); equations 1 and 2."""
        steps = torch.relu(self.pose_in(poses))
        if not self.settings.recurrent:
            return torch.tanh(self.joined(steps.flatten(1)))
        _, ahead = self.forwards(steps)
        _, back = self.backwards(steps.flip(1))
        mean: Tensor = 0.5 * (ahead[0] + back[0])
        return mean

    def compared(self, poses: Tensor) -> Tensor:
        """The same vectors as they are compared: of mean 0 and variance 1 over the poses trained on."""
        compared: Tensor = (self.encode(poses) - self.mean) / self.spread
        return compared

    def learn_spread(self, poses: Tensor) -> None:
        """Take mean and deviation of the vectors of poses (N, T, 28)."""
        with torch.no_grad():
            vectors = self.encode(poses)
        self.mean = vectors.mean(dim=0)
        self.spread = vectors.std(dim=0, correction=0).clamp(min=1e-6)

    def decode(self, vectors: Tensor) -> tuple[Tensor, Tensor | None]:
        """The future and the past (B, T, 28) each, drawn from vectors (B, H); equations 3 and 4.

        Both begin next to what was read: the past comes out in the order of time, but is drawn backwards.
        """
        future = self._decoded(self.future, vectors)
        return future, None if self.past is None else self._decoded(self.past, vectors).flip(1)

    def _decoded(self, decoder: nn.Module, vectors: Tensor) -> Tensor:
        frames = self.settings.frames
        if self.settings.recurrent:
            nothing = torch.relu(self.pose_in(vectors.new_zeros(len(vectors), frames, self.pose_in.in_features)))
            steps, _ = decoder(nothing, vectors[None])
        else:
            steps = torch.relu(decoder(vectors)).view(len(vectors), frames, -1)
        poses: Tensor = self.pose_out(steps)
        return poses


class SkipPose:
    """A trained network as an encoder of views. A `ViewFrameEncoder`."""

    architecture = ARCHITECTURE

    def __init__(self, network: SkipPoseNetwork, name: str | None = None) -> None:
        self.network = network.eval()
        self.name = name or self.architecture
        self.dimension = network.settings.hidden
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> SkipPose:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        given = checked_settings(SkipPoseSettings, content.settings)
        return cls(filled_network(content, lambda: SkipPoseNetwork(given)), content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        return network_arrays(self.network)

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that decides its vectors, as JSON holds it."""
        return asdict(self.network.settings)

    def frame_vectors(self, view: View) -> NDArray[np.float32]:
        """Vectors (T, H) of the frames of a view, each of the `frames` poses around it.

        At the ends of the view its first and last pose are repeated.
        """
        windows = windows_around(masked_poses(view), self.network.settings.frames)
        with torch.inference_mode():
            return self.network.compared(torch.from_numpy(windows)).numpy()

    def distances(self, query: View, candidates: Sequence[View]) -> NDArray[np.float64]:
        """The distance (C,) of each candidate: see `kernels.warping.cosine_warping`."""
        features = [self.frame_vectors(candidate) for candidate in candidates]
        return cosine_warping(self.frame_vectors(query), features).means
