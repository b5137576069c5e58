"""From a recipe to its loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.labelled_bodies import labelled_clips, small
from torch import Tensor, nn

from mretrieve import MRetrieveError
from mretrieve.encoders.learned import build_network
from mretrieve.training.baseline_losses import BASELINE_LOSSES, baseline_loss
from mretrieve.training.batches import Batch, BatchSource
from mretrieve.training.kernels import KERNELS, LinearKernel
from mretrieve.training.losses import ContrastiveLoss, MmdNcaLoss
from mretrieve.training.objectives import objective_of
from mretrieve.training.recipe import MMD_NCA, TRAJECTORY, Recipe, default_recipe, with_loss
from mretrieve.training.trajectory import SIMILAR

NOTHING = nn.Identity()


def batch_of(recipe: Recipe, classes: int = 4) -> tuple[Batch, Tensor]:
    """A batch for a recipe, and embeddings for it."""
    batch = BatchSource(labelled_clips(classes), recipe.sampling, recipe.augment).draw(np.random.default_rng(0), 0)
    generator = torch.Generator().manual_seed(0)
    return batch, nn.functional.normalize(torch.randn(len(batch.labels), 5, generator=generator), dim=1)


@pytest.mark.parametrize("kernel", KERNELS)
def test_mmd_nca_is_taken_over_branches(kernel: str):
    recipe = replace(small("mmd-nca"), kernel=kernel)
    batch, embeddings = batch_of(recipe)
    expected = MmdNcaLoss(KERNELS[kernel], recipe.squared)(embeddings.view(batch.branches, 4, 5))
    assert float(objective_of(recipe)(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


@pytest.mark.parametrize("squared", [True, False])
def test_squared_discrepancies_are_an_option(squared: bool):
    recipe = replace(small("mmd-nca"), kernel="linear", squared=squared)
    batch, embeddings = batch_of(recipe)
    expected = MmdNcaLoss(LinearKernel(), squared)(embeddings.view(batch.branches, 4, 5))
    assert float(objective_of(recipe)(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


@pytest.mark.parametrize("loss", BASELINE_LOSSES)
def test_a_baseline_is_taken_over_classes(loss: str):
    recipe = with_loss(small("mmd-nca"), loss)
    batch, embeddings = batch_of(recipe)
    expected = baseline_loss(loss)(embeddings, torch.from_numpy(batch.labels))
    assert float(objective_of(recipe)(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


def test_the_speeds_of_one_clip_are_similar_and_the_loss_is_contrastive():
    recipe = small("deephums-unlabelled")
    batch, embeddings = batch_of(recipe)
    assert batch.similarity is not None
    assert (batch.similarity[batch.clips[:, None] == batch.clips] == SIMILAR).all()
    expected = ContrastiveLoss(recipe.margin)(embeddings, torch.from_numpy(batch.similarity))
    assert float(objective_of(recipe)(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


def test_the_class_head_adds_cross_entropy_of_the_labelled_sequences():
    recipe = small("deephums")
    torch.manual_seed(0)
    network = build_network("deephums", replace(recipe.network, embedding=5, classes=4))
    batch, embeddings = batch_of(recipe)
    plain = objective_of(replace(recipe, class_weight=0.0))(network, embeddings, batch)
    labels = torch.from_numpy(batch.labels)
    entropy = nn.functional.cross_entropy(network.logits(embeddings), labels)
    assert float(objective_of(recipe)(network, embeddings, batch)) == pytest.approx(float(plain + entropy))
    half = replace(batch, labels=np.where(np.arange(len(labels)) % 2, batch.labels, -1))
    entropy = nn.functional.cross_entropy(network.logits(embeddings[1::2]), labels[1::2])
    assert float(objective_of(recipe)(network, embeddings, half)) == pytest.approx(float(plain + entropy))
    none = replace(batch, labels=np.full_like(batch.labels, -1))
    assert float(objective_of(recipe)(network, embeddings, none)) == pytest.approx(float(plain))


@pytest.mark.parametrize("name", ["mmd-nca", "deephums", "gru"])
@pytest.mark.parametrize("loss", [MMD_NCA, TRAJECTORY, "supcon"])
def test_every_loss_gets_the_batches_that_it_needs(name: str, loss: str):
    recipe = with_loss(default_recipe(name), loss)
    kind = {MMD_NCA: "branches", TRAJECTORY: "speeds", "supcon": "classes"}[loss]
    assert (recipe.loss, recipe.sampling.kind) == (loss, kind)
    assert recipe.needs_labels == (loss != TRAJECTORY or (name == "deephums"))
    if loss == default_recipe(name).loss:
        assert recipe == default_recipe(name)


def test_an_unknown_loss_is_answered_with_the_known_ones():
    with pytest.raises(MRetrieveError, match="no loss 'tripplet'; choose one of contrastive, triplet"):
        objective_of(replace(small("gru"), loss="tripplet"))
