"""The networks: what dropout, batch norm and attention do in them, and that an ablation takes away what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.moving_bodies import random_clip
from support.small_encoders import NAMES, SETTINGS, small_encoder
from torch import Tensor, nn

from mretrieve.encoders.body_sequence import BodySequence, body_sequence
from mretrieve.encoders.learned import build_network
from mretrieve.encoders.systems.deephums import DeepHums, DeepHumsSettings
from mretrieve.encoders.systems.gru import Gru, reversed_in_time
from mretrieve.encoders.systems.mmd_nca import MmdNca, MmdNcaSettings

LENGTHS = torch.tensor([20, 7, 13, 1])
ALL = pytest.mark.parametrize("name", NAMES)


def batch_for(network: nn.Module, count: int = 4, frames: int = 20) -> Tensor:
    """Inputs (B, T, C) of different motions."""
    sequences = [body_sequence(random_clip(seed, frames)) for seed in range(count)]
    return torch.from_numpy(np.stack([network.inputs(sequence) for sequence in sequences]))  # type: ignore[operator]


# -- all of them -------------------------------------------------------------------------------------------------------


@ALL
def test_embeddings_have_norm_one_and_the_stated_size(name: str):
    network = small_encoder(name).network
    embeddings = network(batch_for(network), LENGTHS)
    assert embeddings.shape == (4, network.dimension)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@ALL
def test_inputs_of_a_batch_are_those_of_its_sequences(name: str):
    network = build_network(name, SETTINGS[name])
    one, two = (body_sequence(random_clip(seed, 15)) for seed in range(2))
    both = BodySequence(
        *(np.stack(pair) for pair in zip(*((b.positions, b.rates, b.observed) for b in (one, two)), strict=True))
    )
    inputs = network.inputs(both)
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs[0], network.inputs(one), atol=1e-6)
    np.testing.assert_allclose(inputs[1], network.inputs(two), atol=1e-6)


@ALL
def test_in_evaluation_a_sequence_alone_is_what_it_is_among_others(name: str):
    network = small_encoder(name).network
    x = batch_for(network)
    with torch.no_grad():
        together = network(x, LENGTHS)
        for row, length in enumerate(LENGTHS.tolist()):
            alone = network(x[row : row + 1, :length], LENGTHS[row : row + 1])
            torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=0)


@ALL
def test_every_weight_gets_a_gradient(name: str):
    torch.manual_seed(0)
    network = build_network(name, SETTINGS[name]).train()
    embeddings = network(batch_for(network), LENGTHS)
    loss = (embeddings * torch.randn(embeddings.shape)).sum()
    if name == "deephums":
        loss = loss + network.logits(embeddings).square().sum()  # type: ignore[operator]
    loss.backward()
    for key, weights in network.named_parameters():
        assert weights.grad is not None and torch.isfinite(weights.grad).all(), key
        assert weights.grad.any(), key


@ALL
def test_the_full_size_is_built_and_runs(name: str):
    network = build_network(name, type(SETTINGS[name])()).eval()
    with torch.no_grad():
        assert torch.isfinite(network(batch_for(network), LENGTHS)).all()


# -- MMD-NCA -----------------------------------------------------------------------------------------------------------


def mmd_nca(**changes: Any) -> MmdNca:
    torch.manual_seed(0)
    return MmdNca(replace(SETTINGS["mmd-nca"], **changes))


def test_the_papers_sizes_are_the_defaults():
    settings = MmdNcaSettings()
    assert (settings.hidden, settings.fully_connected, settings.embedding, settings.dropout) == (128, 320, 128, 0.5)
    network = MmdNca(settings)
    assert [tuple(layer.weight.shape) for layer in network.layers][1:] == [(320, 320), (128, 320)]
    assert len([norm for norm in network.modules() if isinstance(norm, nn.BatchNorm1d)]) == 4


def test_branches_share_their_dropout_masks():
    network = mmd_nca().train()
    ones = torch.ones(12, 5, 6)
    dropped = network._dropped(ones, 3)
    assert torch.equal(dropped[:4], dropped[4:8]) and torch.equal(dropped[:4], dropped[8:])
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(dropped[0], dropped[1])
    assert not torch.equal(network._dropped(ones, 1)[:4], network._dropped(ones, 1)[4:8])


def test_equal_branches_have_equal_embeddings_in_training():
    network = mmd_nca().train()
    x, lengths = batch_for(network), LENGTHS
    embeddings = network(torch.cat([x, x]), torch.cat([lengths, lengths]), 2)
    torch.testing.assert_close(embeddings[:4], embeddings[4:], atol=1e-5, rtol=0)
    embeddings = network(torch.cat([x, x]), torch.cat([lengths, lengths]), 1)
    assert (embeddings[:4] - embeddings[4:]).abs().max() > 1e-2


def test_nothing_is_dropped_in_evaluation():
    network = mmd_nca().eval()
    ones = torch.ones(4, 5, 6)
    assert torch.equal(network._dropped(ones, 2), ones)


@pytest.mark.parametrize("attention", [True, False])
def test_weights_of_frames_sum_to_one_and_padding_has_none(attention: bool):
    network = mmd_nca(attention=attention).eval()
    weights = network.frame_weights(batch_for(network), LENGTHS)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(4))
    for row, length in enumerate(LENGTHS.tolist()):
        assert not weights[row, length:].any() and (weights[row, :length] > 0).all()
    alike = bool((weights[0] - 1 / 20).abs().max() < 1e-6)
    assert alike != attention


def test_without_attention_it_has_no_weights_of_it():
    assert any(key.startswith("attention") for key in mmd_nca().state_dict())
    assert not any(key.startswith("attention") for key in mmd_nca(attention=False).state_dict())


def test_without_layer_norm_gamma_and_beta_do_nothing():
    for layer_norm in (True, False):
        network = mmd_nca(layer_norm=layer_norm).eval()
        x = batch_for(network)
        before = network(x, LENGTHS)
        with torch.no_grad():
            network.lstm.gamma.mul_(3)
            network.lstm.beta.add_(1)
        assert torch.equal(network(x, LENGTHS), before) != layer_norm


@pytest.mark.parametrize(
    ("inputs", "root_motion", "width"),
    [("rotations", False, 51), ("positions", False, 51), ("both", False, 102), ("both", True, 106)],
)
def test_the_inputs_are_what_the_settings_say(inputs: Any, root_motion: bool, width: int):
    network = mmd_nca(inputs=inputs, root_motion=root_motion)
    x = batch_for(network)
    assert x.shape == (4, 20, width)
    rates = torch.from_numpy(np.stack([body_sequence(random_clip(seed, 20)).rates for seed in range(4)]))
    assert torch.equal(x[..., -4:], rates) == root_motion
    assert torch.isfinite(network.eval()(x, LENGTHS)).all()


def test_square_matrices_begin_orthogonal():
    weights = mmd_nca(fully_connected=16).layers[1].weight
    torch.testing.assert_close(weights @ weights.T, torch.eye(16), atol=1e-5, rtol=0)


# -- DeepHuMS ----------------------------------------------------------------------------------------------------------


def test_deephums_sees_positions_their_displacements_and_the_root():
    network = DeepHums(DeepHumsSettings(layers=2, hidden=8, embedding=8))
    x = batch_for(network)
    assert x.shape == (4, 20, 2 * 51 + 4)
    positions, field = x[..., :51], x[..., 51:102]
    torch.testing.assert_close(field[:, :-1], 10 * (positions[:, 1:] - positions[:, :-1]), atol=1e-5, rtol=0)
    assert not field[:, -1].any()


def test_the_default_embedding_is_the_papers():
    assert DeepHumsSettings().embedding == 512 and DeepHumsSettings().longest_frames == 600


def test_the_class_head_is_there_where_there_are_classes_and_moves_no_embedding():
    torch.manual_seed(0)
    with_head = DeepHums(DeepHumsSettings(layers=2, hidden=8, embedding=8, classes=3)).eval()
    without = DeepHums(DeepHumsSettings(layers=2, hidden=8, embedding=8)).eval()
    assert without.head is None
    kept = {key: value for key, value in with_head.state_dict().items() if not key.startswith("head")}
    without.load_state_dict(kept)
    x = batch_for(with_head)
    embeddings = with_head(x, LENGTHS)
    assert torch.equal(without(x, LENGTHS), embeddings)
    assert with_head.logits(embeddings).shape == (4, 3)


def test_the_embedding_is_of_the_last_frame_and_hears_of_the_first():
    network = small_encoder("deephums").network
    x = batch_for(network)
    before = network(x, LENGTHS)
    first = x.clone()
    first[:, 0] += 1.0
    assert (network(first, LENGTHS) - before).abs().max() > 1e-4
    behind = x.clone()
    behind[1, 7:] += 5.0  # after its end
    torch.testing.assert_close(network(behind, LENGTHS)[1], before[1], atol=1e-6, rtol=0)


# -- GRU ---------------------------------------------------------------------------------------------------------------


def test_a_sequence_turned_back_to_front_keeps_its_padding_behind():
    x = torch.arange(4 * 20.0).view(4, 20, 1)
    turned = reversed_in_time(x, LENGTHS)
    assert turned[1, :7, 0].tolist() == x[1, :7, 0].tolist()[::-1]
    assert torch.equal(turned[1, 7:], x[1, 7:])
    assert torch.equal(reversed_in_time(turned, LENGTHS), x)


def test_gru_hears_both_directions():
    network = small_encoder("gru").network
    assert isinstance(network, Gru)
    x = batch_for(network)
    before = network(x, LENGTHS)
    for frame in (0, 18):  # the first and the last of every other one
        other = x.clone()
        other[0, frame] += 1.0
        assert (network(other, LENGTHS)[0] - before[0]).abs().max() > 1e-4
