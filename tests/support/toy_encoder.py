"""An encoder from outside: a network, its recipe, and one entry that makes it known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from mretrieve.encoders import EncoderSpec, FrameEncoder, TrainingSpec
from mretrieve.encoders.body_sequence import BodySequence, normalised_positions
from mretrieve.encoders.embedding_network import EmbeddingNetwork, NetworkSettings
from mretrieve.encoders.layers.attention import mean_over_time
from mretrieve.encoders.learned import LearnedEncoder
from mretrieve.encoders.spec import TrainingOption
from mretrieve.motion import Clip
from mretrieve.training.batches import Sampling
from mretrieve.training.embedding import EmbeddingRecipe, EmbeddingTask
from mretrieve.training.objectives import ClassObjective

SPEC = EncoderSpec(
    "mean-pose",
    "A linear map of the mean pose.",
    f"{__name__}:MeanPoseEncoder",
    network=f"{__name__}:MeanPose",
    training=TrainingSpec(
        __name__,
        recipes=("mean-pose",),
        options=(TrainingOption("--size", "network.embedding", "Length of the embedding.", type=int),),
    ),
)


@dataclass(frozen=True)
class MeanPoseSettings(NetworkSettings):
    embedding: int = 8


class MeanPose(EmbeddingNetwork):
    settings_class = MeanPoseSettings
    settings: MeanPoseSettings

    def __init__(self, settings: MeanPoseSettings) -> None:
        super().__init__(settings, settings.embedding)
        self.projection = nn.Linear(3 * 18, self.dimension)

    def inputs(self, sequence: BodySequence) -> NDArray[np.float32]:
        positions = normalised_positions(sequence)
        return positions.reshape(*positions.shape[:-2], -1)

    def forward(self, x: Tensor, lengths: Tensor, branches: int = 1) -> Tensor:
        return nn.functional.normalize(mean_over_time(self.projection(x), lengths), dim=1)


class MeanPoseEncoder(LearnedEncoder, FrameEncoder):
    def frame_features(self, clip: Clip) -> NDArray[np.float32]:
        return self.network.inputs(self._sequence(clip))


RECIPES = {
    "mean-pose": EmbeddingRecipe(
        architecture="mean-pose",
        network=MeanPoseSettings(),
        objective=ClassObjective("triplet"),
        sampling=Sampling(per_class=3, others=3, longest=20),
        updates=20,
        validate_every=10,
    )
}
LOSSES: dict[str, object] = {}


make_task = EmbeddingTask
