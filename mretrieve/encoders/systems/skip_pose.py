"""`skip-pose`: a vector for each frame of a view, learned without labels (Shirakawa and Kozakaya, Skip-Pose Vectors).

A recurrent encoder reads T poses, and two decoders have to draw the T poses before and the T poses after them from its
last states, as skip-thought vectors do with sentences. Two views are compared by dynamic time warping of the cosines of
their frames' vectors: the states, whitened by what cameras change in them. What the paper leaves open is in
docs/research/encoders/skip-pose.md.
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
_PREPROCESSING = 2
#: Part of the mean variance that is added to every variance before whitening.
_RIDGE = 0.05
#: The modules that training needs alone.
_DECODING = ("pose_out", "future", "past")


@dataclass(frozen=True)
class SkipPoseSettings(NetworkSettings):
    """Sizes, and the paper's comparisons.

    Attributes:
        frames: T, the number of poses that are read, and that are decoded on each side.
        apart: frames from one of these poses to the next.
        hidden: length of a state.
        past: whether the past is decoded as well as the future.
        recurrent: whether recurrent networks encode and decode; otherwise fully connected layers over all T poses at
            once, the paper's autoencoder ("AE").
    """

    frames: int = 4
    apart: int = 3
    hidden: int = 128
    past: bool = True
    recurrent: bool = True

    @property
    def dimension(self) -> int:
        """Length D of a vector: a state for each direction of reading."""
        return 2 * self.hidden if self.recurrent else self.hidden

    @property
    def sequence_frames(self) -> int:
        """Frames from the first pose of the past to the last one of the future."""
        return (3 * self.frames - 1) * self.apart + 1


class SkipPoseNetwork(nn.Module):
    """The networks of figure 3. FC* and FC** are shared by the encoder and the decoders, which only training needs.

    Attributes:
        mean: (D,) mean of the states of the poses trained on.
        whitening: (D, D) map of deviations from it.
    """

    mean: Tensor
    whitening: Tensor

    def __init__(self, settings: SkipPoseSettings, *, decoders: bool = True) -> None:
        """
        Args:
            settings: sizes.
            decoders: whether it can decode.
        """
        super().__init__()
        self.settings = settings
        size, hidden = 2 * len(VIEW_JOINTS), settings.hidden
        self.pose_in = nn.Linear(size, hidden)  # FC*
        self.pose_out = nn.Linear(hidden, size) if decoders else None  # FC**
        if settings.recurrent:
            self.forwards = nn.GRU(hidden, hidden, batch_first=True)
            self.backwards = nn.GRU(hidden, hidden, batch_first=True)
        else:
            self.joined = nn.Linear(settings.frames * hidden, hidden)
        self.future = self._decoder() if decoders else None
        self.past = self._decoder() if decoders and settings.past else None
        self.register_buffer("mean", torch.zeros(settings.dimension))
        self.register_buffer("whitening", torch.eye(settings.dimension))

    def _decoder(self) -> nn.Module:
        hidden = self.settings.hidden
        if self.settings.recurrent:
            return nn.GRU(hidden, hidden, batch_first=True)
        return nn.Linear(hidden, self.settings.frames * hidden)

    def states(self, poses: Tensor) -> Tensor:
        """Last states (B, D) of both directions, side by side, of masked poses (B, T, 28); equation 1."""
        steps = torch.relu(self.pose_in(poses))
        if not self.settings.recurrent:
            return torch.tanh(self.joined(steps.flatten(1)))
        _, ahead = self.forwards(steps)
        _, back = self.backwards(steps.flip(1))
        return torch.cat([ahead[0], back[0]], dim=1)

    def encode(self, poses: Tensor) -> Tensor:
        """Vectors h_c (B, H) of masked poses (B, T, 28), which are decoded; equations 1 and 2."""
        return self.states(poses).view(len(poses), -1, self.settings.hidden).mean(dim=1)

    def compared(self, poses: Tensor) -> Tensor:
        """Vectors (B, D) of masked poses (B, T, 28) as they are compared: the whitened states."""
        compared: Tensor = (self.states(poses) - self.mean) @ self.whitening
        return compared

    def learn_whitening(self, poses: Tensor, same: Tensor | None) -> None:
        """Whiten the states by how they differ between views of one motion.

        Within-class covariance normalisation (Hatch et al. 2006), with the views of one moment as the class.

        Args:
            poses: (N, T, 28) masked poses, whose states get mean 0.
            same: (M, K, T, 28) poses of M moments by K cameras each; None to whiten by the covariance of all states.
        """
        with torch.no_grad():
            states = self.states(poses).double()
            self.mean = states.mean(dim=0).float()
            if same is None:
                within = torch.cov(states.T, correction=0)
            else:
                seen = self.states(same.flatten(0, 1)).double().view(*same.shape[:2], -1)
                residuals = (seen - seen.mean(dim=1, keepdim=True)).flatten(0, 1)
                within = residuals.T @ residuals / (len(same) * (same.shape[1] - 1))
            ridge = _RIDGE * within.diagonal().mean().clamp(min=1e-12)
            values, directions = torch.linalg.eigh(within)
            self.whitening = (directions / (values.clamp(min=0) + ridge).sqrt() @ directions.T).float()

    def decode(self, vectors: Tensor) -> tuple[Tensor, Tensor | None]:
        """The future and the past (B, T, 28) each, drawn from vectors (B, H); equations 3 and 4.

        Both begin next to what was read: the past comes out in the order of time, but is drawn backwards.
        """
        assert self.future is not None
        future = self._decoded(self.future, vectors)
        return future, None if self.past is None else self._decoded(self.past, vectors).flip(1)

    def _decoded(self, decoder: nn.Module, vectors: Tensor) -> Tensor:
        frames = self.settings.frames
        if self.settings.recurrent:
            nothing = torch.relu(self.pose_in(vectors.new_zeros(len(vectors), frames, self.pose_in.in_features)))
            steps, _ = decoder(nothing, vectors[None])
        else:
            steps = torch.relu(decoder(vectors)).view(len(vectors), frames, -1)
        assert self.pose_out is not None
        poses: Tensor = self.pose_out(steps)
        return poses


class SkipPose:
    """A trained network as an encoder of views. A `ViewFrameEncoder`."""

    architecture = ARCHITECTURE

    def __init__(self, network: SkipPoseNetwork, name: str | None = None) -> None:
        self.network = network.eval()
        self.name = name or self.architecture
        self.dimension = network.settings.dimension
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> SkipPose:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        given = checked_settings(SkipPoseSettings, content.settings)
        return cls(filled_network(content, lambda: SkipPoseNetwork(given, decoders=False)), content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """The weights by name, without those of the decoders."""
        arrays = network_arrays(self.network)
        return {name: values for name, values in arrays.items() if name.partition(".")[0] not in _DECODING}

    def settings(self) -> dict[str, Any]:
        """Everything but the weights that decides its vectors, as JSON holds it."""
        return asdict(self.network.settings)

    def frame_vectors(self, view: View) -> NDArray[np.float32]:
        """Vectors (T, D) of the frames of a view, each of the `frames` poses around it.

        At the ends of the view its first and last pose are repeated.
        """
        settings = self.network.settings
        windows = windows_around(masked_poses(view), settings.frames, settings.apart)
        with torch.inference_mode():
            return self.network.compared(torch.from_numpy(windows)).numpy()

    def distances(self, query: View, candidates: Sequence[View]) -> NDArray[np.float64]:
        """The distance (C,) of each candidate: see `kernels.warping.cosine_warping`."""
        features = [self.frame_vectors(candidate) for candidate in candidates]
        return cosine_warping(self.frame_vectors(query), features).means
