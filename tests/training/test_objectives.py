"""From a recipe to its loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.labelled_bodies import labelled_clips, small
from torch import Tensor, nn

from mretrieve import MRetrieveError
from mretrieve.encoders.catalogue import loss_names, trainable_specs
from mretrieve.encoders.learned import build_network
from mretrieve.training.batches import Batch, BatchSource
from mretrieve.training.embedding import EmbeddingRecipe
from mretrieve.training.losses import KERNELS, ContrastiveLoss, LinearKernel, MmdNcaLoss
from mretrieve.training.objectives import BASELINE_LOSSES, baseline_loss
from mretrieve.training.system import default_recipe, make_objective, training_module
from mretrieve.training.systems.mmd_nca import MmdNcaObjective
from mretrieve.training.trajectory import SIMILAR

NOTHING = nn.Identity()


def drawn(recipe: EmbeddingRecipe, classes: int = 4) -> Batch:
    source = BatchSource(labelled_clips(classes), recipe.objective, recipe.sampling, recipe.augment)
    return source.draw(np.random.default_rng(0), 0)


def batch_of(recipe: EmbeddingRecipe, classes: int = 4) -> tuple[Batch, Tensor]:
    """A batch for a recipe, and embeddings for it."""
    batch = drawn(recipe, classes)
    generator = torch.Generator().manual_seed(0)
    return batch, nn.functional.normalize(torch.randn(len(batch.labels), 5, generator=generator), dim=1)


@pytest.mark.parametrize("kernel", KERNELS)
def test_mmd_nca_is_taken_over_branches(kernel: str):
    recipe = small("mmd-nca").with_changes({"objective.kernel": kernel})
    batch, embeddings = batch_of(recipe)
    expected = MmdNcaLoss(KERNELS[kernel], squared=True)(embeddings.view(batch.branches, 4, 5))
    assert float(recipe.objective.loss(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


@pytest.mark.parametrize("squared", [True, False])
def test_squared_discrepancies_are_an_option(squared: bool):
    recipe = replace(small("mmd-nca"), objective=MmdNcaObjective("linear", squared))
    batch, embeddings = batch_of(recipe)
    expected = MmdNcaLoss(LinearKernel(), squared)(embeddings.view(batch.branches, 4, 5))
    assert float(recipe.objective.loss(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


@pytest.mark.parametrize("loss", BASELINE_LOSSES)
def test_a_baseline_is_taken_over_classes(loss: str):
    recipe = small("mmd-nca").with_changes({"loss": loss})
    batch, embeddings = batch_of(recipe)
    expected = baseline_loss(loss)(embeddings, torch.from_numpy(batch.labels))
    assert float(recipe.objective.loss(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


def test_the_speeds_of_one_clip_are_similar_and_the_loss_is_contrastive():
    recipe = small("deephums-unlabelled")
    batch, embeddings = batch_of(recipe)
    assert batch.similarity is not None
    assert (batch.similarity[batch.clips[:, None] == batch.clips] == SIMILAR).all()
    expected = ContrastiveLoss(recipe.objective.margin)(embeddings, torch.from_numpy(batch.similarity))
    assert float(recipe.objective.loss(NOTHING, embeddings, batch)) == pytest.approx(float(expected))


def test_the_class_head_adds_cross_entropy_of_the_labelled_sequences():
    recipe = small("deephums")
    torch.manual_seed(0)
    network = build_network("deephums", replace(recipe.network, embedding=5, classes=4))
    batch, embeddings = batch_of(recipe)
    plain = recipe.with_changes({"objective.class_weight": 0.0}).objective.loss(network, embeddings, batch)
    labels = torch.from_numpy(batch.labels)
    entropy = nn.functional.cross_entropy(network.logits(embeddings), labels)
    assert float(recipe.objective.loss(network, embeddings, batch)) == pytest.approx(float(plain + entropy))
    half = replace(batch, labels=np.where(np.arange(len(labels)) % 2, batch.labels, -1))
    entropy = nn.functional.cross_entropy(network.logits(embeddings[1::2]), labels[1::2])
    assert float(recipe.objective.loss(network, embeddings, half)) == pytest.approx(float(plain + entropy))
    none = replace(batch, labels=np.full_like(batch.labels, -1))
    assert float(recipe.objective.loss(network, embeddings, none)) == pytest.approx(float(plain))


@pytest.mark.parametrize("name", ["mmd-nca", "deephums", "gru"])
@pytest.mark.parametrize("loss", loss_names())
def test_every_loss_trains_every_network_on_the_batches_that_it_needs(name: str, loss: str):
    recipe = small(name).with_changes({"loss": loss})
    batch = drawn(recipe)
    assert recipe.objective.name == loss
    assert (batch.similarity is not None) == (loss == "trajectory") and (batch.branches > 1) == (loss == "mmd-nca")
    assert recipe.needs_labels == (loss != "trajectory" or name == "deephums")
    if loss == default_recipe(name).objective.name:
        assert recipe == small(name)


def test_a_setting_of_the_exchanged_loss_is_refused():
    with pytest.raises(MRetrieveError, match="kernel is a setting of the loss mmd-nca"):
        small("mmd-nca").with_changes({"loss": "supcon", "objective.kernel": "linear"})


def test_an_unknown_loss_is_answered_with_the_known_ones():
    with pytest.raises(MRetrieveError, match="no loss 'tripplet'; choose one of mmd-nca, trajectory, contrastive"):
        make_objective("tripplet")


@pytest.mark.parametrize("name", trainable_specs())
def test_a_spec_lists_what_its_training_module_has(name: str):
    spec, module = trainable_specs()[name], training_module(name)
    assert tuple(module.RECIPES) == spec.recipes and tuple(module.LOSSES) == spec.losses
    assert all(make_objective(loss).name == loss for loss in spec.losses)
    assert hasattr(module, "adaptation_recipe") == (spec.adaptation is not None)
    by_field = {option.field: option for option in spec.options}
    if "objective.kernel" in by_field:
        assert by_field["objective.kernel"].choices == tuple(KERNELS)
