"""From a recipe to what is minimised: the loss of a batch of embeddings."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from .baseline_losses import baseline_loss
from .batches import Batch
from .kernels import KERNELS
from .losses import ContrastiveLoss, MmdNcaLoss
from .recipe import MMD_NCA, TRAJECTORY, Recipe

#: (network, embeddings (B, E), batch) -> loss
Objective = Callable[[nn.Module, Tensor, Batch], Tensor]


def objective_of(recipe: Recipe) -> Objective:
    """The objective of a recipe. MRetrieveError for a loss that there is not."""
    if recipe.loss == MMD_NCA:
        mmd_nca = MmdNcaLoss(KERNELS[recipe.kernel], recipe.squared)
        return lambda _, embeddings, batch: mmd_nca(embeddings.view(batch.branches, -1, embeddings.shape[1]))
    if recipe.loss == TRAJECTORY:
        return _trajectory(recipe)
    baseline = baseline_loss(recipe.loss)
    return lambda _, embeddings, batch: baseline(embeddings, torch.from_numpy(batch.labels).to(embeddings.device))


def _trajectory(recipe: Recipe) -> Objective:
    contrastive = ContrastiveLoss(recipe.margin)

    def objective(network: nn.Module, embeddings: Tensor, batch: Batch) -> Tensor:
        assert batch.similarity is not None
        loss = contrastive(embeddings, torch.from_numpy(batch.similarity).to(embeddings.device))
        if not recipe.class_weight:
            return loss
        labels = torch.from_numpy(batch.labels).to(embeddings.device)
        named = labels >= 0
        if not bool(named.any()):
            return loss
        scores = network.logits(embeddings[named])  # type: ignore[operator]
        return loss + recipe.class_weight * nn.functional.cross_entropy(scores.float(), labels[named])

    return objective
