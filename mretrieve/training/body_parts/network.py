"""The network that body part embeddings are trained in (Park et al. 2021, figures 4 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ...encoders.systems.body_part_embedding import (
    PART_JOINTS,
    STEP_FRAMES,
    BodyPartEmbedding,
    BodyPartSettings,
    coordinate_count,
)


@dataclass(frozen=True)
class DecodingSettings:
    """Sizes of what is not kept after training.

    Attributes:
        skeleton_torso: length of the torso's skeleton embedding, h2 of section V-A2.
        skeleton_limb: length of a limb's.
        camera: length of the camera embedding, h3.
        hidden: channels of the first layer of a decoder, and of hidden layers of skeleton and camera encoders.
    """

    skeleton_torso: int = 32
    skeleton_limb: int = 16
    camera: int = 64
    hidden: int = 32

    def skeleton(self, part: str) -> int:
        """Length of the skeleton embedding of a part."""
        return self.skeleton_torso if part == "torso" else self.skeleton_limb


class StaticEncoder(nn.Sequential):
    """E_S or E_C: (B, C, T) to (B, h, T / 4), to be pooled over time."""

    def __init__(self, channels: int, hidden: int, width: int) -> None:
        super().__init__(
            nn.Conv1d(channels, hidden, 4, stride=2, padding=1),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, hidden, 4, stride=2, padding=1),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(0.2),
            nn.Conv1d(hidden, width, 1),
        )


class Decoder(nn.Sequential):
    """D of a part: (B, h1 + h2 + h3, T / 8) to its normalised coordinates (B, C, T)."""

    def __init__(self, width: int, hidden: int, channels: int) -> None:
        sizes = (width, hidden, 3 * hidden // 4, hidden // 2)
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [
                nn.Conv1d(before, after, 3, padding=1),
                nn.BatchNorm1d(after),
                nn.LeakyReLU(0.2),
                nn.Upsample(scale_factor=2, mode="linear"),
            ]
        super().__init__(*layers, nn.Conv1d(sizes[-1], channels, 3, padding=1))


class DisentanglingNetwork(nn.Module):
    """Five motion encoders, five skeleton encoders, a camera encoder and five decoders.

    Coordinates are normalised, (..., C, T) of each part. The five parts of a skeleton share no weights.
    """

    def __init__(self, settings: BodyPartSettings, decoding: DecodingSettings) -> None:
        super().__init__()
        self.embedding = BodyPartEmbedding(settings)
        counts = {part: coordinate_count(part) for part in PART_JOINTS}
        hidden = decoding.hidden
        self.skeleton_encoders = nn.ModuleDict(
            {part: StaticEncoder(count, hidden // 2, decoding.skeleton(part)) for part, count in counts.items()}
        )
        self.camera_encoder = StaticEncoder(sum(counts.values()), hidden, decoding.camera)
        self.decoders = nn.ModuleDict(
            {
                part: Decoder(
                    settings.width(part) + decoding.skeleton(part) + decoding.camera,
                    2 * hidden if part == "torso" else hidden,
                    count,
                )
                for part, count in counts.items()
            }
        )

    def skeleton(self, coordinates: Tensor, part: str) -> Tensor:
        """The skeleton embedding (B, h2) of a part: the maximum over time."""
        embedded: Tensor = self.skeleton_encoders[part](coordinates)
        return embedded.amax(dim=2)

    def camera(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """The camera embedding (B, h3): the mean over time."""
        embedded: Tensor = self.camera_encoder(torch.cat([coordinates[part] for part in PART_JOINTS], dim=1))
        return embedded.mean(dim=2)

    def decode(self, motion: Tensor, skeleton: Tensor, camera: Tensor, part: str) -> Tensor:
        """Every combination of M motions, S skeletons and C cameras (section III-A2).

        Args:
            motion: (B, M, h1, T / 8).
            skeleton: (B, S, h2), tiled along time.
            camera: (B, C, h3), tiled along time.
            part: the part.

        Returns:
            Coordinates (B, M, S, C, 2 n, T).
        """
        batch, motions, skeletons, cameras = len(motion), motion.shape[1], skeleton.shape[1], camera.shape[1]
        steps = motion.shape[3]
        shape = (batch, motions, skeletons, cameras, -1, steps)
        combined = torch.cat(
            [
                motion[:, :, None, None].expand(shape),
                skeleton[:, None, :, None, :, None].expand(shape),
                camera[:, None, None, :, :, None].expand(shape),
            ],
            dim=4,
        )
        decoded: Tensor = self.decoders[part](combined.flatten(0, 3))
        return decoded.view(batch, motions, skeletons, cameras, -1, steps * STEP_FRAMES)
