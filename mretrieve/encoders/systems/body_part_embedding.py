"""`body-part-embedding`: an embedding of each body part over windows of a 2D view (Park et al. 2021).

The motion encoders of the paper (section III-A, figure 4), which are all that comparing motions needs (section III-B).
The skeleton and camera encoders and the decoders that they are trained with are in `training/body_parts/network.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import FormatError, QueryError
from ...motion.clip import overlapping_spans
from ...motion.skeleton import PARTS, joint
from ...motion.view import View
from ..embedding_network import NetworkSettings, checked_settings
from ..encoder import StoredContent, fingerprint_of
from ..learned import filled_network, network_arrays

ARCHITECTURE = "body-part-embedding"
#: Frames of a window (section V-A1), and of one step of its embedding: three convolutions of stride 2.
WINDOW_FRAMES, STEP_FRAMES = 32, 8
#: Part of the fingerprint: to be raised whenever the same weights would give other vectors.
_PREPROCESSING = 1
_KERNEL = 8
#: Frames between windows, and in views of more than _LONG_FRAMES: 4 instead of 8 agrees better and takes twice as long.
_HOP, _LONG_HOP, _LONG_FRAMES = 4, 8, 1800
#: Windows embedded at once: bounds memory on long views.
_BATCH = 512


@dataclass(frozen=True)
class PartJoints:
    """The joints of a part as the paper divides the body (figure 3), by canonical index.

    Attributes:
        reference: the joint that is the origin of the part's coordinates: shoulder, hip, or the pelvis for the torso.
        joints: the others.
    """

    reference: int
    joints: tuple[int, ...]


def _part(reference: str, *joints: str) -> PartJoints:
    return PartJoints(joint(reference), tuple(map(joint, joints)))


#: In the order of `skeleton.PARTS`. Only joints that detectors find, and the middles between them: no head, no feet.
PART_JOINTS: Mapping[str, PartJoints] = {
    "torso": _part("pelvis", "left_hip", "right_hip", "neck", "left_shoulder", "right_shoulder"),
    "left_arm": _part("left_shoulder", "left_elbow", "left_wrist"),
    "right_arm": _part("right_shoulder", "right_elbow", "right_wrist"),
    "left_leg": _part("left_hip", "left_knee", "left_ankle"),
    "right_leg": _part("right_hip", "right_knee", "right_ankle"),
}


@dataclass(frozen=True)
class BodyPartSettings(NetworkSettings):
    """Sizes of the motion encoders.

    Attributes:
        torso: channels of the torso's embedding, h1 of section V-A2.
        limb: channels of a limb's embedding.
        context: whether the encoder of a limb also sees the torso, from which the direction of the camera can be told;
            the paper's sees the limb alone.
    """

    torso: int = 128
    limb: int = 64
    context: bool = True

    def width(self, part: str) -> int:
        """Channels of a part's embedding."""
        return self.torso if part == "torso" else self.limb

    def seen(self, part: str) -> tuple[str, ...]:
        """The parts whose coordinates the encoder of a part sees, its own first."""
        return (part, "torso") if self.context and part != "torso" else (part,)


def coordinate_count(part: str) -> int:
    """Number of coordinates of a part: 2 for each joint but its reference."""
    return 2 * len(PART_JOINTS[part].joints)


def part_coordinates(points: NDArray[np.floating], part: str) -> NDArray[np.float32]:
    """Coordinates (..., C) of a part relative to its reference joint (section V-A1), of points (..., 22, 2)."""
    of = PART_JOINTS[part]
    relative = points[..., list(of.joints), :] - points[..., [of.reference], :]
    return np.asarray(relative.reshape(*relative.shape[:-2], -1), np.float32)


class MotionEncoder(nn.Sequential):
    """E_M of a part: (B, C, T) to (B, h, T / 8); convolutions of stride 2 with batch norm and leaky ReLU in between."""

    def __init__(self, channels: int, width: int) -> None:
        sizes = (channels, width // 2, 3 * width // 4, width)
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            if layers:
                layers += [nn.BatchNorm1d(before), nn.LeakyReLU(0.2)]
            padding = _KERNEL // 2 - 1
            layers += [nn.ReflectionPad1d(padding), nn.Conv1d(before, after, _KERNEL, stride=2)]
        super().__init__(*layers)


class BodyPartEmbedding(nn.Module):
    """The five motion encoders, and the z-normalisation of their input."""

    def __init__(self, settings: BodyPartSettings) -> None:
        super().__init__()
        self.settings = settings
        self.motion = nn.ModuleDict(
            {
                part: MotionEncoder(sum(map(coordinate_count, settings.seen(part))), settings.width(part))
                for part in PART_JOINTS
            }
        )
        for part in PART_JOINTS:
            self.register_buffer(f"{part}_mean", torch.zeros(coordinate_count(part)))
            self.register_buffer(f"{part}_spread", torch.ones(coordinate_count(part)))

    def learn_normalisation(self, coordinates: Mapping[str, NDArray[np.float32]]) -> None:
        """Take mean and deviation of each coordinate from samples (N, C) of each part."""
        for part, values in coordinates.items():
            getattr(self, f"{part}_mean").copy_(torch.from_numpy(values.mean(axis=0)))
            getattr(self, f"{part}_spread").copy_(torch.from_numpy(np.maximum(values.std(axis=0), 1e-3)))

    def normalised(self, coordinates: Tensor, part: str) -> Tensor:
        """Coordinates (B, T, C) of a part as its encoders see them: (B, C, T), z-normalised."""
        mean, spread = getattr(self, f"{part}_mean"), getattr(self, f"{part}_spread")
        normalised: Tensor = (coordinates - mean) / spread
        return normalised.transpose(1, 2)

    def embed(self, normalised: Mapping[str, Tensor], part: str) -> Tensor:
        """The motion embedding (B, h, T / 8) of a part, from the normalised coordinates of all."""
        seen = [normalised[each] for each in self.settings.seen(part)]
        embedded: Tensor = self.motion[part](torch.cat(seen, dim=1))
        return embedded


@dataclass(frozen=True, eq=False)
class PartEmbeddings:
    """The embeddings of a view's windows.

    Attributes:
        spans: (W, 2) frames of each window: the first, and the one after the last.
        vectors: (W, D) of norm 1 for each part that the view shows, in the order of `skeleton.PARTS`.
    """

    spans: NDArray[np.int64]
    vectors: Mapping[str, NDArray[np.float32]]


class BodyPartEncoder:
    """Trained motion encoders. It encodes views, not clips, and so is no `WindowEncoder`."""

    architecture = ARCHITECTURE

    def __init__(self, network: BodyPartEmbedding, name: str | None = None) -> None:
        """
        Args:
            network: the trained encoders; put into evaluation mode.
            name: its name; else the architecture's.
        """
        self.network = network.eval()
        self.name = name or ARCHITECTURE
        self.fingerprint = fingerprint_of(self, _PREPROCESSING)

    @classmethod
    def from_content(cls, content: StoredContent) -> BodyPartEncoder:
        """See StoredContent. FormatError if tensors and settings do not fit each other."""
        given = checked_settings(BodyPartSettings, content.settings["network"])
        if given.torso < 2 or given.limb < 2:
            raise FormatError("its encoders have no channels; the file is damaged")
        return cls(filled_network(content, lambda: BodyPartEmbedding(given)), content.name)

    def to_tensors(self) -> dict[str, NDArray[Any]]:
        """All weights by name."""
        return network_arrays(self.network)

    def settings(self) -> dict[str, Any]:
        """What besides the weights decides its vectors, as JSON holds it."""
        return {"network": asdict(self.network.settings)}

    def embed(self, views: Sequence[View], hop: int | None = None) -> list[PartEmbeddings]:
        """Embeddings of the windows of 32 frames of each view, to be compared with each other.

        The last window ends with the view. A view that is shorter than a window is one window, its last frame repeated.

        Args:
            views: views of any length.
            hop: frames between two windows; if None 4, or 8 if one of the views is longer than a minute.

        Raises:
            QueryError: a view has no frames.
        """
        if not all(view.frame_count for view in views):
            raise QueryError("a view has no frames, so there is nothing to compare")
        if hop is None:
            hop = _HOP if max(view.frame_count for view in views) <= _LONG_FRAMES else _LONG_HOP
        spans = [overlapping_spans(0, view.frame_count, WINDOW_FRAMES, hop) for view in views]
        vectors = self._embed(np.concatenate([_windows(view, each) for view, each in zip(views, spans, strict=True)]))
        ends = np.cumsum([len(each) for each in spans])
        return [
            PartEmbeddings(each, {part: vectors[part][end - len(each) : end] for part in seen_parts(view)})
            for view, each, end in zip(views, spans, ends.tolist(), strict=True)
        ]

    def _embed(self, windows: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Vectors (W, D) of each part, of windows (W, 32, 22, 2)."""
        embedded: dict[str, list[NDArray[np.float32]]] = {part: [] for part in PART_JOINTS}
        device = next(self.network.parameters()).device
        for first in range(0, len(windows), _BATCH):
            batch = windows[first : first + _BATCH]
            with torch.inference_mode():
                normalised = {
                    part: self.network.normalised(torch.from_numpy(part_coordinates(batch, part)).to(device), part)
                    for part in PART_JOINTS
                }
                for part, vectors in embedded.items():
                    flat = self.network.embed(normalised, part).flatten(1)
                    vectors.append(nn.functional.normalize(flat, dim=1).cpu().numpy())
        return {part: np.concatenate(vectors) for part, vectors in embedded.items()}


def seen_parts(view: View) -> tuple[str, ...]:
    """The parts of which every joint is observed in at least half of a view's frames."""
    seen = view.seen_joints
    return tuple(part for part in PARTS if seen[[PART_JOINTS[part].reference, *PART_JOINTS[part].joints]].all())


def _windows(view: View, spans: NDArray[np.int64]) -> NDArray[np.float32]:
    """Points (W, 32, 22, 2) in the spans (W, 2) of a view."""
    frames = np.minimum(spans[:, :1] + np.arange(WINDOW_FRAMES), view.frame_count - 1)
    return np.asarray(view.points[frames], np.float32)
