"""The training of `deephums`, from labels or without (Battan, Venkat, Sharma 2020, sections 3 and 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...encoders.body_sequence import BodySequence, normalised_positions
from ...encoders.embedding_network import EmbeddingNetwork
from ...encoders.learned import Lengths
from ...encoders.systems.deephums import DeepHums, DeepHumsSettings
from ...motion import JOINT_COUNT, LabelledClip
from ..batches import Augment, Batch, Draw, Sampling, class_names
from ..embedding import EmbeddingRecipe, EmbeddingTask
from ..losses import ContrastiveLoss
from ..objectives import Objective
from ..task import Optimiser
from ..trajectory import SIMILAR, SimilarityThresholds, Trajectories, trajectory_similarity

#: The sequences of every clip (section 4.2): as it is, every other frame, and one more frame between each two.
SPEEDS = (1.0, 2.0, 0.5)


@dataclass(frozen=True)
class TrajectoryObjective(Objective):
    """The loss of `losses.ContrastiveLoss` over 1 + `others` clips at several speeds, whatever their labels.

    Attributes:
        margin: distance beyond which dissimilar sequences cost nothing.
        contrastive_weight: weight of the contrastive loss; 0 leaves a network that recognises classes.
        class_weight: weight of the cross-entropy of the network's class head; 0 needs no labels.
        speeds: every clip gives one sequence at each of these speeds.
        alike: when two sequences are similar.
    """

    name: str = field(default="trajectory", init=False)
    margin: float = 1.0
    contrastive_weight: float = 1.0
    class_weight: float = 0.0
    speeds: tuple[float, ...] = SPEEDS
    alike: SimilarityThresholds = field(default_factory=SimilarityThresholds)
    least_classes = 0

    @property
    def needs_labels(self) -> bool:
        """See Objective."""
        return self.class_weight > 0

    def draw(
        self, members: Sequence[NDArray[np.int64]], clips: int, sampling: Sampling, generator: np.random.Generator
    ) -> Draw:
        """See Composition."""
        return Draw(generator.choice(clips, min(1 + sampling.others, clips), replace=False), speeds=self.speeds)

    def similarity(
        self,
        positions: NDArray[np.float32],
        rates: NDArray[np.float32],
        lengths: NDArray[np.int64],
        clips: NDArray[np.int64],
    ) -> NDArray[np.int8]:
        """See Composition; sequences of one clip at several speeds are similar by definition."""
        every_joint = np.ones((len(positions), JOINT_COUNT), bool)
        poses = normalised_positions(BodySequence(positions, rates, every_joint))
        similarity = trajectory_similarity(Trajectories.of(poses, rates, lengths), self.alike)
        similarity[clips[:, None] == clips] = SIMILAR
        return similarity

    def loss(self, network: EmbeddingNetwork, embeddings: Tensor, batch: Batch) -> Tensor:
        """See Objective."""
        assert batch.similarity is not None
        similarity = torch.from_numpy(batch.similarity).to(embeddings.device)
        loss = self.contrastive_weight * ContrastiveLoss(self.margin)(embeddings, similarity)
        labels = torch.from_numpy(batch.labels).to(embeddings.device)
        labelled = labels >= 0
        if not self.class_weight or not bool(labelled.any()):
            return loss
        assert isinstance(network, DeepHums)
        scores = network.logits(embeddings[labelled])
        return loss + self.class_weight * nn.functional.cross_entropy(scores.float(), labels[labelled])


_LABELLED = EmbeddingRecipe(
    architecture="deephums",
    network=DeepHumsSettings(),
    objective=TrajectoryObjective(margin=1.4, class_weight=1.0),
    sampling=Sampling(per_class=5, others=15, longest=150),
    augment=Augment(fastest=1.0, yaw_deg=5.0),
    optimiser=Optimiser("adam", 1e-3, "cosine", largest_gradient=5.0),
    lengths=Lengths(longest=600, piece=600, hop=300),
    updates=500,
)
RECIPES = {
    "deephums": _LABELLED,
    # without a class head only mean poses say where the joints are while they move (docs/research/encoders/deephums.md)
    "deephums-unlabelled": replace(
        _LABELLED,
        objective=TrajectoryObjective(
            margin=1.4, alike=SimilarityThresholds(similar_posture_m=0.06, dissimilar_posture_m=0.10)
        ),
        updates=1000,
    ),
}
LOSSES = {"trajectory": TrajectoryObjective}


def make_task(
    recipe: EmbeddingRecipe, clips: Sequence[LabelledClip], held_out: Sequence[LabelledClip]
) -> EmbeddingTask:
    """See TrainingModule; the network has a class head if the objective asks for one."""
    if isinstance(recipe.objective, TrajectoryObjective) and recipe.objective.class_weight:
        classes = class_names([item.label for item in clips], recipe.augment.mirror)
        recipe = recipe.with_changes({"network.classes": len(classes)})
    return EmbeddingTask(recipe, clips, held_out)
