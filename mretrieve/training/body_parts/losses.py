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
        triplets: weight of the triplets of motions in equation 3, 1 in the paper.
        alpha: weight of the variation in equation 3; 0 leaves the variation loss out (table 3).
        beta: distance of two motions of a variation of 1, equation 3.
        torso_beta: the same for the torso, which leans less than limbs turn.
        reconstruction: lambda 1 of equation 6; 0 leaves the reconstruction loss out (table 3).
        similarity: lambda 2.
        foot_velocity: lambda 3.
    """

    margin: float = 0.8
    triplets: float = 0.0
    alpha: float = 1.0
    beta: float = 1.0
    torso_beta: float = 2.0
    reconstruction: float = 0.0
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


def variation_difference(embeddings: Tensor, motions: Tensor, variation: Tensor, beta: float) -> Tensor:
    """The last term of equation 3, without alpha: the mean of {d - beta var}^2 over all pairs of views of a batch.

    Pairs of one set of motions weigh as much as all others together. The wanted distance beta var is at most 1.

    Args:
        embeddings: (N, ...) of N views, S sets of N / S one after the other.
        motions: (S, N / S) the row of `variation` that each view shows.
        variation: (M, M) difference of every two motions.
        beta: distance of two embeddings for a variation of 1.
    """
    directions = nn.functional.normalize(embeddings.flatten(1), dim=1)
    shown = motions.flatten()
    wanted = (beta * variation[shown][:, shown]).clamp(max=1.0)
    errors = (1.0 - directions @ directions.T - wanted).square()
    sets = torch.arange(len(shown), device=shown.device) // motions.shape[1]
    together = sets[:, None] == sets
    others = ~torch.eye(len(shown), dtype=torch.bool, device=shown.device)
    return errors[together & others].mean() + errors[~together].mean()


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
