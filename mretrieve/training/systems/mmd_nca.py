"""The training of `mmd-nca` (Coskun et al. 2018, section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...encoders.embedding_network import EmbeddingNetwork
from ...encoders.learned import Lengths
from ...encoders.systems.mmd_nca import MmdNcaSettings
from ...motion import Clip
from ..batches import Augment, Batch, Draw, Sampling, draw_classes, draw_members
from ..embedding import EmbeddingRecipe, EmbeddingTask
from ..losses import KERNELS, MmdNcaLoss
from ..objectives import Objective
from ..task import Optimiser


@dataclass(frozen=True)
class MmdNcaObjective(Objective):
    """The loss of `losses.MmdNcaLoss` over one class twice (anchors, positives) and `others` more (negatives).

    Attributes:
        kernel: a key of `kernels.KERNELS`.
        squared: take MMD squared in equation 8.
    """

    name: str = field(default="mmd-nca", init=False)
    kernel: str = "rbf"
    squared: bool = False

    def draw(
        self, members: Sequence[NDArray[np.int64]], clips: int, sampling: Sampling, generator: np.random.Generator
    ) -> Draw:
        """See Composition. Anchors are not disturbed, positives twice as much as negatives.

        The loss asks for two equal distributions; if both were disturbed alike, whole and incomplete sequences of a
        class could be far from each other at no cost.
        """
        classes = draw_classes(members, sampling, generator)
        classes = np.concatenate([classes[:1], classes])
        disturbance = np.ones((len(classes), sampling.per_class))
        disturbance[:2] = [[0.0], [2.0]]
        drawn = draw_members(members, classes, sampling, generator)
        return Draw(drawn, disturbance.ravel(), branches=len(classes))

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective."""
        groups = embeddings.view(batch.branches, -1, embeddings.shape[1])
        return MmdNcaLoss(KERNELS[self.kernel], self.squared)(groups)


#: What section 6 leaves open was chosen on HDM05's performer mm (docs/research/encoders/mmd-nca.md), as was the
#: learning rate: with 1e-4 the run needs the paper's 5000 updates, with 2e-3 some hundred.
RECIPES = {
    "mmd-nca": EmbeddingRecipe(
        architecture="mmd-nca",
        network=MmdNcaSettings(),
        objective=MmdNcaObjective(squared=True),
        augment=Augment(shortest_part=1.0, fastest=2.2, noise_m=0.005, missing_share=0.45),
        optimiser=Optimiser("sgd", 2e-3, averaging=0.98),
        lengths=Lengths(longest=200, piece=150, hop=50),
        updates=800,
    )
}
LOSSES = {"mmd-nca": MmdNcaObjective}
make_task = EmbeddingTask


def adaptation_recipe(clips: Sequence[Clip]) -> EmbeddingRecipe:
    """See TrainingModule."""
    return RECIPES["mmd-nca"]
