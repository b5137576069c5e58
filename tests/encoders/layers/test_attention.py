"""Self-attention: weighted means over the valid frames, and nothing of the padding."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mretrieve.encoders.layers.attention import SelfAttention, mean_over_time
from mretrieve.encoders.layers.recurrent import valid_frames

LENGTHS = torch.tensor([5, 1, 7])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def attention(width: int = 6, hidden: int = 4, hops: int = 1) -> SelfAttention:
    torch.manual_seed(0)
    return SelfAttention(width, hidden, hops).double()


@pytest.mark.parametrize("hops", [1, 3])
def test_weights_and_means_are_those_of_a_plain_recomputation(hops):
    layer, states = attention(hops=hops), normal(3, 7, 6)
    means, weights = layer(states, LENGTHS)
    assert means.shape == (3, hops * 6) and weights.shape == (3, hops, 7)
    first, second = layer.first.weight.tolist(), layer.second.weight.tolist()
    for row, length in enumerate(LENGTHS.tolist()):
        frames = states[row, :length].tolist()
        for hop in range(hops):
            scores = []
            for frame in frames:
                inner = [math.tanh(sum(w * s for w, s in zip(unit, frame, strict=True))) for unit in first]
                scores.append(sum(w * s for w, s in zip(second[hop], inner, strict=True)))
            total = sum(math.exp(score) for score in scores)
            expected = [math.exp(score) / total for score in scores]
            assert weights[row, hop, :length].tolist() == pytest.approx(expected, abs=1e-6)
            mean = [sum(a * f[c] for a, f in zip(expected, frames, strict=True)) for c in range(6)]
            assert means[row, hop * 6 : (hop + 1) * 6].tolist() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("hops", [1, 3])
def test_weights_sum_to_one_over_the_valid_frames_and_padding_has_none(hops):
    weights = attention(hops=hops)(normal(3, 7, 6), LENGTHS)[1]
    padding = ~valid_frames(LENGTHS, 7)[:, None].expand_as(weights)
    assert not weights[padding].any()
    torch.testing.assert_close(weights.sum(2), torch.ones(3, hops, dtype=torch.float64))
    assert (weights[1, :, 0] == 1).all()


def test_neither_what_stands_at_padding_nor_how_much_of_it_dilutes_the_mean():
    layer, states = attention(), normal(3, 7, 6)
    padding = ~valid_frames(LENGTHS, 7)[..., None]
    other = torch.cat([torch.where(padding, 40.0, states), normal(3, 90, 6, seed=1)], dim=1)
    torch.testing.assert_close(layer(other, LENGTHS)[0], layer(states, LENGTHS)[0], atol=1e-12, rtol=0)
    with_gradient = other.requires_grad_()
    layer(with_gradient, LENGTHS)[0].square().sum().backward()
    assert with_gradient.grad is not None
    assert not with_gradient.grad[~valid_frames(LENGTHS, 97)].any()


def test_the_frame_of_the_highest_score_counts_most():
    layer, states = attention(), normal(1, 7, 6)
    scores = layer.second(torch.tanh(layer.first(states)))[0, :, 0]
    weights = layer(states, torch.tensor([7]))[1][0, 0]
    assert weights.argsort().tolist() == scores.argsort().tolist()


def test_gradient():
    layer = attention(hops=2)
    states = normal(3, 7, 6).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: layer(s, LENGTHS)[0], (states,))


def test_without_attention_it_is_the_mean_of_the_valid_frames():
    states = normal(3, 7, 6) * valid_frames(LENGTHS, 7)[..., None]
    expected = torch.stack([row[:length].mean(0) for row, length in zip(states, LENGTHS.tolist(), strict=True)])
    torch.testing.assert_close(mean_over_time(states, LENGTHS), expected)
