"""The losses of body part embeddings (Park et al. 2021, equations 1 to 6).

Distances are 1 minus cosine similarity, because algorithm 1 compares by cosine similarity; the paper leaves d open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LossSettings:
    """Weights and margins.

    Attributes:
        margin: delta of equation 1, which the paper leaves open.
        alpha: weight of the variation in equation 3; 0 leaves the variation loss out (table 3).
        beta: distance of two motions of the largest variation, equation 3.
        reconstruction: lambda 1 of equation 6; 0 leaves the reconstruction loss out (table 3).
        similarity: lambda 2.
        foot_velocity: lambda 3.
    """

    margin: float = 0.8
    alpha: float = 1.0
    beta: float = 0.1
    reconstruction: float = 1.0
    similarity: float = 1.0
    foot_velocity: float = 0.5


def distance(first: Tensor, second: Tensor) -> Tensor:
    """1 minus the cosine similarity, (B,), of embeddings (B, ...)."""
    return 1.0 - nn.functional.cosine_similarity(first.flatten(1), second.flatten(1), dim=1)


def triplet(reference: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Equation 1, the mean over a batch: [d(reference, positive) - d(reference, negative) + margin]+.

    For motions the reference is z of m s' c', the positive of m s c and the negative of m' s' c'.
    """
    return torch.relu(distance(reference, positive) - distance(reference, negative) + margin).mean()


def variation_difference(first: Tensor, second: Tensor, variation: Tensor, beta: float) -> Tensor:
    """The last term of equation 3, without alpha: the mean of {d(m, m'') - beta var(m, m'')}^2, variation (B,)."""
    return (distance(first, second) - beta * variation).square().mean()


def reconstruction(decoded: Tensor, truth: Tensor) -> Tensor:
    """Equation 5, the mean over the 12 combinations and, as the paper leaves open, over coordinates and frames."""
    return (decoded - truth).square().mean()


def foot_velocity(decoded: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """L_f: the mean squared error of the velocities of hands and feet, of (..., 2, T) of each limb's last joint.

    After Aberman et al. 2019, who compare velocities in the image; here they are relative to shoulder or hip, which is
    all that the decoders reconstruct.
    """
    errors = [
        (ours.diff(dim=-1) - theirs.diff(dim=-1)).square().mean() for ours, theirs in zip(decoded, truth, strict=True)
    ]
    return torch.stack(errors).mean()
