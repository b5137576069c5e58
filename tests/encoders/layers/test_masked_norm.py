"""Batch normalisation of padded sequences is batch normalisation of their valid frames."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mretrieve.encoders.layers.packing import MaskedBatchNorm
from mretrieve.encoders.layers.recurrent import valid_frames

LENGTHS = torch.tensor([5, 1, 7])
VALID = valid_frames(LENGTHS, 7)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def norms(channels: int = 4) -> tuple[MaskedBatchNorm, nn.BatchNorm1d]:
    """Ours and torch's, with the same weights that do something."""
    masked, plain = MaskedBatchNorm(channels).double(), nn.BatchNorm1d(channels).double()
    with torch.no_grad():
        for norm in (masked.norm, plain):
            norm.weight.copy_(normal(channels, seed=1))
            norm.bias.copy_(normal(channels, seed=2))
    return masked, plain


@pytest.mark.parametrize("valid", [VALID, torch.ones_like(VALID)], ids=["padded", "full"])
def test_training_and_then_evaluation_equal_batch_norm_of_the_valid_frames(valid):
    masked, plain = norms()
    for seed in range(3):
        x = 3 * normal(3, 7, 4, seed=seed) + 1
        out = masked(torch.where(valid[..., None], x, 1e6), valid)
        torch.testing.assert_close(out[valid], plain(x[valid]), atol=1e-6, rtol=0)
        assert not out[~valid].any()
    torch.testing.assert_close(masked.norm.running_mean, plain.running_mean)
    torch.testing.assert_close(masked.norm.running_var, plain.running_var)
    masked.eval(), plain.eval()
    out = masked(x, valid)
    torch.testing.assert_close(out[valid], plain(x[valid]), atol=1e-6, rtol=0)
    assert not out[~valid].any()


def test_in_evaluation_a_sequence_alone_is_what_it_is_among_others():
    masked, _ = norms()
    x = normal(3, 7, 4)
    masked(x, VALID)
    masked.eval()
    together = masked(x, VALID)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = masked(x[row : row + 1, :length], torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(alone[0], together[row, :length], atol=1e-12, rtol=0)


def test_gradient_reaches_valid_frames_only():
    masked, plain = norms()
    x, direction = normal(3, 7, 4).requires_grad_(), normal(3, 7, 4, seed=3)
    (found,) = torch.autograd.grad((masked(x, VALID) * direction).sum(), x)
    (expected,) = torch.autograd.grad((plain(x[VALID]) * direction[VALID]).sum(), x)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert not found[~VALID].any()
